//! Certificates and keys on disk: read together, and looked at again when they change. The router's for clients as well.

use std::{
    fs::{Metadata, metadata},
    io,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use base_fault::{Code, Fault};
use rustls::{
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use tokio::{sync::Notify, task::spawn_blocking, time::MissedTickBehavior};

/// How files were when they were read; changes when one is written or replaced.
pub type Stamp = Vec<(Option<SystemTime>, u64)>;

/// A certificate with those that lead to its root, and its key.
#[derive(Debug)]
pub struct KeyPair {
    /// For handshakes.
    pub certified: Arc<CertifiedKey>,
    /// The key itself.
    pub key: PrivateKeyDer<'static>,
}

/// What became of files that were looked at again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// So many were read anew.
    pub read: usize,
    /// So many were refused; what was read before stays in force.
    pub refused: usize,
}

impl KeyPair {
    /// Reads two PEM files.
    ///
    /// Errors: one cannot be read, or the key is not the certificate's.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, Fault> {
        let chain = certificates(certificate)?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error))?;
        let certified = CertifiedKey::from_der(chain, secret.clone_key(), &default_provider())
            .map_err(|error| unusable(certificate, error))?;
        Ok(Self { certified: Arc::new(certified), key: secret })
    }
}

/// All certificates in a PEM file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    read.map_err(|error| unusable(path, error))
}

/// How files are now. To be taken before they are read: what is written while they are read is then read again.
///
/// Errors: one of them is not there.
pub fn stamp(files: &[&Path]) -> Result<Stamp, Fault> {
    let of = |path: &Path| -> io::Result<_> {
        let seen: Metadata = metadata(path)?;
        Ok((seen.modified().ok(), seen.len()))
    };
    files.iter().map(|path| of(path).map_err(|error| unusable(path, error))).collect()
}

fn unusable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    let text = format!("{} cannot be used", path.display());
    Fault::caller(Code::InvalidField, text).because(error)
}

/// Looks at files again and again, at once when it is told to, until the task is dropped: `look` reads what has changed, `tell`
/// hears what became of it.
pub async fn keep_looking(
    every: Duration,
    at_once: Arc<Notify>,
    look: impl Fn() -> Seen + Clone + Send + 'static,
    tell: impl Fn(Seen),
) {
    let mut beat = tokio::time::interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.tick().await;
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = at_once.notified() => {}
        }
        let Ok(seen) = spawn_blocking(look.clone()).await else {
            return;
        };
        tell(seen);
    }
}

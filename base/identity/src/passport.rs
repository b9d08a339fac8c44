//! The identity of this process, with what proves it: read when it starts, and anew when the files change.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use base_fault::{Code, Fault, chain};
use base_time::{Clock as _, SystemClock};
use parking_lot::Mutex;
use rustls::{
    ClientConfig, ServerConfig, client::Resumption, crypto::ring::default_provider,
    server::NoServerSessionStorage, version::TLS13,
};
use tokio::sync::Notify;

use crate::{
    Config, Counts, Credentials, Expected, Identity, Role, Seen, Stamp, keep_looking, stamp,
    trust::{Clients, Held, Servers, Shown, algorithms},
};

/// The process's own identity. Clones share it.
#[derive(Clone, Debug)]
pub struct Passport(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: Config,
    identity: Identity,
    held: Held,
    /// Files that were refused as they are now; told once.
    refused: Mutex<Option<Stamp>>,
    at_once: Arc<Notify>,
    counts: Counts,
}

impl Passport {
    /// Reads the files of a process that is a `role` called `name`; any name will do where the process has none of its own.
    ///
    /// Errors: they cannot be used, with what to do about it.
    pub fn read(files: &Config, role: Role, name: Option<&str>) -> Result<Self, Fault> {
        if files.look_ms == 0 {
            return Err(Fault::caller(Code::InvalidField, "look_ms must be longer than 0"));
        }
        let held = Credentials::read(files, role, name)?;
        let counts = Counts::default();
        counts.until_secs.set(held.until().as_secs());
        Ok(Self(Arc::new(Inner {
            files: files.clone(),
            identity: held.identity().clone(),
            held: Arc::new(ArcSwap::from_pointee(held)),
            refused: Mutex::default(),
            at_once: Arc::default(),
            counts,
        })))
    }

    /// Who this process is. Stays the same as long as it runs.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// What it proves that with, as of now.
    pub fn credentials(&self) -> Arc<Credentials> {
        self.0.held.load_full()
    }

    /// What is counted about it.
    pub fn counts(&self) -> &Counts {
        &self.0.counts
    }

    /// Looks at the files now, not only at the next beat of [`Passport::keep`].
    pub fn look_now(&self) {
        self.0.at_once.notify_one();
    }

    /// Reads the files if they have changed. What is no good, or is somebody else's, leaves in force what was read before, and is
    /// told in the log once.
    pub fn look_again(&self) -> Seen {
        let Inner { files, identity, held, refused, counts, .. } = &*self.0;
        let all = [&*files.certificate, &*files.key, &*files.authorities];
        let now = stamp(&all).unwrap_or_default();
        if now == held.load().stamp || refused.lock().as_ref() == Some(&now) {
            return Seen::default();
        }
        let read = Credentials::read(files, identity.role(), Some(identity.name()));
        let read = read.and_then(|read| {
            if read.identity() == identity {
                return Ok(read);
            }
            let text = format!("the files are now those of {}", read.identity());
            Err(Fault::caller(Code::InvalidField, text))
        });
        match read {
            Ok(read) => {
                tracing::info!(%identity, until = %read.until(), "the identity was read anew");
                counts.until_secs.set(read.until().as_secs());
                counts.looked("read");
                held.store(Arc::new(read));
                Seen { read: 1, refused: 0 }
            }
            Err(fault) => {
                tracing::error!(%identity, fault = chain(&fault), "the identity stays as it was");
                counts.looked("refused");
                *refused.lock() = Some(now);
                Seen { read: 0, refused: 1 }
            }
        }
    }

    /// Keeps looking at the files until the task is dropped, and warns in time when the certificate comes to its end.
    pub async fn keep(self) {
        let every = Duration::from_millis(self.0.files.look_ms);
        let (looking, at_once) = (self.clone(), Arc::clone(&self.0.at_once));
        let warned = Mutex::new(None);
        self.warn(&warned);
        keep_looking(every, at_once, move || looking.look_again(), |_| self.warn(&warned)).await;
    }

    /// How long the certificate is still good, if it is to be replaced by now: less than a third of its time is left.
    pub fn due(&self) -> Option<Duration> {
        let held = self.0.held.load();
        let (whole, left) =
            (held.until().since(held.from()), held.until().since(SystemClock.now()));
        (left < whole / 3).then_some(left)
    }

    /// What there is to say to an operator about the identity of a process: whether all is well, and what is.
    pub fn finding(passport: Option<&Self>) -> (bool, String) {
        let Some(passport) = passport else {
            return (true, "none: it speaks plaintext, on this machine alone".to_owned());
        };
        let (identity, until) = (passport.identity(), passport.credentials().until());
        let text = format!("{identity}, good until {until}");
        if passport.due().is_none() {
            return (true, text);
        }
        let issue = format!("`soukctl identity issue {} {}`", identity.role(), identity.name());
        let remedy = format!("issue another with {issue} and put it in the place of its files");
        (false, format!("{text}; {remedy}"))
    }

    /// A warning a day, an error once it is too late.
    fn warn(&self, warned: &Mutex<Option<u64>>) {
        let Some(left) = self.due() else { return };
        let days = left.as_secs() / 86_400;
        if warned.lock().replace(days) == Some(days) {
            return;
        }
        let (identity, until) = (self.identity(), self.0.held.load().until());
        if left.is_zero() {
            tracing::error!(%identity, %until, "the identity has ended: nobody of the fleet speaks to this process any more");
        } else {
            tracing::warn!(%identity, %until, days, "the identity ends soon; issue another and put it in the place of its files");
        }
    }

    /// TLS for a port where only the roles may come.
    pub(crate) fn server(&self, roles: &'static [Role], protocols: &[&str]) -> Arc<ServerConfig> {
        let clients = Clients { held: Arc::clone(&self.0.held), roles, algorithms: algorithms() };
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13])
            .expect("the provider speaks TLS 1.3");
        let mut config = config
            .with_client_cert_verifier(Arc::new(clients))
            .with_cert_resolver(Arc::new(Shown(Arc::clone(&self.0.held))));
        config.alpn_protocols = wire(protocols);
        // Every connection proves anew who is at its ends: what is resumed would outlive its authority.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        Arc::new(config)
    }

    /// TLS for a connection to whom is expected.
    pub(crate) fn client(&self, expected: Expected, protocols: &[&str]) -> Arc<ClientConfig> {
        let servers =
            Servers { held: Arc::clone(&self.0.held), expected, algorithms: algorithms() };
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13])
            .expect("the provider speaks TLS 1.3");
        let mut config = config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(servers))
            .with_client_cert_resolver(Arc::new(Shown(Arc::clone(&self.0.held))));
        config.alpn_protocols = wire(protocols);
        config.resumption = Resumption::disabled();
        Arc::new(config)
    }
}

fn wire(protocols: &[&str]) -> Vec<Vec<u8>> {
    protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect()
}

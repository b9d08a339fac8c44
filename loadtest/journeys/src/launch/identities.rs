//! The authority of a fleet on this machine: made at the first start, kept between starts; every start issues identities anew.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::anyhow;
use base_identity::{Authority, Config, Role};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::Place;

/// What the fleet is called.
const FLEET: &str = "dev.souk.example";
/// How long the authority is good: longer than anybody keeps such a fleet.
const AUTHORITY: Duration = Duration::from_hours(10 * 365 * 24);
/// How long an identity is good: longer than anybody lets such a fleet run.
const IDENTITY: Duration = Duration::from_hours(90 * 24);

/// Issues the identities of one fleet.
pub(super) struct Identities {
    authority: Authority,
    folder: PathBuf,
}

/// Whom clients of the fleet believe: its authority and nobody else.
#[derive(Clone, Debug)]
pub struct Trusted(pub(crate) Arc<ClientConfig>);

impl Identities {
    /// Those of the fleet in a place; its authority is made if there is none yet.
    ///
    /// Errors: those of the disk, or an authority that is damaged.
    pub(super) fn of(place: &Place) -> anyhow::Result<Self> {
        let folder = place.root().join("identities");
        let kept = folder.join("authority");
        if !kept.exists() {
            let fresh = folder.join("authority.new");
            // What an earlier start that was cut off has left.
            let _ = std::fs::remove_dir_all(&fresh);
            let authority = Authority::make(FLEET, AUTHORITY).map_err(whole)?;
            authority.write(&fresh).map_err(whole)?;
            std::fs::rename(&fresh, &kept)?;
        }
        let authority = Authority::read(&kept).map_err(whole)?;
        Ok(Self { authority, folder })
    }

    /// The certificate of the authority, for `curl --cacert`.
    pub(super) fn authority_file(&self) -> PathBuf {
        self.folder.join("authority").join("authority.crt")
    }

    /// Issues the identity of a process, or of whoever asks the fleet with `soukctl`; returns its folder.
    ///
    /// Errors: those of the disk.
    pub(super) fn issue(&self, role: Role, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(format!("{role}-{name}"));
        let issued = self.authority.issue(role, name, IDENTITY).map_err(whole)?;
        issued.write(&folder).map_err(whole)?;
        Ok(folder)
    }

    /// Issues what the router shows to clients.
    ///
    /// Errors: those of the disk.
    pub(super) fn front(&self) -> anyhow::Result<Config> {
        let names = ["127.0.0.1", "localhost"];
        let issued = self.authority.issue_server(&names, IDENTITY).map_err(whole)?;
        issued.write(&self.folder.join("front")).map_err(whole)
    }

    /// Whom clients believe.
    ///
    /// Errors: the certificate of the authority cannot be read.
    pub(super) fn trusted(&self) -> anyhow::Result<Trusted> {
        let certificate = CertificateDer::from_pem_slice(self.authority.certificate().as_bytes());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.map_err(|error| anyhow!("the authority's certificate: {error}"))?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?;
        Ok(Trusted(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
    }
}

/// The whole chain of a fault in one line.
#[expect(clippy::needless_pass_by_value, reason = "it ends here")]
fn whole(fault: base_fault::Fault) -> anyhow::Error {
    anyhow!("{}", base_fault::chain(&fault))
}

#[cfg(test)]
mod tests {
    use base_identity::{Config, Passport, Role};

    use super::{Identities, Place};

    #[test]
    fn the_authority_is_kept_between_starts_and_identities_are_issued_anew() {
        let scratch = base_testkit::Scratch::new("identities").unwrap();
        let place = Place::at(scratch.path()).unwrap();
        let first = Identities::of(&place).unwrap();
        let authority = std::fs::read(first.authority_file()).unwrap();
        let files = Config::in_folder(&first.issue(Role::Cell, "cell-1").unwrap());
        let before = std::fs::read(&files.certificate).unwrap();
        let again = Identities::of(&place).unwrap();
        assert_eq!(std::fs::read(again.authority_file()).unwrap(), authority);
        assert_eq!(again.issue(Role::Cell, "cell-1").unwrap(), files.certificate.parent().unwrap());
        assert_ne!(std::fs::read(&files.certificate).unwrap(), before);
        Passport::read(&files, Role::Cell, Some("cell-1")).unwrap();
        again.trusted().unwrap();
    }
}

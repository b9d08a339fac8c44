//! What a process proves its identity with, as its files were when they were read, checked as a whole.

use std::sync::Arc;

use base_fault::{Code, Fault};
use base_time::{Clock as _, SystemClock, Timestamp};
use rustls::{
    RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, UnixTime},
    server::{ParsedCertificate, WebPkiClientVerifier, danger::ClientCertVerifier},
};

use crate::{
    Config, Identity, KeyPair, Role, Stamp,
    certificate::{self, Said},
    files, stamp,
};

/// What the files of an identity held when they were read.
#[derive(Debug)]
pub struct Credentials {
    pub(crate) stamp: Stamp,
    pub(crate) said: Said,
    pub(crate) pair: KeyPair,
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    pub(crate) roots: Arc<RootCertStore>,
    pub(crate) clients: Arc<dyn ClientCertVerifier>,
}

impl Credentials {
    /// Reads the files and checks that they are those of a `role` called `name`.
    ///
    /// Errors: a file cannot be used, or they do not belong together; each with what to do.
    pub(crate) fn read(config: &Config, role: Role, name: Option<&str>) -> Result<Self, Fault> {
        let all = [&*config.certificate, &*config.key, &*config.authorities];
        let stamp = stamp(&all)?;
        let pair = KeyPair::read(&config.certificate, &config.key)?;
        let authorities = files::certificates(&config.authorities)?;
        let own = &pair.certified.cert[0];
        let wrong = |text: String| {
            let file = config.certificate.display();
            Fault::caller(Code::InvalidField, format!("{file} {text}"))
        };
        let said = certificate::read(own).map_err(|unsaid| {
            wrong("is no identity; issue one with `soukctl identity issue`".to_owned())
                .because(unsaid)
        })?;
        let found = &said.identity;
        let meant = name.unwrap_or(found.name());
        if found.role() != role || found.name() != meant {
            let issue = format!("`soukctl identity issue {role} {meant}`");
            return Err(wrong(format!(
                "is the identity of {found}, and this process is the {role} {meant}; use the files of that one, or make them \
                 with {issue}"
            )));
        }
        let now = SystemClock.now();
        if now >= said.until {
            return Err(wrong(format!(
                "ended at {}; issue another with `soukctl identity issue`",
                said.until
            )));
        }
        if now < said.from {
            return Err(wrong(format!(
                "begins only at {}; look at the clock of this machine",
                said.from
            )));
        }
        let roots = Arc::new(roots(config, &authorities)?);
        if let Err(error) = issued_by(&roots, &pair.certified.cert) {
            let file = config.authorities.display();
            let text = format!(
                "was not issued by an authority of {file}; every process of a fleet has the certificates of its authorities there"
            );
            return Err(wrong(text).because(error));
        }
        let provider = Arc::new(default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider);
        let clients = clients
            .build()
            .map_err(|error| Fault::ours(Code::Internal, "TLS cannot be set up").because(error))?;
        Ok(Self { stamp, said, pair, authorities, roots, clients })
    }

    /// Who the process is.
    pub fn identity(&self) -> &Identity {
        &self.said.identity
    }

    /// When the certificate ends.
    pub fn until(&self) -> Timestamp {
        self.said.until
    }

    /// When it began.
    pub fn from(&self) -> Timestamp {
        self.said.from
    }

    /// The process's certificate and those between it and an authority.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.pair.certified.cert
    }

    /// The certificates of the fleet's authorities.
    pub fn authorities(&self) -> &[CertificateDer<'static>] {
        &self.authorities
    }

    /// The key, in its DER form.
    pub fn key_der(&self) -> &[u8] {
        self.pair.key.secret_der()
    }
}

fn roots(config: &Config, authorities: &[CertificateDer<'static>]) -> Result<RootCertStore, Fault> {
    let file = config.authorities.display();
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.clone()).map_err(|error| {
            let text = format!("{file} holds a certificate that is no authority's");
            Fault::caller(Code::InvalidField, text).because(error)
        })?;
    }
    if roots.is_empty() {
        return Err(Fault::caller(Code::InvalidField, format!("{file} holds no certificate")));
    }
    Ok(roots)
}

/// Whether the chain leads to one of the roots; for which of the two sides of a connection it may be used does not matter here.
fn issued_by(
    roots: &RootCertStore,
    chain: &[CertificateDer<'static>],
) -> Result<(), rustls::Error> {
    let own = ParsedCertificate::try_from(&chain[0])?;
    let algorithms = default_provider().signature_verification_algorithms.all;
    let seen = verify_server_cert_signed_by_trust_anchor(
        &own,
        roots,
        &chain[1..],
        UnixTime::now(),
        algorithms,
    );
    match seen {
        Err(rustls::Error::InvalidCertificate(
            rustls::CertificateError::InvalidPurpose
            | rustls::CertificateError::InvalidPurposeContext { .. },
        )) => Ok(()),
        other => other,
    }
}

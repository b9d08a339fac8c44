//! What a certificate says: whose it is, and until when.

use base_time::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::{extensions::GeneralName, parse_x509_certificate};

use crate::{Identity, InvalidIdentity};

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) identity: Identity,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

/// Why a certificate names no process of a fleet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unsaid {
    /// Not a certificate.
    #[error("the certificate cannot be read")]
    Damaged,
    /// SPIFFE asks for exactly one, so that nobody is two.
    #[error("the certificate has {0} URIs: exactly one says whose it is")]
    Uris(usize),
    /// The URI is something else.
    #[error("the certificate's URI says nothing of a fleet")]
    Uri(#[from] InvalidIdentity),
}

/// Reads a certificate. Says nothing about whether it may be believed.
pub(crate) fn read(certificate: &CertificateDer<'_>) -> Result<Said, Unsaid> {
    let (_, parsed) = parse_x509_certificate(certificate).map_err(|_| Unsaid::Damaged)?;
    let names = parsed.subject_alternative_name().map_err(|_| Unsaid::Damaged)?;
    let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
    let uris: Vec<&str> = names
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        })
        .collect();
    let [uri] = uris[..] else { return Err(Unsaid::Uris(uris.len())) };
    let at = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1_000));
    Ok(Said {
        identity: uri.parse()?,
        from: at(parsed.validity().not_before.timestamp()),
        until: at(parsed.validity().not_after.timestamp()),
    })
}

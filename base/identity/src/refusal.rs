//! Why somebody is not let in, or not spoken to.

use std::{io, sync::Arc};

use rustls::{CertificateError, Error};

use crate::{Identity, Role, certificate::Unsaid};

/// Why a connection between two processes does not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The peer shows no certificate.
    #[error("shows no certificate")]
    Nothing,
    /// It does not speak TLS, and nobody is let in without.
    #[error("speaks something else than TLS")]
    Plaintext,
    /// Its certificate was issued by somebody else.
    #[error("shows a certificate of another authority")]
    Authority,
    /// Its certificate is not in force: too late or too early.
    #[error("shows a certificate that is not in force: {0}")]
    Time(String),
    /// Its certificate is good, but names no process.
    #[error("shows a certificate that names no process: {0}")]
    Nobody(String),
    /// It belongs to another fleet.
    #[error("is {found}, and this is the fleet {fleet}")]
    Fleet {
        /// Who it is.
        found: Identity,
        /// The fleet here.
        fleet: String,
    },
    /// It has a role that has no business here.
    #[error("is {found}; only {} may come here", listed(roles))]
    Role {
        /// Who it is.
        found: Identity,
        /// Who may come.
        roles: &'static [Role],
    },
    /// It is somebody else than who was meant.
    #[error("is {found}, and {expected} was meant")]
    Other {
        /// Who was meant.
        expected: String,
        /// Who it is.
        found: Identity,
    },
    /// It took too long to say who it is.
    #[error("did not say in time who it is")]
    Slow,
    /// Something else about TLS, or a connection that broke.
    #[error("{0}")]
    Broken(String),
}

impl Refusal {
    /// A word for counters.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Nothing => "no_certificate",
            Self::Plaintext => "plaintext",
            Self::Authority => "authority",
            Self::Time(_) => "time",
            Self::Nobody(_) => "no_identity",
            Self::Fleet { .. } => "fleet",
            Self::Role { .. } => "role",
            Self::Other { .. } => "other",
            Self::Slow => "slow",
            Self::Broken(_) => "broken",
        }
    }

    /// What an error of a handshake says about the peer.
    pub(crate) fn of_handshake(error: &io::Error) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match tls {
            Some(error) => Self::of_tls(error),
            None => Self::Broken(error.to_string()),
        }
    }

    fn of_tls(error: &Error) -> Self {
        match error {
            Error::NoCertificatesPresented => Self::Nothing,
            Error::InvalidMessage(_) => Self::Plaintext,
            Error::InvalidCertificate(why) => match why {
                CertificateError::Other(other) => {
                    let refusal = other.0.downcast_ref::<Self>();
                    refusal.cloned().unwrap_or_else(|| Self::Broken(error.to_string()))
                }
                CertificateError::UnknownIssuer => Self::Authority,
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::Time(why.to_string()),
                _ => Self::Broken(error.to_string()),
            },
            _ => Self::Broken(error.to_string()),
        }
    }
}

impl From<Unsaid> for Refusal {
    fn from(unsaid: Unsaid) -> Self {
        Self::Nobody(base_fault::chain(&unsaid))
    }
}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, Arc::new(refusal))
    }
}

fn listed(roles: &[Role]) -> String {
    let words: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    words.join(" or ")
}

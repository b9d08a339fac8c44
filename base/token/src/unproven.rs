//! Why a token proves nothing.

use base_fault::{Code, Fault};

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It has run out.
    #[error("the access token has run out")]
    Expired,
    /// Its session was ended before it ran out (Invariant auth-4).
    #[error("the session of the access token is over; sign in again")]
    SessionOver,
    /// Its key is not among those that the reader knows; another reader may have heard of it.
    #[error("the access token is signed with a key that is not known")]
    UnknownKey,
    /// It is not one of ours; the text says what is wrong with it.
    #[error("the access token {0}")]
    Forged(&'static str),
}

impl From<Unproven> for Fault {
    fn from(unproven: Unproven) -> Self {
        let code = match unproven {
            Unproven::Expired => Code::TokenExpired,
            Unproven::SessionOver | Unproven::UnknownKey | Unproven::Forged(_) => {
                Code::Unauthenticated
            }
        };
        Self::caller(code, unproven.to_string())
    }
}

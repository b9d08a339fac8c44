//! A telephone number, right once built.

use std::{fmt, str::FromStr};

use base_ids::{ClaimKind, ClaimedName, InvalidClaim};
use serde::{Deserialize, Serialize};

/// A telephone number in E.164, such as `+212600000000`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Phone {
    type Err = InvalidClaim;

    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        let read = ClaimedName::read(ClaimKind::Phone, text);
        read.map(|name| Self(name.as_str().to_owned()))
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

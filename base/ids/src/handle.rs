//! A public handle, right once built.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{ClaimKind, ClaimedName, InvalidClaim};

/// A public handle in its one spelling, as [`ClaimedName::read`] makes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(String);

impl Handle {
    /// The handle.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The handle as a name to be claimed.
    pub fn to_claim(&self) -> ClaimedName {
        ClaimedName::read(ClaimKind::Handle, &self.0).expect("it was read as one before")
    }
}

impl FromStr for Handle {
    type Err = InvalidClaim;

    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        ClaimedName::read(ClaimKind::Handle, text).map(|name| Self(name.as_str().to_owned()))
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Handle;

    #[test]
    fn a_handle_has_one_spelling() {
        let handle: Handle = " Atlas-2".parse().unwrap();
        assert_eq!(handle.as_str(), "atlas-2");
        assert_eq!(handle.to_claim().as_str(), handle.as_str());
        assert!("a b".parse::<Handle>().is_err());
    }
}

//! An e-mail address, right once built.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{ClaimKind, ClaimedName, InvalidClaim};

/// An e-mail address in its one spelling, as [`ClaimedName::read`] makes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as a name to be claimed.
    pub fn to_claim(&self) -> ClaimedName {
        ClaimedName::read(ClaimKind::Email, &self.0).expect("it was read as one before")
    }
}

impl FromStr for Email {
    type Err = InvalidClaim;

    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        ClaimedName::read(ClaimKind::Email, text).map(|name| Self(name.as_str().to_owned()))
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Email;

    #[test]
    fn an_email_has_one_spelling() {
        let email: Email = " Leila@Example.MA".parse().unwrap();
        assert_eq!(email.as_str(), "leila@example.ma");
        assert_eq!(email.to_claim().as_str(), email.as_str());
    }
}

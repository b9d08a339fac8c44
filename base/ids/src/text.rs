//! Short texts that people write, each right once built.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{ClaimKind, ClaimedName, InvalidClaim};

/// A text of `MIN` to `MAX` characters, cut at both ends, none of them a control character.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// A text is too long, too short, or has control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {min} to {max} characters and no control characters")]
pub struct InvalidText {
    min: usize,
    max: usize,
}

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> FromStr for Text<MIN, MAX> {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        let fits = (MIN..=MAX).contains(&text.chars().count());
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidText { min: MIN, max: MAX })
        }
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
    use super::{Email, Text};

    #[test]
    fn a_text_is_counted_in_characters_and_cut_at_both_ends() {
        assert_eq!(" ليلى ".parse::<Text<1, 4>>().unwrap().as_str(), "ليلى");
        for text in ["", "   ", "abcde", "a\nb", "a\u{0}"] {
            let error = text.parse::<Text<1, 4>>().unwrap_err().to_string();
            assert_eq!(error, "expected 1 to 4 characters and no control characters", "{text:?}");
        }
        assert!("".parse::<Text<0, 4>>().is_ok());
    }

    #[test]
    fn an_email_has_one_spelling() {
        let email: Email = " Leila@Example.MA".parse().unwrap();
        assert_eq!(email.as_str(), "leila@example.ma");
        assert_eq!(email.to_claim().as_str(), email.as_str());
    }
}

//! Secrets: used, compared, never shown. What the journal keeps of them is `[redacted]`.

use std::{fmt, str::FromStr};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};

const REDACTED: &str = "[redacted]";

/// A secret that is not what it should be; says what would be right, never the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSecret(&'static str);

/// A text that is used and never shown; wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The text itself; the caller keeps it out of logs, errors and events.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

/// A password that may be set: 8 to 128 characters, not one character over and over. Length is what makes it strong; there are
/// no rules about its characters (NIST SP 800-63B).
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Password(Secret);

impl Password {
    /// The secret.
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl FromStr for Password {
    type Err = BadSecret;

    fn from_str(text: &str) -> Result<Self, BadSecret> {
        let length = text.chars().count();
        let first = text.chars().next();
        if !(8..=128).contains(&length) {
            Err(BadSecret("expected 8 to 128 characters"))
        } else if text.chars().all(|c| Some(c) == first) {
            Err(BadSecret("expected more than one character over and over"))
        } else {
            Ok(Self(text.to_owned().into()))
        }
    }
}

/// A code as it was typed: six digits, Latin, Arabic or Persian ones; blanks and hyphens between them do not matter.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct OneTimeCode(Secret);

impl OneTimeCode {
    /// The six digits, as ASCII.
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

impl FromStr for OneTimeCode {
    type Err = BadSecret;

    fn from_str(text: &str) -> Result<Self, BadSecret> {
        let digit = |c: char| match c {
            '0'..='9' => Some(c),
            '\u{660}'..='\u{669}' => char::from_digit(u32::from(c) - 0x660, 10),
            '\u{6f0}'..='\u{6f9}' => char::from_digit(u32::from(c) - 0x6f0, 10),
            _ => None,
        };
        let typed = text.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let digits: Option<String> = typed.map(digit).collect();
        digits
            .filter(|digits| digits.len() == 6)
            .map(|digits| Self(digits.into()))
            .ok_or(BadSecret("expected the six digits of the code"))
    }
}

/// A password's hash, as a PHC string with its salt and cost. Kept in events, not shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string.
    pub fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::{OneTimeCode, Password, PasswordHash, Secret};

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::from("hunter2-hunter2".to_owned());
        let password: Password = "hunter2-hunter2".parse().unwrap();
        let code: OneTimeCode = "123456".parse().unwrap();
        let hash = PasswordHash::new("$argon2id$hunter2".to_owned());
        let shown = format!("{secret:?} {password:?} {code:?} {hash:?}");
        assert_eq!(shown.matches("[redacted]").count(), 4, "{shown}");
        let stored = serde_json::to_string(&(&secret, &password, &code)).unwrap();
        assert_eq!(stored, r#"["[redacted]","[redacted]","[redacted]"]"#);
    }

    #[test]
    fn length_makes_a_password() {
        assert!("correct horse".parse::<Password>().is_ok());
        assert!("كلمة مرور طويلة".parse::<Password>().is_ok());
        for text in ["1234567", "aaaaaaaaaaaa", &"ab".repeat(65)] {
            assert!(text.parse::<Password>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_code_can_be_typed_in_the_digits_of_ones_keyboard() {
        for text in ["123456", " 123 456 ", "123-456", "١٢٣٤٥٦", "۱۲۳۴۵۶"] {
            assert_eq!(text.parse::<OneTimeCode>().unwrap().secret().expose(), "123456", "{text}");
        }
        for text in ["", "12345", "1234567", "12345a", "½23456"] {
            assert!(text.parse::<OneTimeCode>().is_err(), "{text}");
        }
    }
}

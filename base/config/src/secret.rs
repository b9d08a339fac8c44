//! A setting that is used and never shown.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is shown in place of a secret.
const HIDDEN: &str = "<secret>";

/// A password or key: wiped from memory when dropped, written as `<secret>`, empty by default.
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret itself; the caller keeps it out of logs and errors.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether nothing was set.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "\"\"" } else { HIDDEN })
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_empty() { "" } else { HIDDEN })
    }
}

impl<'de> Deserialize<'de> for Secret {
    /// Reads text. What is no text is refused without repeating it, as serde's own words would.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) if text == HIDDEN => {
                Err(D::Error::custom("still has the placeholder of a printed configuration"))
            }
            toml::Value::String(text) => Ok(text.into()),
            _ => Err(D::Error::custom("a secret must be text in quotes")),
        }
    }
}

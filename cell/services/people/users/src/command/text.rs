//! The small texts of a profile, each right once built.

use std::collections::BTreeMap;

use base_ids::Text;
use serde::{Deserialize, Serialize};

/// How to address the user.
pub type DisplayName = Text<100, 0>;
/// What the user calls an address.
pub type Label = Text<40, 0>;
/// Which version of a text was shown.
pub type TextVersion = Text<40>;

/// Preferences that are not what they should be; says what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPreferences(&'static str);

/// Small things that clients remember for the user: at most 50, each at most 200 characters, under keys of 1 to 40 of `a-z`,
/// `0-9`, `_`, `.` and `-`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Preferences(BTreeMap<String, String>);

impl Preferences {
    /// By key.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl TryFrom<BTreeMap<String, String>> for Preferences {
    type Error = BadPreferences;

    fn try_from(map: BTreeMap<String, String>) -> Result<Self, BadPreferences> {
        let in_key =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
        let key = |key: &str| (1..=40).contains(&key.len()) && key.bytes().all(in_key);
        if map.len() > 50 {
            Err(BadPreferences("expected at most 50 preferences"))
        } else if !map.keys().all(|name| key(name)) {
            Err(BadPreferences("expected keys of 1 to 40 of a-z, 0-9, _, . and -"))
        } else if !map.values().all(|value| value.chars().count() <= 200) {
            Err(BadPreferences("expected values of at most 200 characters"))
        } else {
            Ok(Self(map))
        }
    }
}

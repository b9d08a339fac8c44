//! The small texts of a profile, each right once built.

use std::{fmt, str::FromStr};

use base_ids::{ClaimKind, ClaimedName};
use serde::{Deserialize, Serialize};

use super::PreferenceMap;

/// A text that is not what it should be; says what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadText(&'static str);

impl BadText {
    pub(super) const fn expected(what: &'static str) -> Self {
        Self(what)
    }
}

/// Cut at both ends; `None` if it is longer than `max` characters or has a control character.
pub(super) fn plain(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    (text.chars().count() <= max && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $read:expr, $expected:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadText;

            fn from_str(text: &str) -> Result<Self, BadText> {
                let read: fn(&str) -> Option<String> = $read;
                read(text).map(Self).ok_or(BadText($expected))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

texts! {
    /// How to address the user: at most 100 characters, none of them a control character.
    DisplayName: |text| plain(text, 100), "expected at most 100 characters and no control characters";
    /// What the user calls an address: at most 40 characters, none of them a control character.
    Label: |text| plain(text, 40), "expected at most 40 characters and no control characters";
    /// Which version of a text was shown: 1 to 40 characters, none of them a control character.
    TextVersion: |text| plain(text, 40).filter(|text| !text.is_empty()),
        "expected 1 to 40 characters and no control characters";
    /// An e-mail address in its one spelling.
    Email: |text| ClaimedName::read(ClaimKind::Email, text).ok().map(|name| name.as_str().to_owned()),
        "expected an e-mail address such as leila@example.ma";
}

/// Small things that clients remember for the user: at most 50, each at most 200 characters, under keys of 1 to 40 of `a-z`,
/// `0-9`, `_`, `.` and `-`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Preferences(PreferenceMap);

impl Preferences {
    /// The map.
    pub fn as_map(&self) -> &PreferenceMap {
        &self.0
    }
}

impl TryFrom<PreferenceMap> for Preferences {
    type Error = BadText;

    fn try_from(map: PreferenceMap) -> Result<Self, BadText> {
        let in_key =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
        let key = |key: &str| (1..=40).contains(&key.len()) && key.bytes().all(in_key);
        if map.len() > 50 {
            Err(BadText("expected at most 50 preferences"))
        } else if !map.keys().all(|name| key(name)) {
            Err(BadText("expected keys of 1 to 40 of a-z, 0-9, _, . and -"))
        } else if !map.values().all(|value| value.chars().count() <= 200) {
            Err(BadText("expected values of at most 200 characters"))
        } else {
            Ok(Self(map))
        }
    }
}

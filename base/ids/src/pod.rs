//! The name of one process among those that serve a cell together.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// A pod's name, unique in its cell: 1 to 63 of `a-z`, `0-9` and `-`, as hosts are named.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PodName(Arc<str>);

/// Why a text is not a pod's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a pod's name: expected 1 to 63 of a-z, 0-9 and -")]
pub struct InvalidPodName(String);

impl PodName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for PodName {
    /// `0`: the pod of a cell that has no other.
    fn default() -> Self {
        Self("0".into())
    }
}

impl FromStr for PodName {
    type Err = InvalidPodName;

    fn from_str(text: &str) -> Result<Self, InvalidPodName> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=63).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidPodName(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for PodName {
    type Error = InvalidPodName;

    fn try_from(text: String) -> Result<Self, InvalidPodName> {
        text.parse()
    }
}

impl From<PodName> for String {
    fn from(pod: PodName) -> Self {
        pod.0.as_ref().to_owned()
    }
}

impl fmt::Display for PodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::PodName;

    #[test]
    fn a_pod_is_named_as_hosts_are() {
        for name in ["0", "souk-cell-1-0", &"x".repeat(63)] {
            assert_eq!(name.parse::<PodName>().unwrap().as_str(), name);
        }
        for name in ["", "Pod", "a.b", "a/b", "a_b", &"x".repeat(64)] {
            assert!(name.parse::<PodName>().is_err(), "{name}");
        }
        assert_eq!(PodName::default().as_str(), "0");
    }
}

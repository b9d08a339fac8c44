//! Ids of resources below a tenant, and the names that spell out where a resource lives.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// A resource's id within its collection: 1 to 64 of `a-z`, `0-9`, `-` and `_`; starts with a letter or digit. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceId(Arc<str>);

/// Why a text is not a resource's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an id: expected 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit"
)]
pub struct InvalidResourceId(String);

impl ResourceId {
    /// Longest id, in bytes.
    pub const LEN_MAX: usize = 64;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ResourceId {
    type Err = InvalidResourceId;

    fn from_str(text: &str) -> Result<Self, InvalidResourceId> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let starts_plain = text.bytes().next().is_some_and(plain);
        let all_allowed = text.bytes().all(|byte| plain(byte) || byte == b'-' || byte == b'_');
        if starts_plain && all_allowed && text.len() <= Self::LEN_MAX {
            Ok(Self(text.into()))
        } else {
            Err(InvalidResourceId(text.chars().take(100).collect()))
        }
    }
}

impl TryFrom<String> for ResourceId {
    type Error = InvalidResourceId;

    fn try_from(text: String) -> Result<Self, InvalidResourceId> {
        text.parse()
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Matches a resource name against a pattern such as `vendors/*/stock/*` and gives what stands for the stars, each checked to be
/// an id (a tenant's id has the same letters). `None` if the name has another form.
pub fn match_name<const STARS: usize>(pattern: &str, name: &str) -> Option<[ResourceId; STARS]> {
    let mut found = Vec::with_capacity(STARS);
    let mut given = name.split('/');
    for expected in pattern.split('/') {
        let segment = given.next()?;
        match expected {
            "*" => found.push(segment.parse().ok()?),
            literal if literal == segment => {}
            _ => return None,
        }
    }
    if given.next().is_some() {
        return None;
    }
    found.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::{ResourceId, match_name};

    #[test]
    fn a_name_gives_its_ids_only_if_it_has_the_patterns_form() {
        let [vendor, offer] = match_name("vendors/*/stock/*", "vendors/atlas/stock/o1").unwrap();
        assert_eq!((vendor.as_str(), offer.as_str()), ("atlas", "o1"));
        for name in [
            "vendors/atlas/stock",
            "vendors/atlas/stock/o1/x",
            "vendors/atlas/offers/o1",
            "vendors/A/stock/o1",
        ] {
            assert_eq!(match_name::<2>("vendors/*/stock/*", name), None, "{name}");
        }
    }

    #[test]
    fn ids_are_bounded() {
        assert!("a".repeat(64).parse::<ResourceId>().is_ok());
        assert!("a".repeat(65).parse::<ResourceId>().is_err());
        assert!("_a".parse::<ResourceId>().is_err());
    }
}

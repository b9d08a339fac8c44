//! Streams, and the ids of the messages that their events give rise to.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::{Tenant, Version};

/// One aggregate's place: `(tenant, service, key)`, written `users/0190…/carts/c1`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamName {
    /// Who owns the stream.
    pub tenant: Tenant,
    /// Which service's rules it follows.
    pub service: Arc<str>,
    /// Which of the tenant's aggregates in that service it is: 1 to 120 of `a-z A-Z 0-9 - _ .`.
    pub key: Arc<str>,
}

/// Why a text is not a stream's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a stream: expected <tenant>/<service>/<key>, such as users/0190-ab/carts/c1")]
pub struct InvalidStreamName(String);

impl StreamName {
    /// Longest key, in bytes.
    pub const KEY_LEN_MAX: usize = 120;

    /// Names a stream; refuses a service or key with characters that a stream's name cannot carry.
    pub fn new(tenant: Tenant, service: &str, key: &str) -> Result<Self, InvalidStreamName> {
        let service_ok = !service.is_empty() && service.bytes().all(|b| b.is_ascii_lowercase());
        let key_ok = (1..=Self::KEY_LEN_MAX).contains(&key.len())
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if service_ok && key_ok {
            Ok(Self { tenant, service: service.into(), key: key.into() })
        } else {
            Err(InvalidStreamName(format!("{tenant}/{service}/{key}").chars().take(300).collect()))
        }
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.service, self.key)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for StreamName {
    type Err = InvalidStreamName;

    fn from_str(text: &str) -> Result<Self, InvalidStreamName> {
        let invalid = || InvalidStreamName(text.chars().take(300).collect());
        let mut parts = text.splitn(4, '/');
        let mut part = || parts.next().ok_or_else(invalid);
        let (collection, id, service, key) = (part()?, part()?, part()?, part()?);
        let tenant = format!("{collection}/{id}").parse().map_err(|_| invalid())?;
        Self::new(tenant, service, key)
    }
}

impl TryFrom<String> for StreamName {
    type Error = InvalidStreamName;

    fn try_from(text: String) -> Result<Self, InvalidStreamName> {
        text.parse()
    }
}

impl From<StreamName> for String {
    fn from(stream: StreamName) -> Self {
        stream.to_string()
    }
}

/// A message's id: derived from the event that gave rise to it, so that telling it again tells the same message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub Uuid);

impl MessageId {
    /// The id of the `ordinal`-th message that the append ending at `version` of `stream` gave rise to.
    pub fn derived(stream: &StreamName, version: Version, ordinal: usize) -> Self {
        Self(Uuid::from_u128(xxh3_128(format!("{stream}@{version}#{ordinal}").as_bytes())))
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.simple(), f)
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{MessageId, StreamName};
    use crate::Version;

    #[test]
    fn a_stream_reads_back_from_its_name() {
        let stream: StreamName = "users/0190-ab/carts/main".parse().unwrap();
        assert_eq!(stream.to_string(), "users/0190-ab/carts/main");
        assert_eq!((&*stream.service, &*stream.key), ("carts", "main"));
    }

    #[test]
    fn names_that_would_confuse_a_key_are_refused() {
        for text in [
            "users/a/carts",
            "users/a/carts/",
            "users/a/Carts/x",
            "users/a/carts/x/y",
            "users/a/carts/é",
        ] {
            assert!(text.parse::<StreamName>().is_err(), "{text}");
        }
    }

    #[test]
    fn telling_an_event_again_tells_the_same_message() {
        let stream: StreamName = "vendors/v/inventory/stock".parse().unwrap();
        let id = MessageId::derived(&stream, Version(7), 0);
        assert_eq!(id, MessageId::derived(&stream, Version(7), 0));
        assert_ne!(id, MessageId::derived(&stream, Version(7), 1));
        assert_ne!(id, MessageId::derived(&stream, Version(8), 0));
    }
}

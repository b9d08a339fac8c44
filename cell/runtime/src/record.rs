//! A message as bytes, for stores and logs that keep protobuf: numbered fields, so that what is written today is read tomorrow.

use base_ids::{MessageId, Version};
use base_time::Timestamp;
use uuid::Uuid;

use crate::port::Message;

/// A record does not read back; says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it does not read back: {0}")]
pub struct Unreadable(pub String);

/// A message, field by field.
#[derive(Clone, PartialEq, prost::Message)]
pub struct MessageRecord {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(string, tag = "2")]
    from: String,
    #[prost(uint64, tag = "3")]
    version: u64,
    #[prost(string, tag = "4")]
    kind: String,
    #[prost(bytes = "vec", tag = "5")]
    body: Vec<u8>,
    #[prost(sint64, tag = "6")]
    at: i64,
    #[prost(bytes = "vec", optional, tag = "7")]
    trace: Option<Vec<u8>>,
}

impl MessageRecord {
    /// The record of a message.
    pub fn of(message: &Message) -> Self {
        Self {
            id: message.id.0.as_bytes().to_vec(),
            from: message.from.to_string(),
            version: message.version.0,
            kind: message.kind.clone(),
            body: message.body.clone(),
            at: message.at.as_millis(),
            trace: message.trace.map(|trace| trace.to_vec()),
        }
    }

    /// The message.
    ///
    /// Errors: a field has not the form that it must have.
    pub fn open(self) -> Result<Message, Unreadable> {
        let from = self.from.parse();
        Ok(Message {
            id: MessageId(Uuid::from_bytes(sixteen(&self.id)?)),
            from: from.map_err(|_| Unreadable(format!("`{}` is no stream", self.from)))?,
            version: Version(self.version),
            kind: self.kind,
            body: self.body,
            at: Timestamp::from_millis(self.at),
            trace: self.trace.as_deref().map(sixteen).transpose()?,
        })
    }
}

/// The 16 bytes of an id or a hash.
///
/// Errors: there are more or fewer.
pub fn sixteen(bytes: &[u8]) -> Result<[u8; 16], Unreadable> {
    bytes.try_into().map_err(|_| Unreadable("an id is not of 16 bytes".to_owned()))
}

//! What is kept as bytes, as protobuf: numbered fields, so that what is written today is read tomorrow.

use base_fault::{Code, Fault};
use base_ids::Version;
use base_time::Timestamp;
use cell_runtime::{
    port::{DeadLetter, Errand, Message, OutboxEntry, Reply},
    record::{self, MessageRecord, sixteen},
};
use prost::Message as _;

/// A stored value does not read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored value does not read back: {0}")]
pub(crate) struct Unreadable(pub(crate) String);

impl From<record::Unreadable> for Unreadable {
    fn from(record::Unreadable(why): record::Unreadable) -> Self {
        Self(why)
    }
}

impl From<Unreadable> for Fault {
    fn from(unreadable: Unreadable) -> Self {
        let text = "a part of the store cannot be read; restore it from a backup";
        Self::ours(Code::StoreBroken, text).because(unreadable)
    }
}

/// To whom: nobody for a call to the outside world.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct StoredErrand {
    #[prost(message, optional, tag = "1")]
    message: Option<MessageRecord>,
    #[prost(string, optional, tag = "2")]
    to: Option<String>,
    #[prost(string, tag = "3")]
    service: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct StoredEntry {
    #[prost(message, optional, tag = "1")]
    errand: Option<StoredErrand>,
    #[prost(sint64, optional, tag = "2")]
    due: Option<i64>,
    #[prost(uint32, tag = "3")]
    tries: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StoredLetter {
    #[prost(message, optional, tag = "1")]
    errand: Option<StoredErrand>,
    #[prost(string, tag = "2")]
    why: String,
    #[prost(uint32, tag = "3")]
    tries: u32,
    #[prost(sint64, tag = "4")]
    at: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct StoredReply {
    #[prost(bytes = "vec", tag = "1")]
    request: Vec<u8>,
    #[prost(bool, tag = "2")]
    fine: bool,
    #[prost(bytes = "vec", tag = "3")]
    answer: Vec<u8>,
    #[prost(uint64, tag = "4")]
    version: u64,
    #[prost(sint64, tag = "5")]
    until: i64,
}

fn read<M: prost::Message + Default>(bytes: &[u8]) -> Result<M, Unreadable> {
    M::decode(bytes).map_err(|error| Unreadable(error.to_string()))
}

fn missing(what: &str) -> Unreadable {
    Unreadable(format!("it has no {what}"))
}

impl StoredErrand {
    fn of(errand: &Errand) -> Self {
        let (to, service) = match errand {
            Errand::Deliver { to, service, .. } => (Some(to.to_string()), service.clone()),
            Errand::Perform { .. } => (None, String::new()),
        };
        Self { message: Some(MessageRecord::of(errand.message())), to, service }
    }

    fn open(self) -> Result<Errand, Unreadable> {
        let message = self.message.ok_or_else(|| missing("message"))?.open()?;
        let Some(to) = self.to else { return Ok(Errand::Perform { message }) };
        let to = to.parse().map_err(|_| Unreadable(format!("tenant {to}")))?;
        Ok(Errand::Deliver { to, service: self.service, message })
    }
}

impl StoredEntry {
    pub(crate) fn of(entry: &OutboxEntry) -> Self {
        Self {
            errand: Some(StoredErrand::of(&entry.errand)),
            due: entry.due.map(Timestamp::as_millis),
            tries: entry.tries,
        }
    }

    pub(crate) fn open(self) -> Result<OutboxEntry, Unreadable> {
        Ok(OutboxEntry {
            errand: self.errand.ok_or_else(|| missing("errand"))?.open()?,
            due: self.due.map(Timestamp::from_millis),
            tries: self.tries,
        })
    }
}

impl StoredReply {
    pub(crate) fn of(reply: &Reply) -> Self {
        let (fine, answer) = match &reply.answer {
            Ok(answer) => (true, answer),
            Err(answer) => (false, answer),
        };
        Self {
            request: reply.request.to_be_bytes().to_vec(),
            fine,
            answer: answer.clone(),
            version: reply.version.0,
            until: reply.until.as_millis(),
        }
    }

    pub(crate) fn open(self) -> Result<Reply, Unreadable> {
        Ok(Reply {
            request: u128::from_be_bytes(sixteen(&self.request)?),
            answer: if self.fine { Ok(self.answer) } else { Err(self.answer) },
            version: Version(self.version),
            until: Timestamp::from_millis(self.until),
        })
    }
}

pub(crate) fn entry(entry: &OutboxEntry) -> Vec<u8> {
    StoredEntry::of(entry).encode_to_vec()
}

pub(crate) fn read_entry(bytes: &[u8]) -> Result<OutboxEntry, Unreadable> {
    read::<StoredEntry>(bytes)?.open()
}

pub(crate) fn read_message(bytes: &[u8]) -> Result<Message, Unreadable> {
    Ok(read::<MessageRecord>(bytes)?.open()?)
}

pub(crate) fn read_reply(bytes: &[u8]) -> Result<Reply, Unreadable> {
    read::<StoredReply>(bytes)?.open()
}

pub(crate) fn letter(letter: &DeadLetter) -> Vec<u8> {
    let stored = StoredLetter {
        errand: Some(StoredErrand::of(&letter.errand)),
        why: letter.why.clone(),
        tries: letter.tries,
        at: letter.at.as_millis(),
    };
    stored.encode_to_vec()
}

pub(crate) fn read_letter(bytes: &[u8]) -> Result<DeadLetter, Unreadable> {
    let stored = read::<StoredLetter>(bytes)?;
    Ok(DeadLetter {
        errand: stored.errand.ok_or_else(|| missing("errand"))?.open()?,
        why: stored.why,
        tries: stored.tries,
        at: Timestamp::from_millis(stored.at),
    })
}

//! What an append must still make true elsewhere: kept with it in the stream's partition until it is spread.

use std::time::Duration;

use base_fault::Fault;
use base_ids::{MessageId, StreamName, Version};
use cell_runtime::{
    port::{Append, HEARD_KEPT, OutboxEntry, OutboxKey, Reply},
    record::MessageRecord,
};
use prost::Message as _;
use uuid::Uuid;

use crate::{
    codec::{StoredEntry, StoredReply, Unreadable},
    commits::Commit,
};

/// A kept answer outlives its time by this much: who asks at the last moment is still answered.
const REPLY_GRACE: Duration = Duration::from_hours(1);
/// A note of what was heard outlives what is promised by this much.
const HEARD_GRACE: Duration = Duration::from_hours(24);

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Pending {
    #[prost(message, repeated, tag = "1")]
    pub(crate) rows: Vec<PendingRow>,
    #[prost(message, repeated, tag = "2")]
    outbox: Vec<StoredEntry>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) public: Vec<PendingPublic>,
    #[prost(message, optional, tag = "4")]
    pub(crate) reply: Option<PendingReply>,
    #[prost(message, repeated, tag = "5")]
    pub(crate) heard: Vec<PendingHeard>,
    #[prost(message, repeated, tag = "6")]
    settles: Vec<PendingSettled>,
    #[prost(bytes = "vec", optional, tag = "7")]
    pub(crate) snapshot: Option<Vec<u8>>,
    /// Whether it has the stream's first events, so that the stream is listed.
    #[prost(bool, tag = "8")]
    pub(crate) begins: bool,
}

/// A row of a view; none takes it away.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PendingRow {
    #[prost(string, tag = "1")]
    pub(crate) service: String,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
    #[prost(string, tag = "3")]
    pub(crate) key: String,
    #[prost(uint64, tag = "4")]
    pub(crate) version: u64,
    #[prost(bytes = "vec", optional, tag = "5")]
    pub(crate) row: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PendingPublic {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) message: Option<MessageRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PendingReply {
    #[prost(string, tag = "1")]
    pub(crate) caller: String,
    #[prost(string, tag = "2")]
    pub(crate) key: String,
    #[prost(message, optional, tag = "3")]
    pub(crate) reply: Option<StoredReply>,
    #[prost(uint32, tag = "4")]
    pub(crate) ttl_secs: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PendingHeard {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(uint64, tag = "2")]
    pub(crate) version: u64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
struct PendingSettled {
    #[prost(uint64, tag = "1")]
    due_ms: u64,
    #[prost(uint64, tag = "2")]
    commit: u64,
    #[prost(uint32, tag = "3")]
    ordinal: u32,
}

/// Seconds that a note of what was heard is kept.
pub(crate) fn heard_ttl() -> i32 {
    secs(HEARD_KEPT + HEARD_GRACE)
}

/// Seconds that an answer is kept.
pub(crate) fn reply_ttl(append: &Append, reply: &Reply) -> i32 {
    secs(reply.until.since(append.at) + REPLY_GRACE)
}

fn secs(span: Duration) -> i32 {
    i32::try_from(span.as_secs()).unwrap_or(i32::MAX)
}

impl Pending {
    /// What an append brings with it. Of several changes of one row the last one stands.
    pub(crate) fn of(append: &Append) -> Self {
        let mut rows: Vec<PendingRow> = Vec::with_capacity(append.rows.len());
        for write in &append.rows {
            let row = PendingRow {
                service: write.table.service.to_owned(),
                name: write.table.name.to_owned(),
                key: write.key.clone(),
                version: write.version.0,
                row: write.row.clone(),
            };
            let same = |other: &&mut PendingRow| {
                other.key == row.key && other.name == row.name && other.service == row.service
            };
            match rows.iter_mut().find(same) {
                Some(other) => *other = row,
                None => rows.push(row),
            }
        }
        let public = append.public.iter().map(|(key, message)| PendingPublic {
            key: key.clone(),
            message: Some(MessageRecord::of(message)),
        });
        let reply = append.reply.as_ref().map(|(key, reply)| PendingReply {
            caller: key.caller.clone(),
            key: key.key.clone(),
            reply: Some(StoredReply::of(reply)),
            ttl_secs: reply_ttl(append, reply).unsigned_abs(),
        });
        let heard = append.heard.iter().map(|heard| PendingHeard {
            id: heard.id.0.as_bytes().to_vec(),
            version: heard.version.0,
        });
        let settles = append.settles.iter().map(|key| PendingSettled {
            due_ms: key.due_ms,
            commit: key.commit,
            ordinal: u32::from(key.ordinal),
        });
        Self {
            rows,
            outbox: append.outbox.iter().map(StoredEntry::of).collect(),
            public: public.collect(),
            reply,
            heard: heard.collect(),
            settles: settles.collect(),
            snapshot: append.snapshot.clone(),
            begins: append.expected == Version(0) && !append.events.is_empty(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        Ok(Self::decode(bytes).map_err(|error| Unreadable(error.to_string()))?)
    }

    /// Its entries for the outbox, with their keys.
    pub(crate) fn posted(&self, commit: Commit) -> Result<Vec<(OutboxKey, OutboxEntry)>, Fault> {
        let entry = |(ordinal, stored): (u16, &StoredEntry)| {
            let entry = stored.clone().open()?;
            Ok((OutboxKey::posted(entry.due, commit.0, ordinal), entry))
        };
        (0..).zip(&self.outbox).map(entry).collect()
    }

    /// Whether it heard a message or answered a key of that append.
    pub(crate) fn answers(&self, append: &Append) -> Result<bool, Fault> {
        for heard in &self.heard {
            let id = heard.id()?;
            if append.heard.iter().any(|wanted| wanted.id == id) {
                return Ok(true);
            }
        }
        let kept = self.reply.as_ref();
        let wanted = append.reply.as_ref().map(|(key, _)| key);
        Ok(kept
            .zip(wanted)
            .is_some_and(|(kept, wanted)| kept.caller == wanted.caller && kept.key == wanted.key))
    }

    /// The entries that it settles.
    pub(crate) fn settled(&self) -> Vec<OutboxKey> {
        let key = |settled: &PendingSettled| OutboxKey {
            due_ms: settled.due_ms,
            commit: settled.commit,
            ordinal: u16::try_from(settled.ordinal).unwrap_or(u16::MAX),
        };
        self.settles.iter().map(key).collect()
    }
}

impl PendingHeard {
    pub(crate) fn id(&self) -> Result<MessageId, Fault> {
        let id = Uuid::from_slice(&self.id).map_err(|error| Unreadable(error.to_string()))?;
        Ok(MessageId(id))
    }
}

/// An append that is durable, and what it brings with it.
pub(crate) struct Brought {
    pub(crate) stream: StreamName,
    /// Its number in the stream: the clock of its rows.
    pub(crate) counter: i64,
    /// The stream's version after it.
    pub(crate) head: i64,
    pub(crate) commit: Commit,
    pub(crate) pending: Pending,
}

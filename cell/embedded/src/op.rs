//! What the writer thread is asked, encoded as far as that can be done by whoever asks.

use base_fault::{Code, Fault};
use base_ids::{Generation, MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_runtime::port::{
    Append, Appended, DeadLetter, Fence, HeardAt, OutboxEntry, OutboxKey, RowWrite, Scope,
};
use fjall::Slice;
use tokio::sync::oneshot;

use crate::{
    codec,
    key::{self, Named},
};

/// Where the answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Fault>>;

/// A key with its new value, or without one.
pub(crate) type Put = (Slice, Option<Slice>);

pub(crate) enum Op {
    Append(Box<PreparedAppend>, Reply<Appended>),
    Settle(Vec<Slice>, Reply<()>),
    Park(Box<PreparedLetter>, Reply<()>),
    Replay(MessageId, Reply<bool>),
    DropDead(MessageId, Reply<bool>),
    Follow(PreparedFollow, Reply<bool>),
    SetFences(Vec<(Scope, Fence)>, Reply<usize>),
    Forget(Vec<Slice>, Reply<usize>),
    /// Syncs everything and ends the thread.
    Close(Reply<()>),
}

/// An [`Append`] as keys and values; only what depends on the commit's number is still open.
pub(crate) struct PreparedAppend {
    pub(crate) tenant: Tenant,
    pub(crate) generation: Generation,
    pub(crate) expected: Version,
    pub(crate) version: Version,
    /// What the keys of the stream's events start with.
    pub(crate) place: Slice,
    pub(crate) heard: Vec<(Named, Slice)>,
    pub(crate) reply: Option<(Named, Slice)>,
    pub(crate) stream: StreamName,
    pub(crate) puts: Vec<Put>,
    pub(crate) outbox: Vec<(Option<Timestamp>, Slice)>,
    pub(crate) public: Vec<Slice>,
}

/// A dead letter as keys and values.
pub(crate) struct PreparedLetter {
    pub(crate) outbox: Option<Slice>,
    pub(crate) place: Slice,
    pub(crate) key: Slice,
    pub(crate) value: Slice,
}

/// Writes that move a cursor, as keys and values: replica rows, or what is forgotten of the public log.
pub(crate) struct PreparedFollow {
    pub(crate) cursor: Slice,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) rows: Vec<Put>,
}

impl PreparedAppend {
    pub(crate) fn of(append: Append) -> Result<Self, Fault> {
        // Ordinals of outbox entries are 16 bits.
        if append.outbox.len() > usize::from(u16::MAX) {
            return Err(Fault::ours(
                Code::Internal,
                format!("one append posts {} messages, at most 65535 fit", append.outbox.len()),
            ));
        }
        let stream = append.stream;
        let tenant = stream.tenant.clone();
        let version = Version(append.expected.0 + append.events.len() as u64);
        let place = key::events(&stream);
        let mut puts = Vec::with_capacity(append.events.len() + append.rows.len() + 4);
        for (event, at) in append.events.iter().zip(append.expected.0 + 1..) {
            let value = codec::event(event, append.at);
            puts.push((key::event(&place, Version(at)), Some(value)));
        }
        puts.extend(rows(Some(&tenant), &append.rows));
        if let Some(state) = &append.snapshot {
            let value = codec::versioned(version, state);
            puts.push((key::snapshot(&stream), Some(value)));
        }
        let settled = append.settles.iter().map(|at| (key::outbox(*at), None));
        puts.extend(settled);
        let noted = |HeardAt { id, version }| {
            let named = key::heard(&tenant, &stream.service, id);
            let note = codec::heard(&named.name, &stream.key, version, append.at);
            (named, note)
        };
        let heard = append.heard.into_iter().map(noted).collect();
        let reply = append.reply.map(|(asked, reply)| {
            let named = key::reply(&tenant, &asked);
            let kept = codec::reply(&named.name, &reply);
            (named, kept)
        });
        Ok(Self {
            generation: append.generation,
            expected: append.expected,
            version,
            place,
            heard,
            reply,
            outbox: append.outbox.iter().map(posted).collect(),
            public: append
                .public
                .iter()
                .map(|(key, message)| codec::public(key, message))
                .collect(),
            puts,
            tenant,
            stream,
        })
    }
}

fn posted(entry: &OutboxEntry) -> (Option<Timestamp>, Slice) {
    (entry.due, codec::entry(entry))
}

/// Writes of rows as keys and values.
pub(crate) fn rows(tenant: Option<&Tenant>, writes: &[RowWrite]) -> impl Iterator<Item = Put> {
    writes.iter().map(move |write| {
        let value = write.row.as_ref().map(|row| codec::versioned(write.version, row));
        (key::row(write.table, tenant, &write.key), value)
    })
}

impl PreparedLetter {
    pub(crate) fn of(outbox: Option<OutboxKey>, letter: &DeadLetter) -> Self {
        let id = letter.errand.message().id;
        Self {
            outbox: outbox.map(key::outbox),
            place: key::dead_place(id),
            key: key::dead(letter.at, id),
            value: codec::letter(letter),
        }
    }
}

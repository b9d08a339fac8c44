//! What was acknowledged, and whether a store still has it.

use std::{collections::BTreeMap, time::Duration};

use base_fault::Fault;
use base_ids::{Generation, MessageId, StreamName, Version};
use base_time::Timestamp;
use cell_kernel::Table;
use cell_runtime::port::{
    Append, Errand, Fence, Message, NewEvent, OutboxEntry, Reply, ReplyKey, RowWrite, Scope, Stores,
};

pub(crate) const TABLE: Table = Table { service: "carts", name: "summary" };
const GENERATION: Generation = Generation(1);
const NOON: Timestamp = Timestamp::from_millis(1_795_262_400_000);

pub(crate) const STREAMS_MAX: usize = 32;

/// Highest acknowledged version by stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(BTreeMap<String, u64>);

/// Opens the fences of all streams that the tests write.
pub(crate) async fn own_all(stores: &Stores) -> Result<(), Fault> {
    let scopes = (0..STREAMS_MAX).map(|number| Scope::Slot(stream(number).tenant.slot()));
    let fences = scopes.map(|scope| (scope, Fence::Open(GENERATION)));
    stores.fences.set(fences.collect()).await.map(drop)
}

pub(crate) fn stream(number: usize) -> StreamName {
    format!("users/u{number}/carts/main").parse().unwrap()
}

/// An append of one event with a row, a message for one and for all, and a kept answer. Everything in it follows from the version.
pub(crate) fn append(stream: &StreamName, expected: u64) -> Append {
    let version = Version(expected + 1);
    Append {
        stream: stream.clone(),
        generation: GENERATION,
        expected: Version(expected),
        at: NOON,
        events: vec![NewEvent {
            kind: "line_added",
            body: body(stream, version),
            cause: Some(b"{}".to_vec()),
        }],
        rows: vec![RowWrite {
            table: TABLE,
            key: "main".to_owned(),
            row: Some(body(stream, version)),
            version,
        }],
        outbox: vec![OutboxEntry {
            errand: Errand::Perform { message: message(stream, version) },
            due: None,
            tries: 0,
        }],
        public: vec![(stream.to_string(), message(stream, version))],
        reply: Some((key(version), reply(version))),
        heard: Vec::new(),
        settles: Vec::new(),
        snapshot: None,
    }
}

fn body(stream: &StreamName, version: Version) -> Vec<u8> {
    format!("{{\"of\":\"{stream}\",\"n\":{version},\"pad\":\"{}\"}}", "x".repeat(200)).into_bytes()
}

fn message(stream: &StreamName, version: Version) -> Message {
    Message {
        id: MessageId::derived(stream, version, 0),
        from: stream.clone(),
        version,
        kind: "souk.carts.v1.LineAdded".to_owned(),
        body: version.0.to_le_bytes().to_vec(),
        at: NOON,
        trace: None,
    }
}

fn key(version: Version) -> ReplyKey {
    ReplyKey { caller: "users/u".to_owned(), key: version.to_string() }
}

fn reply(version: Version) -> Reply {
    let until = NOON.after(Duration::from_hours(24));
    Reply { request: 7, answer: Ok(vec![1, 2, 3]), version, until }
}

/// What is wrong with a store that opened: a fault is loud, a difference is silent.
pub(crate) enum Wrong {
    Loud(Fault),
    Silent(String),
}

impl Wrong {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Loud(fault) => format!("a read failed: {fault:?}"),
            Self::Silent(what) => format!("silently wrong: {what}"),
        }
    }
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self::Loud(fault)
    }
}

impl Ledger {
    pub(crate) fn acknowledged(&mut self, stream: impl Into<String>, version: u64) {
        let known = self.0.entry(stream.into()).or_default();
        *known = version.max(*known);
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.values().sum()
    }

    /// Reads everything that was acknowledged, and whether nothing is half there. Takes what is there beyond it, which is allowed, into the ledger.
    pub(crate) async fn check(&mut self, stores: &Stores) -> Result<(), Wrong> {
        // Of a stream nothing may have been acknowledged although it has events: a group is synced before anybody hears of it.
        for number in 0..STREAMS_MAX {
            self.0.entry(stream(number).to_string()).or_default();
        }
        let mut told = 0;
        for (name, acknowledged) in &mut self.0 {
            let stream: StreamName = name.parse().unwrap();
            let found = check_stream(stores, &stream, *acknowledged).await?;
            *acknowledged = found;
            told += found;
        }
        let public = stores.public.after(0, usize::MAX).await?;
        let positions_fine = public.iter().map(|(at, _)| *at).eq(1..=told);
        if !positions_fine || *stores.public.head().borrow() != told {
            return silent(format!("{told} messages were told, {} are there", public.len()));
        }
        let posted = stores.outbox.due(NOON, None, usize::MAX).await?.len() as u64;
        if posted != told {
            return silent(format!("{told} errands were posted, {posted} are there"));
        }
        Ok(())
    }
}

fn silent<T>(what: String) -> Result<T, Wrong> {
    Err(Wrong::Silent(what))
}

/// The stream's version, if everything up to it is there.
async fn check_stream(
    stores: &Stores,
    stream: &StreamName,
    acknowledged: u64,
) -> Result<u64, Wrong> {
    let events = stores.journal.events(stream, Version(0), usize::MAX).await?;
    let version = events.len() as u64;
    if version < acknowledged {
        return silent(format!("{stream}: {acknowledged} acknowledged, {version} there"));
    }
    for event in &events {
        if event.body != body(stream, event.version) {
            return silent(format!("{stream}@{}: another body", event.version));
        }
        let kept = stores.journal.reply(&stream.tenant, &key(event.version)).await?;
        if kept != Some(reply(event.version)) {
            return silent(format!("{stream}@{}: another answer", event.version));
        }
    }
    let row = stores.rows.row(TABLE, Some(&stream.tenant), "main").await?;
    if row.map_or(0, |row| row.version.0) != version {
        return silent(format!("{stream}: its row is of another version"));
    }
    Ok(version)
}

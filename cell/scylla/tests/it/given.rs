//! What the tests start from: owned streams, and the smallest appends.

use base_ids::{Generation, MessageId, StreamName, Version};
use base_time::Timestamp;
use cell_runtime::port::{
    Append, Appended, Errand, Fence, Message, NewEvent, OutboxEntry, RowWrite, Scope, Stores,
};

pub(crate) const OWNED: Generation = Generation(3);
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_795_262_400_000);
pub(crate) const TABLE: cell_kernel::Table =
    cell_kernel::Table { service: "carts", name: "summary" };

pub(crate) async fn owned(stores: &Stores, name: &str) -> StreamName {
    let stream: StreamName = name.parse().unwrap();
    let fence = (Scope::Slot(stream.tenant.slot()), Fence::Open(OWNED));
    stores.fences.set(vec![fence]).await.unwrap();
    stream
}

pub(crate) fn events(stream: &StreamName, expected: u64, count: u64) -> Append {
    let event = |version| NewEvent {
        kind: "line_added",
        body: format!("{{\"n\":{version}}}").into_bytes(),
        cause: None,
    };
    Append {
        stream: stream.clone(),
        generation: OWNED,
        expected: Version(expected),
        at: NOON,
        events: (expected + 1..=expected + count).map(event).collect(),
        rows: Vec::new(),
        outbox: Vec::new(),
        public: Vec::new(),
        reply: None,
        heard: Vec::new(),
        settles: Vec::new(),
        snapshot: None,
    }
}

pub(crate) fn message(from: &StreamName, number: u64) -> Message {
    Message {
        id: MessageId::derived(from, Version(number), 0),
        from: from.clone(),
        version: Version(number),
        kind: "souk.carts.v1.LineAdded".to_owned(),
        body: vec![0, 255, 7],
        at: NOON,
        trace: None,
    }
}

pub(crate) fn deliver(from: &StreamName, number: u64, due: Option<Timestamp>) -> OutboxEntry {
    let errand = Errand::Deliver {
        to: "vendors/atlas".parse().unwrap(),
        service: "inventory".to_owned(),
        message: message(from, number),
    };
    OutboxEntry { errand, due, tries: 0 }
}

/// An append of one event that changes a row, tells one tenant and everyone, and sets a timer.
pub(crate) fn full(stream: &StreamName, expected: u64) -> Append {
    let number = expected + 1;
    let row = RowWrite {
        table: TABLE,
        key: stream.key.to_string(),
        row: Some(number.to_string().into_bytes()),
        version: Version(number),
    };
    Append {
        rows: vec![row],
        outbox: vec![
            deliver(stream, number, None),
            deliver(stream, 1_000 + number, Some(NOON.after(std::time::Duration::from_mins(5)))),
        ],
        public: vec![(stream.key.to_string(), message(stream, number))],
        ..events(stream, expected, 1)
    }
}

pub(crate) async fn done(stores: &Stores, append: Append) -> u64 {
    match stores.journal.append(append).await.unwrap() {
        Appended::Done { commit } => commit,
        ended => panic!("{ended:?}"),
    }
}

pub(crate) async fn version(stores: &Stores, stream: &StreamName) -> Version {
    let events = stores.journal.events(stream, Version(0), usize::MAX).await.unwrap();
    events.last().map_or(Version(0), |event| event.version)
}

/// The row that [`full`] writes, as text.
pub(crate) async fn row(stores: &Stores, stream: &StreamName) -> Option<String> {
    let row = stores.rows.row(TABLE, Some(&stream.tenant), &stream.key).await.unwrap();
    row.map(|row| String::from_utf8(row.row).unwrap())
}

/// How many messages are due at once.
pub(crate) async fn due(stores: &Stores) -> usize {
    stores.outbox.due(NOON, None, 99).await.unwrap().len()
}

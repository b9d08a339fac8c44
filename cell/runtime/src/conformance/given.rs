//! What the laws start from: tenants that are owned, and the smallest appends, messages and entries.

use base_fault::Fault;
use base_ids::{Generation, MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::Table;

use crate::port::{
    Append, Appended, Errand, Fence, HeardAt, Message, NewEvent, OutboxEntry, Reply, ReplyKey,
    RowWrite, Scope, Stores,
};

/// The generation under which the laws own their tenants.
pub(super) const OWNED: Generation = Generation(3);
/// When the laws take place.
pub(super) const NOON: Timestamp = Timestamp::from_millis(1_795_262_400_000);
pub(super) const TABLE: Table = Table { service: "carts", name: "summary" };

pub(super) fn stream(name: &str) -> StreamName {
    name.parse().expect("the laws name streams correctly")
}

pub(super) fn tenant(name: &str) -> Tenant {
    name.parse().expect("the laws name tenants correctly")
}

/// Opens the fence of a tenant's slot.
pub(super) async fn own(stores: &Stores, tenant: &Tenant) {
    let fence = (Scope::Slot(tenant.slot()), Fence::Open(OWNED));
    fine(stores.fences.set(vec![fence]).await);
}

/// A stream whose tenant is owned.
pub(super) async fn owned(stores: &Stores, name: &str) -> StreamName {
    let stream = stream(name);
    own(stores, &stream.tenant).await;
    stream
}

/// The answer of a store from which no fault is expected.
#[track_caller]
pub(super) fn fine<T>(answer: Result<T, Fault>) -> T {
    answer.expect("a whole store answers without a fault")
}

/// An append of nothing.
pub(super) fn empty(stream: &StreamName, expected: u64) -> Append {
    Append {
        stream: stream.clone(),
        generation: OWNED,
        expected: Version(expected),
        at: NOON,
        events: Vec::new(),
        rows: Vec::new(),
        outbox: Vec::new(),
        public: Vec::new(),
        reply: None,
        heard: Vec::new(),
        settles: Vec::new(),
        snapshot: None,
    }
}

/// An append of `count` events.
pub(super) fn events(stream: &StreamName, expected: u64, count: u64) -> Append {
    let event = |version| NewEvent {
        kind: "line_added",
        body: format!("{{\"n\":{version}}}").into_bytes(),
        cause: (version == expected + count).then(|| b"{}".to_vec()),
    };
    Append {
        events: (expected + 1..=expected + count).map(event).collect(),
        ..empty(stream, expected)
    }
}

/// Appends and insists that it was done. Returns the commit.
pub(super) async fn done(stores: &Stores, append: Append) -> u64 {
    let ended = fine(stores.journal.append(append).await);
    let Appended::Done { commit } = ended else {
        unreachable!("an append that nothing speaks against is done, not {ended:?}");
    };
    commit
}

pub(super) async fn version(stores: &Stores, stream: &StreamName) -> Version {
    let events = fine(stores.journal.events(stream, Version(0), usize::MAX).await);
    events.last().map_or(Version(0), |event| event.version)
}

pub(super) fn message(from: &StreamName, number: u64) -> Message {
    Message {
        id: MessageId::derived(from, Version(number), 0),
        from: from.clone(),
        version: Version(number),
        kind: "souk.carts.v1.LineAdded".to_owned(),
        body: vec![0, 255, 7],
        at: NOON,
        trace: Some([9; 16]),
    }
}

/// The message of that number, heard at that version.
pub(super) fn heard_at(from: &StreamName, number: u64, version: u64) -> HeardAt {
    HeardAt { id: message(from, number).id, version: Version(version) }
}

pub(super) fn deliver(from: &StreamName, number: u64, due: Option<Timestamp>) -> OutboxEntry {
    OutboxEntry {
        errand: Errand::Deliver {
            to: tenant("vendors/atlas"),
            service: "inventory".to_owned(),
            message: message(from, number),
        },
        due,
        tries: 0,
    }
}

pub(super) fn key(key: &str) -> ReplyKey {
    ReplyKey { caller: "users/a".to_owned(), key: key.to_owned() }
}

pub(super) fn reply(request: u128, until: Timestamp) -> Reply {
    Reply { request, answer: Ok(vec![1, 0, 255]), version: Version(1), until }
}

pub(super) fn row(key: &str, row: Option<&str>) -> RowWrite {
    RowWrite {
        table: TABLE,
        key: key.to_owned(),
        row: row.map(|row| row.as_bytes().to_vec()),
        version: Version(1),
    }
}

//! The layout of keys.
//!
//! Everything lies in one sorted tree. The first byte is the kind; what belongs to a tenant goes on with its slot (2 bytes) and its
//! name, closed by a zero byte, so that a tenant's and a slot's part of each kind is one range. Numbers are big-endian, so that they
//! sort. Names of tenants, services and tables never hold a zero byte.
//!
//! One tree and not one per kind, because a tree is what is flushed as a whole: whatever is lost of the log behind it is then lost of
//! every kind, and the ring of group records ([`crate::ring`]) notices.

use base_ids::{CellId, MessageId, Slot, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::Table;
use cell_runtime::port::{OutboxKey, ReplyKey, Scope};
use fjall::Slice;
use xxhash_rust::xxh3::xxh3_128;

/// What a key is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Birth = b'A',
    Ring = b'B',
    Cursor = b'C',
    Dead = b'D',
    Event = b'E',
    Fence = b'F',
    Heard = b'H',
    DeadPlace = b'I',
    Snapshot = b'N',
    Outbox = b'O',
    Public = b'P',
    PublicNewest = b'Q',
    Row = b'R',
    ReplicaRow = b'S',
    PublicTidied = b'T',
    Reply = b'Y',
}

const END: u8 = 0;

/// Builds a key piece by piece.
struct Key(Vec<u8>);

impl Key {
    fn of(kind: Kind) -> Self {
        let mut bytes = Vec::with_capacity(112);
        bytes.push(kind as u8);
        Self(bytes)
    }

    fn tenant(self, tenant: &Tenant) -> Self {
        self.number(&tenant.slot().0.to_be_bytes()).text(tenant.as_str())
    }

    fn text(mut self, text: &str) -> Self {
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(END);
        self
    }

    /// The last piece needs no end.
    fn rest(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn number(self, big_endian: &[u8]) -> Self {
        self.rest(big_endian)
    }

    fn done(self) -> Slice {
        Slice::from(self.0)
    }
}

/// The store's own name, written once.
pub(crate) fn birth() -> Slice {
    Key::of(Kind::Birth).done()
}

pub(crate) fn ring(place: u32) -> Slice {
    Key::of(Kind::Ring).number(&place.to_be_bytes()).done()
}

fn stream(kind: Kind, stream: &StreamName) -> Key {
    Key::of(kind).tenant(&stream.tenant).text(&stream.service).text(&stream.key)
}

/// What all events of a stream start with; it is also the stream's name in the writer's memory.
pub(crate) fn events(name: &StreamName) -> Slice {
    stream(Kind::Event, name).done()
}

/// The range of a tenant's events, of one service if given.
pub(crate) fn events_of(tenant: &Tenant, service: Option<&str>) -> Vec<u8> {
    let key = Key::of(Kind::Event).tenant(tenant);
    service.map_or(key.0.clone(), |service| key.text(service).0)
}

/// Reads service and key back from an event's key, given the length of its tenant's prefix.
pub(crate) fn stream_of_event(key: &[u8], tenant_prefix: usize) -> Option<(&str, &str)> {
    let path = key.get(tenant_prefix..key.len().checked_sub(size_of::<u64>())?)?;
    let mut parts = path.split(|byte| *byte == END);
    let service = std::str::from_utf8(parts.next()?).ok()?;
    let key = std::str::from_utf8(parts.next()?).ok()?;
    Some((service, key))
}

pub(crate) fn snapshot(name: &StreamName) -> Slice {
    stream(Kind::Snapshot, name).done()
}

/// The place of a stream's event, given what all its events start with; [`Version`] 0 is in front of all of them.
pub(crate) fn event(events: &[u8], version: Version) -> Slice {
    let mut key = Vec::with_capacity(events.len() + size_of::<u64>());
    key.extend_from_slice(events);
    key.extend_from_slice(&version.0.to_be_bytes());
    Slice::from(key)
}

pub(crate) fn version_of_event(key: &[u8]) -> Option<Version> {
    Some(Version(u64::from_be_bytes(*key.last_chunk()?)))
}

/// A place that is only ever looked up by its whole name. It lies under the name's hash, behind the slot, which makes a key of 19 bytes:
/// those lie in the memtable's nodes themselves, and two of them are told apart by their first bytes. Names of a hundred bytes that
/// begin alike made half of the writer's work. The value repeats the name, so that a hash that is met twice is no harm.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) place: Slice,
    pub(crate) name: Vec<u8>,
}

impl Named {
    fn new(kind: Kind, tenant: &Tenant, name: Vec<u8>) -> Self {
        let slot = tenant.slot().0.to_be_bytes();
        let hash = xxh3_128(&name).to_be_bytes();
        Self { place: Key::of(kind).number(&slot).number(&hash).done(), name }
    }
}

/// Where it is noted which message is the newest of a key and kind.
pub(crate) fn newest_public(key: &str, kind: &str) -> Named {
    let name = [key, kind].join("\0").into_bytes();
    let hash = xxh3_128(&name).to_be_bytes();
    Named { place: Key::of(Kind::PublicNewest).number(&hash).done(), name }
}

/// How far superseded messages of the public log have been forgotten.
pub(crate) fn public_tidied() -> Slice {
    Key::of(Kind::PublicTidied).done()
}

pub(crate) fn heard(tenant: &Tenant, service: &str, id: MessageId) -> Named {
    let name = [tenant.as_str(), service, ""].join("\0").into_bytes();
    Named::new(Kind::Heard, tenant, [&name, id.0.as_bytes().as_slice()].concat())
}

/// The caller may hold any byte, so its length stands in front.
pub(crate) fn reply(tenant: &Tenant, key: &ReplyKey) -> Named {
    let name = format!("{tenant}\0{}\0{}{}", key.caller.len(), key.caller, key.key);
    Named::new(Kind::Reply, tenant, name.into_bytes())
}

/// What all rows of a table start with; a row's own key follows as it is.
pub(crate) fn rows(table: Table, tenant: Option<&Tenant>) -> Vec<u8> {
    let key = match tenant {
        Some(tenant) => Key::of(Kind::Row).tenant(tenant),
        None => Key::of(Kind::ReplicaRow),
    };
    key.text(table.service).text(table.name).0
}

pub(crate) fn row(table: Table, tenant: Option<&Tenant>, key: &str) -> Slice {
    let mut bytes = rows(table, tenant);
    bytes.extend_from_slice(key.as_bytes());
    Slice::from(bytes)
}

pub(crate) fn outbox(key: OutboxKey) -> Slice {
    Key::of(Kind::Outbox)
        .number(&key.due_ms.to_be_bytes())
        .number(&key.commit.to_be_bytes())
        .number(&key.ordinal.to_be_bytes())
        .done()
}

pub(crate) fn outbox_key(bytes: &[u8]) -> Option<OutboxKey> {
    let (due_ms, rest) = bytes.get(1..)?.split_first_chunk()?;
    let (commit, rest) = rest.split_first_chunk()?;
    Some(OutboxKey {
        due_ms: u64::from_be_bytes(*due_ms),
        commit: u64::from_be_bytes(*commit),
        ordinal: u16::from_be_bytes(rest.try_into().ok()?),
    })
}

/// Dead letters in the order in which they were given up.
pub(crate) fn dead(at: Timestamp, id: MessageId) -> Slice {
    // The sign bit flipped, times before 1970 sort in front.
    let at = at.as_millis().cast_unsigned() ^ (1 << 63);
    Key::of(Kind::Dead).number(&at.to_be_bytes()).number(id.0.as_bytes()).done()
}

/// Where a message lies among the dead letters.
pub(crate) fn dead_place(id: MessageId) -> Slice {
    Key::of(Kind::DeadPlace).number(id.0.as_bytes()).done()
}

pub(crate) fn public(position: u64) -> Slice {
    Key::of(Kind::Public).number(&position.to_be_bytes()).done()
}

pub(crate) fn position_of_public(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*key.last_chunk()?))
}

pub(crate) fn cursor(source: &CellId) -> Slice {
    Key::of(Kind::Cursor).rest(source.as_str().as_bytes()).done()
}

pub(crate) fn fence(scope: &Scope) -> Slice {
    let key = Key::of(Kind::Fence);
    match scope {
        Scope::Slot(slot) => key.number(&[0]).number(&slot.0.to_be_bytes()).done(),
        Scope::Tenant(tenant) => key.number(&[1]).rest(tenant.as_str().as_bytes()).done(),
    }
}

pub(crate) fn scope_of_fence(key: &[u8]) -> Option<Scope> {
    let (placed_by_name, rest) = key.get(1..)?.split_first()?;
    if *placed_by_name == 0 {
        let slot = u16::from_be_bytes(rest.try_into().ok()?);
        Some(Scope::Slot(Slot(slot)))
    } else {
        let tenant = std::str::from_utf8(rest).ok()?.parse().ok()?;
        Some(Scope::Tenant(tenant))
    }
}

/// The first key behind all that start with `prefix`; `None` if there is none.
pub(crate) fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use base_ids::{StreamName, Version};
    use cell_runtime::port::OutboxKey;

    use super::{
        behind, event, events, events_of, outbox, outbox_key, stream_of_event, version_of_event,
    };

    #[test]
    fn keys_sort_as_what_they_stand_for() {
        let stream: StreamName = "users/a/carts/main".parse().unwrap();
        let place = |version| event(&events(&stream), Version(version));
        assert!(place(255) < place(256));
        assert_eq!(version_of_event(&place(9)), Some(Version(9)));
        let key = |due_ms, commit| OutboxKey { due_ms, commit, ordinal: 3 };
        assert!(outbox(key(0, 900)) < outbox(key(7, 1)));
        assert_eq!(outbox_key(&outbox(key(7, 1))), Some(key(7, 1)));
    }

    #[test]
    fn an_event_reads_back_as_its_stream() {
        let stream: StreamName = "users/a/carts/main".parse().unwrap();
        let place = event(&events(&stream), Version(u64::from_be_bytes([0; 8])));
        let prefix = events_of(&stream.tenant, None).len();
        assert_eq!(stream_of_event(&place, prefix), Some(("carts", "main")));
    }

    #[test]
    fn the_end_of_a_prefix_is_behind_all_its_keys_and_in_front_of_the_next() {
        assert_eq!(behind(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(behind(&[b'a', 0xff, 0xff]), Some(b"b".to_vec()));
        assert_eq!(behind(&[0xff, 0xff]), None);
    }
}

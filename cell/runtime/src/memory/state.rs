//! What the stores remember, and the rules of each write; pure and synchronous.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::Arc,
};

use base_ids::{CellId, Generation, MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{RowBytes, Table};

use crate::port::{
    Append, Appended, DeadLetter, Fence, HEARD_KEPT, HeardAt, Loaded, Message, OutboxEntry,
    OutboxKey, Reply, ReplyKey, RowWrite, Scope, StoredEvent,
};

/// Rows of one table, of one tenant or of nobody.
pub(super) type RowsOf = BTreeMap<String, (Version, Vec<u8>)>;

/// A row with where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowOf {
    /// In which table.
    pub table: Table,
    /// Whose; `None` in a replica.
    pub tenant: Option<Tenant>,
    /// The row.
    pub row: RowBytes,
}

#[derive(Clone, Default)]
pub(super) struct State {
    commit: u64,
    streams: BTreeMap<Tenant, BTreeMap<String, Stream>>,
    rows: BTreeMap<(Table, Option<Tenant>), RowsOf>,
    heard: HashMap<(Tenant, String, MessageId), Note>,
    replies: HashMap<(Tenant, ReplyKey), Reply>,
    pub(super) outbox: BTreeMap<OutboxKey, OutboxEntry>,
    dead: BTreeMap<(Timestamp, MessageId), DeadLetter>,
    /// Messages for everyone with their keys, by position. The newest is never forgotten.
    public: BTreeMap<u64, (String, Message)>,
    cursors: BTreeMap<CellId, u64>,
    /// Shared by the copies of a disk: a table may fence tens of thousands of slots.
    pub(super) fences: Arc<BTreeMap<Scope, Fence>>,
}

#[derive(Clone)]
struct Stream {
    name: StreamName,
    events: Vec<StoredEvent>,
    snapshot: Option<(Version, Vec<u8>)>,
}

/// Where and when a message was heard.
#[derive(Clone)]
struct Note {
    stream: StreamName,
    version: Version,
    at: Timestamp,
}

impl State {
    pub(super) fn append(&mut self, append: Append) -> Appended {
        if let Err(refused) = self.check(&append) {
            return refused;
        }
        self.commit += 1;
        let commit = self.commit;
        let Append { stream, at, events, .. } = append;
        let version = Version(append.expected.0 + events.len() as u64);
        let tenant = stream.tenant.clone();
        if !events.is_empty() || append.snapshot.is_some() {
            let kept = self
                .streams
                .entry(tenant.clone())
                .or_default()
                .entry(path(&stream))
                .or_insert_with(|| Stream::new(stream.clone()));
            for event in events {
                let number = Version(kept.events.len() as u64 + 1);
                kept.events.push(StoredEvent {
                    version: number,
                    kind: event.kind.to_owned(),
                    at,
                    body: event.body,
                    cause: event.cause,
                });
            }
            if let Some(snapshot) = append.snapshot {
                kept.snapshot = Some((version, snapshot));
            }
        }
        self.write_rows(Some(&tenant), append.rows);
        for (ordinal, entry) in (0..).zip(append.outbox) {
            let key = OutboxKey::posted(entry.due, commit, ordinal);
            self.outbox.insert(key, entry);
        }
        self.public.extend((self.public_head() + 1..).zip(append.public));
        if let Some((key, reply)) = append.reply {
            self.replies.insert((tenant.clone(), key), reply);
        }
        for HeardAt { id, version } in append.heard {
            let key = (tenant.clone(), stream.service.as_ref().to_owned(), id);
            let note = Note { stream: stream.clone(), version, at };
            self.heard.insert(key, note);
        }
        for key in append.settles {
            self.outbox.remove(&key);
        }
        Appended::Done { commit }
    }

    /// The order of the checks is part of the contract: fence, heard, reply, version.
    fn check(&self, append: &Append) -> Result<(), Appended> {
        let stream = &append.stream;
        let tenant = &stream.tenant;
        if !self.may_write(tenant, append.generation) {
            return Err(Appended::Fenced);
        }
        let before = |heard: &HeardAt| self.heard(tenant, &stream.service, heard.id);
        if let Some((stream, version)) = append.heard.iter().find_map(before) {
            return Err(Appended::AlreadyHeard { stream, version });
        }
        if let Some((key, _)) = &append.reply
            && let Some(reply) = self.replies.get(&(tenant.clone(), key.clone()))
        {
            return Err(Appended::AlreadyReplied(reply.clone()));
        }
        let head = self.version(stream);
        if head == append.expected { Ok(()) } else { Err(Appended::Conflict { head }) }
    }

    fn may_write(&self, tenant: &Tenant, generation: Generation) -> bool {
        matches!(self.fence(tenant), Some(Fence::Open(owner)) if owner == generation)
    }

    pub(super) fn fence(&self, tenant: &Tenant) -> Option<Fence> {
        self.fences
            .get(&Scope::Tenant(tenant.clone()))
            .or_else(|| self.fences.get(&Scope::Slot(tenant.slot())))
            .copied()
    }

    pub(super) fn set_fence(&mut self, scope: Scope, fence: Fence) -> bool {
        let wins = fence.replaces(self.fences.get(&scope).copied());
        if wins {
            Arc::make_mut(&mut self.fences).insert(scope, fence);
        }
        wins
    }

    fn stream(&self, name: &StreamName) -> Option<&Stream> {
        self.streams.get(&name.tenant)?.get(&path(name))
    }

    fn version(&self, name: &StreamName) -> Version {
        Version(self.stream(name).map_or(0, |s| s.events.len() as u64))
    }

    pub(super) fn load(&self, name: &StreamName, after: Version) -> Loaded {
        let Some(stream) = self.stream(name) else {
            return Loaded::default();
        };
        let snapshot = stream.snapshot.clone().filter(|(at, _)| *at > after);
        let from = snapshot.as_ref().map_or(after, |(at, _)| *at);
        Loaded { events: self.events(name, from, usize::MAX), snapshot }
    }

    pub(super) fn events(
        &self,
        name: &StreamName,
        after: Version,
        limit: usize,
    ) -> Vec<StoredEvent> {
        let skipped = usize::try_from(after.0).unwrap_or(usize::MAX);
        self.stream(name)
            .into_iter()
            .flat_map(|stream| stream.events.iter().skip(skipped).take(limit).cloned())
            .collect()
    }

    pub(super) fn heard(
        &self,
        tenant: &Tenant,
        service: &str,
        id: MessageId,
    ) -> Option<(StreamName, Version)> {
        let note = self.heard.get(&(tenant.clone(), service.to_owned(), id))?;
        Some((note.stream.clone(), note.version))
    }

    pub(super) fn reply(&self, tenant: &Tenant, key: &ReplyKey) -> Option<Reply> {
        self.replies.get(&(tenant.clone(), key.clone())).cloned()
    }

    pub(super) fn public_head(&self) -> u64 {
        self.public.last_key_value().map_or(0, |(position, _)| *position)
    }

    pub(super) fn public_after(&self, position: u64, limit: usize) -> Vec<(u64, Message)> {
        self.public
            .range((Bound::Excluded(position), Bound::Unbounded))
            .take(limit)
            .map(|(position, (_, message))| (*position, message.clone()))
            .collect()
    }

    pub(super) fn forget_superseded(&mut self, keep: u64) -> usize {
        let end = self.public_head().saturating_sub(keep);
        let mut newest = HashSet::new();
        let superseded: Vec<u64> = self
            .public
            .range(..=end)
            .rev()
            .filter(|(_, (key, message))| !newest.insert((key, &message.kind)))
            .map(|(position, _)| *position)
            .collect();
        for position in &superseded {
            self.public.remove(position);
        }
        superseded.len()
    }

    pub(super) fn cursor(&self, source: &CellId) -> u64 {
        self.cursors.get(source).copied().unwrap_or(0)
    }

    pub(super) fn follow(
        &mut self,
        source: &CellId,
        from: u64,
        to: u64,
        rows: Vec<RowWrite>,
    ) -> bool {
        if self.cursor(source) != from {
            return false;
        }
        self.write_rows(None, rows);
        self.cursors.insert(source.clone(), to);
        true
    }

    pub(super) fn streams(
        &self,
        tenant: &Tenant,
        service: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<(StreamName, Version)> {
        self.streams
            .get(tenant)
            .into_iter()
            .flat_map(BTreeMap::values)
            .filter(|stream| service.is_none_or(|service| &*stream.name.service == service))
            .filter(|stream| after.is_none_or(|after| stream.name.to_string().as_str() > after))
            .filter_map(Stream::listed)
            .take(limit)
            .collect()
    }

    pub(super) fn all_streams(&self) -> Vec<(StreamName, Version)> {
        self.streams.values().flat_map(BTreeMap::values).filter_map(Stream::listed).collect()
    }

    pub(super) fn all_rows(&self) -> Vec<RowOf> {
        let of_table = |((table, tenant), rows): (&(Table, Option<Tenant>), &RowsOf)| {
            let row = |(key, (version, row)): (&String, &(Version, Vec<u8>))| RowOf {
                table: *table,
                tenant: tenant.clone(),
                row: RowBytes { key: key.clone(), version: *version, row: row.clone() },
            };
            rows.iter().map(row).collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(of_table).collect()
    }

    fn write_rows(&mut self, tenant: Option<&Tenant>, writes: Vec<RowWrite>) {
        for write in writes {
            let rows = self.rows.entry((write.table, tenant.cloned())).or_default();
            match write.row {
                Some(row) => rows.insert(write.key, (write.version, row)),
                None => rows.remove(&write.key),
            };
        }
    }

    pub(super) fn rows_of(&self, table: Table, tenant: Option<&Tenant>) -> Option<&RowsOf> {
        self.rows.get(&(table, tenant.cloned()))
    }

    pub(super) fn park(&mut self, key: Option<OutboxKey>, letter: DeadLetter) {
        let id = letter.errand.message().id;
        if let Some(key) = key {
            self.outbox.remove(&key);
        }
        if self.dead_at(id).is_none() {
            self.dead.insert((letter.at, id), letter);
        }
    }

    fn dead_at(&self, id: MessageId) -> Option<(Timestamp, MessageId)> {
        self.dead.keys().find(|(_, dead)| *dead == id).copied()
    }

    pub(super) fn dead(&self, limit: usize) -> Vec<DeadLetter> {
        self.dead.values().take(limit).cloned().collect()
    }

    pub(super) fn drop_dead(&mut self, id: MessageId) -> Option<DeadLetter> {
        let key = self.dead_at(id)?;
        self.dead.remove(&key)
    }

    pub(super) fn replay(&mut self, id: MessageId) -> bool {
        let Some(letter) = self.drop_dead(id) else {
            return false;
        };
        self.commit += 1;
        let entry = OutboxEntry { errand: letter.errand, due: None, tries: 0 };
        self.outbox.insert(OutboxKey::posted(None, self.commit, 0), entry);
        true
    }

    pub(super) fn sweep(&mut self, now: Timestamp) -> usize {
        let before = self.replies.len() + self.heard.len();
        self.replies.retain(|_, reply| reply.until > now);
        self.heard.retain(|_, note| note.at.after(HEARD_KEPT) > now);
        before - self.replies.len() - self.heard.len()
    }
}

impl Stream {
    fn new(name: StreamName) -> Self {
        Self { name, events: Vec::new(), snapshot: None }
    }

    fn listed(&self) -> Option<(StreamName, Version)> {
        let version = Version(self.events.len() as u64);
        (version > Version(0)).then(|| (self.name.clone(), version))
    }
}

/// A stream's place among its tenant's; sorts as the names do.
fn path(stream: &StreamName) -> String {
    format!("{}/{}", stream.service, stream.key)
}

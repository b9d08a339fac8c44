//! The ports over the shared state, as one process has them open.

use std::{
    ops::Bound,
    sync::{Arc, atomic::Ordering},
};

use base_fault::Fault;
use base_ids::{CellId, MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::{Answer, RowBytes, RowSource, Table};
use tokio::sync::watch;

use super::{
    Disk, Injected, Write,
    faults::{answer_lost, failed_before, process_dead},
    state::{RowsOf, State},
};
use crate::port::{
    Append, Appended, DeadLetter, Fence, Fences, Journal, Loaded, Message, OutboxEntry, OutboxKey,
    OutboxStore, PublicLog, Reply, ReplyKey, RowWrite, Scope, StoredEvent,
};

/// The disk as one process has it open.
pub(super) struct Opened {
    disk: Arc<Disk>,
    session: u64,
}

impl Opened {
    pub(super) fn new(disk: Arc<Disk>, session: u64) -> Self {
        Self { disk, session }
    }

    fn alive(&self) -> Result<(), Fault> {
        if self.session > self.disk.dead.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(process_dead())
        }
    }

    // Reads and writes happen when the answer is awaited: a call that is dropped unpolled never happened.
    fn read<'a, T: Send + 'a>(
        &'a self,
        read: impl FnOnce(&State) -> T + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            self.alive()?;
            Ok(read(&self.disk.state.lock()))
        })
    }

    /// Where a write meets its bad day: refused before it happens, or let in to be finished as injected.
    fn enter(&self, write: &Write<'_>) -> Result<Injected, Fault> {
        self.alive()?;
        let number = self.disk.steps.fetch_add(1, Ordering::Relaxed);
        let faults = self.disk.faults.lock().clone();
        let met = faults.map_or(Injected::Proceed, |faults| faults.decide(write, number));
        match met {
            Injected::FailBefore => Err(failed_before()),
            Injected::Halt { written: false } => {
                self.disk.halt();
                Err(process_dead())
            }
            met => Ok(met),
        }
    }

    fn finish<T>(&self, met: Injected, write: impl FnOnce(&mut State) -> T) -> Result<T, Fault> {
        let (answer, head) = {
            let mut state = self.disk.state.lock();
            (write(&mut state), state.public_head())
        };
        self.disk.public_head.send_if_modified(|seen| std::mem::replace(seen, head) != head);
        match met {
            Injected::LoseAnswerAfter => Err(answer_lost()),
            Injected::Halt { .. } => {
                self.disk.halt();
                Err(process_dead())
            }
            Injected::Proceed | Injected::FailBefore => Ok(answer),
        }
    }
}

impl Journal for Opened {
    fn append(&self, append: Append) -> Answer<'_, Appended> {
        Box::pin(async move {
            let met = self.enter(&Write::Append(&append))?;
            self.finish(met, |state| state.append(append))
        })
    }

    fn load<'a>(&'a self, stream: &'a StreamName, after: Version) -> Answer<'a, Loaded> {
        self.read(move |state| state.load(stream, after))
    }

    fn events<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> Answer<'a, Vec<StoredEvent>> {
        self.read(move |state| state.events(stream, after, limit))
    }

    fn heard<'a>(
        &'a self,
        tenant: &'a Tenant,
        service: &'a str,
        id: MessageId,
    ) -> Answer<'a, Option<(StreamName, Version)>> {
        self.read(move |state| state.heard(tenant, service, id))
    }

    fn reply<'a>(&'a self, tenant: &'a Tenant, key: &'a ReplyKey) -> Answer<'a, Option<Reply>> {
        self.read(move |state| state.reply(tenant, key))
    }

    fn streams<'a>(
        &'a self,
        tenant: &'a Tenant,
        service: Option<&'a str>,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Vec<(StreamName, Version)>> {
        self.read(move |state| state.streams(tenant, service, after, limit))
    }

    fn sweep(&self, now: Timestamp) -> Answer<'_, usize> {
        Box::pin(async move {
            let met = self.enter(&Write::Sweep)?;
            self.finish(met, |state| state.sweep(now))
        })
    }
}

impl RowSource for Opened {
    fn row<'a>(
        &'a self,
        table: Table,
        tenant: Option<&'a Tenant>,
        key: &'a str,
    ) -> Answer<'a, Option<RowBytes>> {
        self.read(move |state| {
            let (version, row) = state.rows_of(table, tenant)?.get(key)?;
            Some(row_bytes(key, *version, row))
        })
    }

    fn rows<'a>(
        &'a self,
        table: Table,
        tenant: Option<&'a Tenant>,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
        newest_first: bool,
    ) -> Answer<'a, Vec<RowBytes>> {
        self.read(move |state| {
            let Some(rows) = state.rows_of(table, tenant) else {
                return Vec::new();
            };
            if newest_first {
                backwards(rows, prefix, after, limit)
            } else {
                forwards(rows, prefix, after, limit)
            }
        })
    }
}

fn forwards(rows: &RowsOf, prefix: &str, after: Option<&str>, limit: usize) -> Vec<RowBytes> {
    let start = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    rows.range::<str, _>((start, Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(prefix))
        .take(limit)
        .map(|(key, (version, row))| row_bytes(key, *version, row))
        .collect()
}

fn backwards(rows: &RowsOf, prefix: &str, after: Option<&str>, limit: usize) -> Vec<RowBytes> {
    // No string is the first behind all that start with the prefix, so those behind are skipped one by one.
    let end = after.map_or(Bound::Unbounded, Bound::Excluded);
    rows.range::<str, _>((Bound::Unbounded, end))
        .rev()
        .skip_while(|(key, _)| key.as_str() > prefix && !key.starts_with(prefix))
        .take_while(|(key, _)| key.starts_with(prefix))
        .take(limit)
        .map(|(key, (version, row))| row_bytes(key, *version, row))
        .collect()
}

fn row_bytes(key: &str, version: Version, row: &[u8]) -> RowBytes {
    RowBytes { key: key.to_owned(), version, row: row.to_vec() }
}

impl OutboxStore for Opened {
    fn due(
        &self,
        now: Timestamp,
        after: Option<OutboxKey>,
        limit: usize,
    ) -> Answer<'_, Vec<(OutboxKey, OutboxEntry)>> {
        self.read(move |state| {
            let start = after.map_or(Bound::Unbounded, Bound::Excluded);
            state
                .outbox
                .range((start, Bound::Unbounded))
                .take_while(|(key, _)| key.due_ms <= OutboxKey::due_ms_of(Some(now)))
                .take(limit)
                .map(|(key, entry)| (*key, entry.clone()))
                .collect()
        })
    }

    fn next_due(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.read(move |state| {
            let last_due = OutboxKey {
                due_ms: OutboxKey::due_ms_of(Some(now)),
                commit: u64::MAX,
                ordinal: u16::MAX,
            };
            let (key, _) =
                state.outbox.range((Bound::Excluded(last_due), Bound::Unbounded)).next()?;
            Some(key.due())
        })
    }

    fn settle(&self, keys: Vec<OutboxKey>) -> Answer<'_, ()> {
        Box::pin(async move {
            let met = self.enter(&Write::Settle(&keys))?;
            self.finish(met, |state| {
                for key in &keys {
                    state.outbox.remove(key);
                }
            })
        })
    }

    fn park(&self, key: Option<OutboxKey>, letter: DeadLetter) -> Answer<'_, ()> {
        Box::pin(async move {
            let met = self.enter(&Write::Park(&letter))?;
            self.finish(met, |state| state.park(key, letter))
        })
    }

    fn dead(&self, limit: usize) -> Answer<'_, Vec<DeadLetter>> {
        self.read(move |state| state.dead(limit))
    }

    fn replay(&self, id: MessageId) -> Answer<'_, bool> {
        Box::pin(async move {
            let met = self.enter(&Write::Unpark)?;
            self.finish(met, |state| state.replay(id))
        })
    }

    fn drop_dead(&self, id: MessageId) -> Answer<'_, bool> {
        Box::pin(async move {
            let met = self.enter(&Write::Unpark)?;
            self.finish(met, |state| state.drop_dead(id).is_some())
        })
    }
}

impl PublicLog for Opened {
    fn after(&self, position: u64, limit: usize) -> Answer<'_, Vec<(u64, Message)>> {
        self.read(move |state| state.public_after(position, limit))
    }

    fn forget_superseded(&self, keep: u64) -> Answer<'_, usize> {
        Box::pin(async move {
            let met = self.enter(&Write::ForgetSuperseded)?;
            self.finish(met, |state| state.forget_superseded(keep))
        })
    }

    fn head(&self) -> watch::Receiver<u64> {
        self.disk.public_head.subscribe()
    }

    fn cursor<'a>(&'a self, source: &'a CellId) -> Answer<'a, u64> {
        self.read(move |state| state.cursor(source))
    }

    fn apply<'a>(
        &'a self,
        source: &'a CellId,
        from: u64,
        to: u64,
        rows: Vec<RowWrite>,
    ) -> Answer<'a, bool> {
        Box::pin(async move {
            let met = self.enter(&Write::Apply(source))?;
            self.finish(met, |state| state.follow(source, from, to, rows))
        })
    }
}

impl Fences for Opened {
    fn set(&self, fences: Vec<(Scope, Fence)>) -> Answer<'_, usize> {
        Box::pin(async move {
            let met = self.enter(&Write::Fence(&fences))?;
            self.finish(met, |state| {
                let set = |(scope, fence)| state.set_fence(scope, fence);
                fences.into_iter().map(set).filter(|set| *set).count()
            })
        })
    }

    fn of<'a>(&'a self, tenant: &'a Tenant) -> Answer<'a, Option<Fence>> {
        self.read(move |state| state.fence(tenant))
    }

    fn all(&self) -> Answer<'_, Vec<(Scope, Fence)>> {
        self.read(move |state| {
            let owned = |(scope, fence): (&Scope, &Fence)| (scope.clone(), *fence);
            state.fences.iter().map(owned).collect()
        })
    }
}

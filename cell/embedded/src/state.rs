//! What the open store shares between its callers and its writer thread.

use std::sync::atomic::{AtomicU64, Ordering};

use base_fault::{Code, Fault};
use fjall::{AbstractTree as _, Database, Keyspace};
use parking_lot::RwLock;
use tokio::sync::watch;

use crate::{fences::FenceMap, pace::Pace};

pub(crate) struct Shared {
    pub(crate) database: Database,
    /// The one tree in which everything lies.
    pub(crate) tree: Keyspace,
    /// As of the last synced group; the writer has its own, which may be a group ahead.
    pub(crate) fences: RwLock<FenceMap>,
    pub(crate) public_head: watch::Sender<u64>,
    pub(crate) broken: watch::Sender<Option<Fault>>,
    pub(crate) counters: Counters,
    pub(crate) pace: Pace,
}

/// Counted since the store was opened.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) appends: AtomicU64,
    pub(crate) events: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) syncs: AtomicU64,
}

/// What the store has done since it was opened; for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Appends that became durable.
    pub appends: u64,
    /// Events in them.
    pub events: u64,
    /// Groups of writes that shared a sync.
    pub groups: u64,
    /// Syncs of any file.
    pub syncs: u64,
}

impl Counters {
    pub(crate) fn read(&self) -> Activity {
        Activity {
            appends: self.appends.load(Ordering::Relaxed),
            events: self.events.load(Ordering::Relaxed),
            groups: self.groups.load(Ordering::Relaxed),
            syncs: self.syncs.load(Ordering::Relaxed),
        }
    }
}

impl Shared {
    /// A fault if the store is broken: then what it reads and what is on the disk may differ, so it serves nothing.
    pub(crate) fn whole(&self) -> Result<(), Fault> {
        match &*self.broken.borrow() {
            None => Ok(()),
            Some(fault) => Err(fault.clone()),
        }
    }

    /// Whether tables are being written out or merged.
    pub(crate) fn is_tidying(&self) -> bool {
        self.database.active_compactions() > 0 || self.tree.tree.sealed_memtable_count() > 0
    }

    /// Breaks the store for good; the first reason stays.
    pub(crate) fn break_down(&self, reason: Fault) {
        self.broken.send_if_modified(|broken| {
            let first = broken.is_none();
            if first {
                tracing::error!(
                    error = base_fault::chain(&reason),
                    "the store is broken; the process must end and start again"
                );
                *broken = Some(reason);
            }
            first
        });
    }
}

/// The fault of a read that failed, which is damage that a checksum found: only this read fails.
pub(crate) fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::ours(Code::StoreBroken, "a part of the store cannot be read; restore it from a backup")
        .because(error)
}

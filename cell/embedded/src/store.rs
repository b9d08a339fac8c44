//! The open store, and how it is asked.

use std::{sync::Arc, thread::JoinHandle};

use base_fault::{Code, Fault, Retry, Source};
use cell_kernel::Answer;
use cell_runtime::port::Stores;
use fjall::{Readable as _, Snapshot};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    config::Config,
    fences::FenceMap,
    op::{Op, Reply},
    open::{self, Hold},
    pace::{Durations, Pace, Phase},
    refusal::OpenRefusal,
    state::{Activity, Counters, Shared, unreadable},
    writer::{self, Start},
};

/// The embedded engine, open. Cheap to clone; the directory is let go when the last clone is dropped.
#[derive(Clone)]
pub struct Embedded(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    queue: Mutex<Option<mpsc::Sender<Op>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    // Last, so that the directory is let go after everything else.
    _hold: Hold,
}

impl Embedded {
    /// Opens the store in `config.directory`, or makes a new one there. Blocks while it reads the log.
    pub fn open(config: &Config) -> Result<Self, OpenRefusal> {
        let opened = open::open(config)?;
        let shared = Arc::new(Shared {
            database: opened.database,
            tree: opened.tree,
            fences: RwLock::new(opened.fences.clone()),
            public_head: watch::Sender::new(opened.public_head),
            broken: watch::Sender::new(None),
            counters: Counters::default(),
            pace: Pace::default(),
        });
        let (queue, ops) = mpsc::channel(config.queue_max.max(1));
        let start = Start {
            shared: shared.clone(),
            mark: opened.mark,
            last: opened.last,
            public_head: opened.public_head,
            fences: opened.fences,
            group_max: config.group_max,
            memtable_bytes: config.memtable_bytes.max(1 << 20),
        };
        let writer =
            writer::spawn(start, ops).map_err(|error| OpenRefusal::io(&config.directory, error))?;
        Ok(Self(Arc::new(Inner {
            shared,
            queue: Mutex::new(Some(queue)),
            writer: Mutex::new(Some(writer)),
            _hold: opened.hold,
        })))
    }

    /// The ports.
    pub fn stores(&self) -> Stores {
        let ports = Arc::new(self.clone());
        Stores {
            journal: ports.clone(),
            rows: ports.clone(),
            outbox: ports.clone(),
            public: ports.clone(),
            fences: ports,
            shared: false,
        }
    }

    /// `Some` when a write has failed: every call fails from then on, and the process should end with this reason and start again.
    pub fn broken(&self) -> watch::Receiver<Option<Fault>> {
        self.0.shared.broken.subscribe()
    }

    /// What the store has done since it was opened.
    pub fn activity(&self) -> Activity {
        self.0.shared.counters.read()
    }

    /// How long the writer's groups have spent in a phase since the store was opened.
    pub fn pace(&self, phase: Phase) -> Durations {
        self.0.shared.pace.read(phase)
    }

    /// Waits for all writes that were asked for, syncs, and refuses later ones. Reads go on.
    pub async fn close(&self) -> Result<(), Fault> {
        let queue = self.0.queue.lock().take();
        match queue {
            None => Ok(()),
            Some(queue) => ask(queue, Op::Close).await,
        }
    }

    /// Has the writer do something and waits until it is durable.
    pub(crate) fn write<'a, T: Send + 'a>(
        &'a self,
        op: impl FnOnce(Reply<T>) -> Op + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move {
            self.0.shared.whole()?;
            let queue = self.0.queue.lock().clone();
            ask(queue.ok_or_else(closed)?, op).await
        })
    }

    /// Reads in place, on the thread of whoever asks.
    ///
    /// A point read that finds its block in memory costs about a microsecond, a page of rows some tens; handing either to a pool of
    /// blocking threads costs more than that in wake-ups alone. What misses memory waits for one read of 4 KiB. So pages and points
    /// are read in place, and only what has no small bound is handed over ([`Embedded::read_long`]).
    pub(crate) fn read<'a, T: Send + 'a>(
        &'a self,
        read: impl FnOnce(&View<'_>) -> Result<T, Fault> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move { self.0.shared.view(read) })
    }

    /// Reads on a thread that may block, for what has no small bound.
    pub(crate) fn read_long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&View<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<'_, T> {
        let shared = self.0.shared.clone();
        Box::pin(async move {
            tokio::task::spawn_blocking(move || shared.view(read)).await.map_err(|error| {
                Fault::ours(Code::Internal, "a long read ended without an answer").because(error)
            })?
        })
    }

    pub(crate) fn public_head(&self) -> watch::Receiver<u64> {
        self.0.shared.public_head.subscribe()
    }

    pub(crate) fn fences<T>(&self, read: impl FnOnce(&FenceMap) -> T) -> Result<T, Fault> {
        self.0.shared.whole()?;
        Ok(read(&self.0.shared.fences.read()))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The queue's end is what the thread waits for.
        drop(self.queue.lock().take());
        if let Some(writer) = self.writer.lock().take() {
            // It ends by itself; a panic in it has been told.
            let _ = writer.join();
        }
    }
}

async fn ask<T>(queue: mpsc::Sender<Op>, op: impl FnOnce(Reply<T>) -> Op) -> Result<T, Fault> {
    let (reply, answer) = oneshot::channel();
    if queue.send(op(reply)).await.is_err() {
        return Err(closed());
    }
    answer.await.unwrap_or_else(|_| {
        Err(Fault::new(
            Code::OutcomeUnknown,
            Source::Us,
            Retry::Same,
            "the store's writer ended before it answered",
        ))
    })
}

fn closed() -> Fault {
    Fault::ours(Code::StoreBroken, "the store is closed")
}

impl Shared {
    fn view<T>(&self, read: impl FnOnce(&View<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        self.whole()?;
        let view = View { shared: self, snapshot: self.database.snapshot() };
        read(&view)
    }
}

/// The store at one moment: a group is seen whole or not at all.
pub(crate) struct View<'a> {
    shared: &'a Shared,
    snapshot: Snapshot,
}

impl View<'_> {
    pub(crate) fn get(&self, place: impl AsRef<[u8]>) -> Result<Option<fjall::Slice>, Fault> {
        self.snapshot.get(&self.shared.tree, place).map_err(unreadable)
    }

    /// Keys and values in a range of keys, in both directions.
    pub(crate) fn range(
        &self,
        range: impl std::ops::RangeBounds<Vec<u8>>,
    ) -> impl DoubleEndedIterator<Item = Result<(fjall::Slice, fjall::Slice), Fault>> {
        self.snapshot
            .range(&self.shared.tree, range)
            .map(|guard| guard.into_inner().map_err(unreadable))
    }
}

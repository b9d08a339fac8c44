//! The stores in memory: the twin of the embedded engine for tests and the deterministic simulation, with injected bad days.
//!
//! Everything is ready at once: no thread, no sleep, no blocking. The contents live in a handle that outlives the runtime above it,
//! as a disk outlives a process: [`MemoryStores::stores`] is a process opening that disk.

mod faults;
mod ports;
mod state;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use base_ids::{StreamName, Version};
use parking_lot::Mutex;
use tokio::sync::watch;

pub use faults::{Faults, Injected, Write};

pub use state::RowOf;

use self::{ports::Opened, state::State};
use crate::port::{OutboxEntry, OutboxKey, Stores};

/// Stores that live as long as a clone of this handle.
#[derive(Clone)]
pub struct MemoryStores {
    disk: Arc<Disk>,
}

/// What survives a crash, and the knobs of the bad days.
struct Disk {
    state: Mutex<State>,
    public_head: watch::Sender<u64>,
    faults: Mutex<Option<Faults>>,
    /// Writes begun so far.
    steps: AtomicU64,
    /// Processes that opened the disk so far.
    opened: AtomicU64,
    /// All processes up to this one are dead.
    dead: AtomicU64,
}

impl Disk {
    fn with(state: State) -> Self {
        let head = state.public_head();
        Self {
            state: Mutex::new(state),
            public_head: watch::Sender::new(head),
            faults: Mutex::default(),
            steps: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            dead: AtomicU64::new(0),
        }
    }
}

impl Default for MemoryStores {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStores {
    /// Empty stores on which every day is good.
    pub fn new() -> Self {
        Self { disk: Arc::new(Disk::with(State::default())) }
    }

    /// A copy of the disk as it is now, which nobody has open and on which every day is good: another future of the same past.
    pub fn fork(&self) -> Self {
        let state = self.disk.state.lock().clone();
        Self { disk: Arc::new(Disk::with(state)) }
    }

    /// The ports, as one process opens them. After a [`MemoryStores::halt`], what was opened before it stays dead and what is opened
    /// after it lives.
    pub fn stores(&self) -> Stores {
        let session = self.disk.opened.fetch_add(1, Ordering::Relaxed) + 1;
        let opened = Arc::new(Opened::new(self.disk.clone(), session));
        Stores {
            journal: opened.clone(),
            rows: opened.clone(),
            outbox: opened.clone(),
            public: opened.clone(),
            fences: opened,
            shared: false,
        }
    }

    /// Asks `faults` before each write from now on; `None` makes every day good again.
    pub fn inject(&self, faults: Option<Faults>) {
        *self.disk.faults.lock() = faults;
    }

    /// Kills every process that has the stores open: all their later calls fail.
    pub fn halt(&self) {
        self.disk.halt();
    }

    /// How many writes were begun: the number that the next write's hook is given, and the length of a crash-point enumeration.
    pub fn steps(&self) -> u64 {
        self.disk.steps.load(Ordering::Relaxed)
    }

    /// Every stream of every tenant with its version, in order of their names; for checks over the whole cell.
    pub fn all_streams(&self) -> Vec<(StreamName, Version)> {
        self.disk.state.lock().all_streams()
    }

    /// Every row of every view and replica, by table, tenant and key; for checks over the whole cell.
    pub fn all_rows(&self) -> Vec<RowOf> {
        self.disk.state.lock().all_rows()
    }

    /// Everything in the outbox, due or not; for checks over the whole cell.
    pub fn outbox(&self) -> Vec<(OutboxKey, OutboxEntry)> {
        let state = self.disk.state.lock();
        state.outbox.iter().map(|(key, entry)| (*key, entry.clone())).collect()
    }
}

impl Disk {
    fn halt(&self) {
        let opened = self.opened.load(Ordering::Relaxed);
        self.dead.store(opened, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use super::{Faults, Injected, MemoryStores};
    use crate::{
        conformance::{self, BadDay, Subject},
        port::Stores,
    };

    struct Twin {
        disk: MemoryStores,
        open: Stores,
    }

    impl Subject for Twin {
        fn stores(&self) -> Stores {
            self.open.clone()
        }

        async fn reopen(&mut self) {
            self.disk.halt();
            self.open = self.disk.stores();
        }

        fn inject(&self, day: BadDay) -> bool {
            let met = match day {
                BadDay::FailBefore => Injected::FailBefore,
                BadDay::LoseAnswer => Injected::LoseAnswerAfter,
            };
            let fresh = Arc::new(AtomicBool::new(true));
            self.disk.inject(Some(Faults::before_append(move |_, _| {
                if fresh.swap(false, Ordering::Relaxed) { met } else { Injected::Proceed }
            })));
            true
        }
    }

    #[tokio::test]
    async fn the_stores_in_memory_keep_every_law() {
        let laws = conformance::all(async || {
            let disk = MemoryStores::new();
            let open = disk.stores();
            Twin { disk, open }
        })
        .await;
        assert_eq!(laws, 33);
    }

    #[tokio::test]
    async fn a_halt_kills_who_has_the_stores_open_and_nobody_after() {
        for written in [false, true] {
            let disk = MemoryStores::new();
            let before = disk.stores();
            disk.inject(Some(Faults::at(1, Injected::Halt { written })));
            let fences = |slot| {
                vec![(
                    crate::port::Scope::Slot(base_ids::Slot(slot)),
                    crate::port::Fence::Open(base_ids::Generation(1)),
                )]
            };
            assert!(before.fences.set(fences(1)).await.is_ok());
            assert!(before.fences.set(fences(2)).await.is_err());
            assert!(before.fences.all().await.is_err(), "it is dead");
            let after = disk.stores();
            let kept = after.fences.all().await.unwrap().len();
            assert_eq!(kept, if written { 2 } else { 1 });
            assert_eq!(disk.steps(), 2);
        }
    }
}

//! Whole cells in one process, in virtual time, on disks that outlive them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base_ids::{CellId, Epoch, Generation, Slot, Tenant};
use base_time::{Clock, Timestamp};
use cell_runtime::{
    Cell, Metrics, Parts, Seals,
    local::{LocalMesh, Passage, Wires},
    memory::{Faults, Injected, MemoryStores},
};
use parking_lot::Mutex;
use router_table::{Draft, Pod, Route, Snapshot, Table};
use tokio::sync::mpsc;

use crate::{
    bank::{Bank, Ledger},
    chance::{Chance, Ids},
    clock::{BEGINNING, VirtualClock},
    days::{AWAY, AWAY_LONG, Days, WireDay, WriteDay},
    outside, post,
};

/// How many cells there are.
pub(crate) const CELLS: usize = 3;
/// How much later a late message arrives, and a very late one.
const LATE: Duration = Duration::from_secs(3);
const VERY_LATE: Duration = Duration::from_mins(20);

/// The cell in which a slot lives: slots go round the cells.
pub(crate) fn home_of(slot: Slot) -> usize {
    slot.index() % CELLS
}

/// What lasts: disks, the provider's books, the day. A fleet runs on it; it can be copied, and each copy has its own future.
pub(crate) struct World {
    disks: Vec<MemoryStores>,
    table: Snapshot,
    books: Ledger,
    now: Timestamp,
    seed: u64,
}

impl World {
    /// An empty world.
    pub(crate) fn empty(seed: u64) -> Self {
        Self {
            disks: (0..CELLS).map(|_| MemoryStores::new()).collect(),
            table: Snapshot::new(table()),
            books: Ledger::default(),
            now: BEGINNING,
            seed,
        }
    }

    /// The same past with another future, in which chance falls as the seed says.
    pub(crate) fn fork(&self, seed: u64) -> Self {
        Self {
            disks: self.disks.iter().map(MemoryStores::fork).collect(),
            table: self.table.clone(),
            books: self.books.clone(),
            now: self.now,
            seed,
        }
    }
}

/// How much has happened since a fleet began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Writes of each cell.
    pub writes: Vec<u64>,
    /// Messages that crossed a wire.
    pub messages: u64,
    /// Calls to the card provider.
    pub calls: u64,
}

/// Running cells. Clones share them.
#[derive(Clone)]
pub(crate) struct Fleet(Arc<Inner>);

struct Inner {
    wires: Wires,
    world: World,
    clock: Arc<dyn Clock>,
    ids: Ids,
    bank: Bank,
    crashed: mpsc::UnboundedSender<(usize, Duration)>,
    down: Mutex<[bool; CELLS]>,
    /// Cells that are down, and events of the provider that are on their way.
    unrest: AtomicUsize,
}

impl Fleet {
    /// Starts all cells on a world. Call it inside a runtime whose time is paused.
    pub(crate) fn start(world: World, days: &Arc<dyn Days>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::at(world.now));
        let ids = Ids::new(Chance::of(world.seed), Arc::clone(&clock));
        let bank = Bank::new(world.books.clone(), Arc::clone(&clock), Arc::clone(days));
        let (crashed, crashes) = mpsc::unbounded_channel();
        let inner = Inner {
            wires: Wires::default(),
            world,
            clock,
            ids,
            bank,
            crashed,
            down: Mutex::default(),
            unrest: AtomicUsize::new(0),
        };
        let fleet = Self(Arc::new(inner));
        fleet.expose_to(days);
        (0..CELLS).for_each(|number| fleet.boot(number));
        tokio::spawn(keep_running(fleet.clone(), crashes));
        tokio::spawn(post::deliver(fleet.clone()));
        fleet
    }

    fn expose_to(&self, days: &Arc<dyn Days>) {
        for (number, disk) in self.0.world.disks.iter().enumerate() {
            let (fleet, days) = (self.clone(), Arc::clone(days));
            disk.inject(Some(Faults::new(move |_, step| {
                let crash = |written, away| {
                    fleet.crashed(number, away);
                    Injected::Halt { written }
                };
                match days.write(number, step) {
                    None => Injected::Proceed,
                    Some(WriteDay::CrashBefore) => crash(false, AWAY),
                    Some(WriteDay::CrashAfter) => crash(true, AWAY),
                    Some(WriteDay::CrashLong) => crash(true, AWAY_LONG),
                    Some(WriteDay::LostAnswer) => Injected::LoseAnswerAfter,
                    Some(WriteDay::Refused) => Injected::FailBefore,
                }
            })));
        }
        let wires = Arc::clone(days);
        self.0.wires.on_passage(Some(Arc::new(move |_, _, number| match wires.message(number) {
            None => match wires.latency() {
                Duration::ZERO => Passage::Once,
                latency => Passage::Slow(latency),
            },
            Some(WireDay::Twice) => Passage::Twice,
            Some(WireDay::Late) => Passage::After(LATE),
            Some(WireDay::VeryLate) => Passage::After(VERY_LATE),
            Some(WireDay::AnswerLost) => Passage::AnswerLost,
        })));
        let fleet = self.clone();
        self.0.bank.on_crash(Some(Box::new(move |subject| {
            let number = home_of(subject.user.slot());
            fleet.0.world.disks[number].halt();
            fleet.crashed(number, AWAY);
        })));
    }

    fn crashed(&self, number: usize, away: Duration) {
        if std::mem::replace(&mut self.0.down.lock()[number], true) {
            return;
        }
        self.restless(1);
        // Whoever keeps the cells running ends with the fleet only.
        let _ = self.0.crashed.send((number, away));
    }

    /// Starts a cell on its disk.
    fn boot(&self, number: usize) {
        let stores = self.0.world.disks[number].stores();
        let services = outside::services(&self.0.bank, &stores);
        let parts = Parts {
            id: cell_id(number),
            config: outside::runtime(),
            stores,
            clock: Arc::clone(&self.0.clock),
            table: self.0.world.table.clone(),
            mesh: Arc::new(LocalMesh(self.0.wires.clone())),
            queue: None,
            feed: None,
            hears: true,
            follows: true,
            mint: self.0.ids.mint(),
            seals: Seals::new(&[7; 32]),
            metrics: Metrics::default(),
        };
        self.0.wires.connect(cell_id(number), Cell::start(parts, services));
    }

    /// Kills a cell and starts it again on its disk.
    pub(crate) async fn restart(&self, number: usize) {
        self.0.world.disks[number].halt();
        if let Some(cell) = self.0.wires.disconnect(&cell_id(number)) {
            cell.stop().await;
        }
        self.boot(number);
    }

    /// Kills a cell, and starts it again later.
    pub(crate) fn kill(&self, number: usize) {
        self.0.world.disks[number].halt();
        self.crashed(number, AWAY);
    }

    /// Stops everything; what the world has come to.
    pub(crate) async fn stop(self) -> World {
        for disk in &self.0.world.disks {
            disk.inject(None);
        }
        self.0.wires.on_passage(None);
        self.0.bank.on_crash(None);
        for number in 0..CELLS {
            if let Some(cell) = self.0.wires.disconnect(&cell_id(number)) {
                cell.stop().await;
            }
        }
        let Inner { world, bank, clock, .. } = &*self.0;
        World {
            disks: world.disks.iter().map(MemoryStores::fork).collect(),
            table: world.table.clone(),
            books: bank.books(),
            now: clock.now(),
            seed: world.seed,
        }
    }

    /// How much has happened.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            writes: self.disks().iter().map(MemoryStores::steps).collect(),
            messages: self.0.wires.passed(),
            calls: self.0.bank.calls(),
        }
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The disks, cell by cell.
    pub(crate) fn disks(&self) -> &[MemoryStores] {
        &self.0.world.disks
    }

    /// The cell with this number, if it lives.
    pub(crate) fn cell(&self, number: usize) -> Option<Cell> {
        self.0.wires.cell(&cell_id(number))
    }

    /// The cells that live.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Cell> {
        (0..CELLS).filter_map(|number| self.cell(number))
    }

    /// The number of the cell that owns a tenant.
    pub(crate) fn home(&self, tenant: &Tenant) -> usize {
        match self.0.world.table.load().route(tenant.as_str()) {
            Route::To { owner, .. } => owner.index,
            Route::Unheld => unreachable!("every slot is held"),
        }
    }

    pub(crate) fn bank(&self) -> &Bank {
        &self.0.bank
    }

    /// One more reason (or one less) not to be at rest.
    pub(crate) fn restless(&self, more: usize) {
        self.0.unrest.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn calmer(&self, less: usize) {
        self.0.unrest.fetch_sub(less, Ordering::Relaxed);
    }

    pub(crate) fn unrest(&self) -> usize {
        self.0.unrest.load(Ordering::Relaxed)
    }
}

/// Starts crashed cells again after their time away.
async fn keep_running(fleet: Fleet, mut crashes: mpsc::UnboundedReceiver<(usize, Duration)>) {
    while let Some((number, away)) = crashes.recv().await {
        let fleet = fleet.clone();
        tokio::spawn(async move {
            if let Some(cell) = fleet.0.wires.disconnect(&cell_id(number)) {
                cell.stop().await;
            }
            tokio::time::sleep(away).await;
            fleet.0.down.lock()[number] = false;
            fleet.boot(number);
            fleet.calmer(1);
        });
    }
}

/// The name of the cell with this number.
pub(crate) fn cell_id(number: usize) -> CellId {
    format!("cell-{number}").parse().expect("a cell's number makes a cell's name")
}

fn table() -> Table {
    let mut draft = Draft::new(Epoch(1));
    let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let owners: Vec<_> = (0..CELLS)
        .map(|number| {
            draft.cell(router_table::Cell {
                id: cell_id(number),
                pods: vec![Pod::only(nowhere, nowhere, nowhere)],
                signing_keys: Vec::new(),
            })
        })
        .collect();
    for number in 0..=u16::MAX {
        draft.slot(Slot(number), owners[home_of(Slot(number))], Generation(1));
    }
    draft.build().expect("three cells that are listed once make a table")
}

/// Opens the fences of an empty world: from now on each cell may write what it owns.
pub(crate) async fn settle(fleet: &Fleet) -> Result<(), base_fault::Fault> {
    for cell in fleet.cells() {
        cell.adopt(table()).await?;
    }
    Ok(())
}

//! A fleet of cells in one process: stores in memory, a mesh that can be cut, time that stands still until somebody sleeps.

use std::{sync::Arc, time::Duration};

use base_ids::{CellId, Epoch, Generation, Slot, Tenant, Version};
use cell_kernel::Caller;
use cell_runtime::{
    Call, Cell, Config, Metrics, Parts, Seals, Services, Unanswered,
    feed::{Feed, MemoryFeed, Subscriber},
    local::{LocalMesh, Wires},
    memory::MemoryStores,
    port::Stores,
};
use parking_lot::Mutex;
use prost::Message;
use router_table::{Draft, Snapshot, Table};

use crate::toy;

pub(crate) struct Fleet {
    wires: Wires,
    disks: Vec<MemoryStores>,
    start: tokio::time::Instant,
    /// The feed, and how many cells use it.
    feed: (MemoryFeed, usize),
    subscribers: Mutex<Vec<Arc<Subscriber>>>,
}

pub(crate) fn cell_id(number: usize) -> CellId {
    format!("cell-{number}").parse().unwrap()
}

/// Slots go round the cells.
pub(crate) fn table(cells: usize, epoch: u64) -> Table {
    let mut draft = Draft::new(Epoch(epoch));
    let anywhere = "127.0.0.1:1".parse().unwrap();
    let owners: Vec<_> = (0..cells)
        .map(|number| {
            let cell = router_table::Cell {
                id: cell_id(number),
                pods: vec![router_table::Pod::only(anywhere, anywhere, anywhere)],
                signing_keys: Vec::new(),
            };
            draft.cell(cell)
        })
        .collect();
    for slot in 0..=u16::MAX {
        draft.slot(Slot(slot), owners[usize::from(slot) % cells], Generation(1));
    }
    draft.build().unwrap()
}

impl Fleet {
    pub(crate) async fn new(cells: usize) -> Self {
        Self::with_feed(cells, MemoryFeed::default(), 0).await
    }

    /// The first `users` cells use a feed.
    pub(crate) async fn with_feed(cells: usize, feed: MemoryFeed, users: usize) -> Self {
        let disks = (0..cells).map(|_| MemoryStores::new()).collect();
        let fleet = Self {
            wires: Wires::default(),
            disks,
            start: tokio::time::Instant::now(),
            feed: (feed, users),
            subscribers: Mutex::default(),
        };
        for number in 0..cells {
            fleet.boot(number).await;
        }
        fleet
    }

    /// Starts a cell on its disk.
    pub(crate) async fn boot(&self, number: usize) {
        let cell = self.start(number, self.disks[number].stores()).await;
        self.wires.connect(cell_id(number), cell);
    }

    /// Starts another process of a cell, which nobody reaches over the wires.
    pub(crate) async fn pod(&self, number: usize) -> Cell {
        self.start(number, Stores { shared: true, ..self.disks[number].stores() }).await
    }

    async fn start(&self, number: usize, stores: Stores) -> Cell {
        let config = Config { tries_max: 3, snapshot_events_min: 5, ..Config::default() };
        let next = Mutex::new(0_u64);
        let parts = Parts {
            id: cell_id(number),
            config: config.clone(),
            stores,
            clock: Arc::new(toy::TokioClock(self.start)),
            table: Snapshot::new(Table::empty()),
            mesh: Arc::new(LocalMesh(self.wires.clone())),
            queue: None,
            feed: self.join_feed(number),
            hears: true,
            follows: true,
            mint: Arc::new(move || {
                *next.lock() += 1;
                format!("{:032x}", *next.lock())
            }),
            seals: Seals::new(&[7; 32]),
            metrics: Metrics::default(),
        };
        let cell = Cell::start(parts, Services::new(config).with(toy::spec()));
        cell.adopt(table(self.disks.len(), 1)).await.unwrap();
        cell
    }

    fn join_feed(&self, number: usize) -> Option<Arc<dyn Feed>> {
        let (feed, users) = &self.feed;
        (number < *users).then(|| {
            let subscriber = feed.join();
            self.subscribers.lock().push(Arc::clone(&subscriber));
            subscriber as Arc<dyn Feed>
        })
    }

    /// A process that has joined the feed, in the order in which they did.
    pub(crate) fn subscriber(&self, nth: usize) -> Arc<Subscriber> {
        Arc::clone(&self.subscribers.lock()[nth])
    }

    /// Kills a cell: what it had in memory is gone, what it had stored stays.
    pub(crate) async fn kill(&self, number: usize) {
        self.disks[number].halt();
        if let Some(cell) = self.wires.disconnect(&cell_id(number)) {
            cell.stop().await;
        }
    }

    pub(crate) fn cut(&self, number: usize) {
        self.wires.cut(&cell_id(number), true);
    }

    pub(crate) fn mend(&self, number: usize) {
        self.wires.cut(&cell_id(number), false);
    }

    pub(crate) fn wires(&self) -> &Wires {
        &self.wires
    }

    pub(crate) fn disk(&self, number: usize) -> &MemoryStores {
        &self.disks[number]
    }

    pub(crate) fn cell(&self, number: usize) -> Cell {
        self.wires.cell(&cell_id(number)).unwrap()
    }

    /// A user who lives in this cell.
    pub(crate) fn user_in(&self, number: usize, nth: usize) -> Tenant {
        let cells = self.disks.len();
        (0..)
            .map(|id| format!("users/u{id}").parse::<Tenant>().unwrap())
            .filter(|user| user.slot().index() % cells == number)
            .nth(nth)
            .unwrap()
    }

    /// Calls a method at the cell where the tenant lives.
    pub(crate) async fn call<Resp: Message + Default>(
        &self,
        tenant: &Tenant,
        method: &str,
        request: &impl Message,
        key: Option<&str>,
    ) -> Result<(Resp, bool), Unanswered> {
        let home = tenant.slot().index() % self.disks.len();
        let answered = self.cell(home).serve(call(tenant, method, request, key)).await?;
        Ok((Resp::decode(&*answered.response).unwrap(), answered.replayed))
    }

    /// How often a tenant's reminder to look again has come.
    pub(crate) async fn looked(&self, tenant: &Tenant) -> usize {
        let home = tenant.slot().index() % self.disks.len();
        let stream = format!("{tenant}/purses/purse").parse().unwrap();
        let cell = self.cell(home);
        let events = cell.stores().journal.events(&stream, Version(0), 10).await.unwrap();
        events.iter().filter(|event| event.kind == "Looked").count()
    }

    pub(crate) async fn coins(&self, tenant: &Tenant) -> i64 {
        let got = self.call::<toy::Purse>(tenant, "Get", &toy::GetRequest::default(), None).await;
        got.map_or(0, |(purse, _)| purse.coins)
    }
}

pub(crate) fn call(
    tenant: &Tenant,
    method: &str,
    request: &impl Message,
    key: Option<&str>,
) -> Call {
    Call {
        tenant: tenant.clone(),
        method: format!("toy.v1.Purses/{method}").into(),
        request: request.encode_to_vec(),
        caller: Caller::shopper(tenant.clone()),
        idempotency_key: key.map(str::to_owned),
        if_match: None,
        trace: None,
        deadline: Duration::from_secs(30),
    }
}

/// Lets everything come to rest that does not wait longer than this.
pub(crate) async fn rest(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

//! A fleet of cells in one process: stores in memory, a mesh that can be cut, time that stands still until somebody sleeps.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use base_ids::{CellId, Epoch, Generation, Slot, Tenant};
use cell_kernel::{Answer, Caller};
use cell_runtime::{
    Answered, Call, Cell, Config, Metrics, Parts, Services, Unanswered,
    memory::MemoryStores,
    mesh::{Addressed, Delivery, Mesh, PublicBatch},
};
use parking_lot::Mutex;
use prost::Message;
use router_table::{Draft, Snapshot, Table};
use tokio::sync::mpsc;

use crate::toy;

#[derive(Default)]
pub(crate) struct Wires {
    cells: Mutex<HashMap<CellId, Cell>>,
    cut: Mutex<Vec<CellId>>,
}

impl Wires {
    fn reach(&self, cell: &CellId) -> Result<Cell, Fault> {
        let away =
            || Fault::downstream(Code::Unavailable, Duration::ZERO, format!("{cell} is away"));
        if self.cut.lock().contains(cell) {
            return Err(away());
        }
        self.cells.lock().get(cell).cloned().ok_or_else(away)
    }
}

struct LocalMesh(Arc<Wires>);

impl Mesh for LocalMesh {
    fn deliver<'a>(
        &'a self,
        cell: &'a CellId,
        messages: &'a [Addressed],
    ) -> Answer<'a, Vec<Delivery>> {
        Box::pin(async move { Ok(self.0.reach(cell)?.receive(messages.to_vec()).await) })
    }

    fn follow<'a>(
        &'a self,
        cell: &'a CellId,
        after: u64,
    ) -> Answer<'a, mpsc::Receiver<PublicBatch>> {
        Box::pin(async move {
            let public = self.0.reach(cell)?.stores().public.clone();
            let (sender, receiver) = mpsc::channel(1);
            tokio::spawn(async move {
                let (mut after, mut head) = (after, public.head());
                loop {
                    let newest = *head.borrow_and_update();
                    let Ok(messages) = public.after(after, 10).await else { return };
                    after = messages.last().map_or(after, |(position, _)| *position);
                    let done = messages.is_empty();
                    if sender.send(PublicBatch { messages, head: newest }).await.is_err() {
                        return;
                    }
                    if done && head.changed().await.is_err() {
                        return;
                    }
                }
            });
            Ok(receiver)
        })
    }

    fn call<'a>(
        &'a self,
        cell: &'a CellId,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, Unanswered>> + Send + 'a>> {
        Box::pin(async move { self.0.reach(cell)?.serve(call).await })
    }
}

pub(crate) struct Fleet {
    wires: Arc<Wires>,
    disks: Vec<MemoryStores>,
    start: tokio::time::Instant,
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
                edge: anywhere,
                mesh: anywhere,
                admin: anywhere,
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
        let disks = (0..cells).map(|_| MemoryStores::new()).collect();
        let fleet = Self { wires: Arc::default(), disks, start: tokio::time::Instant::now() };
        for number in 0..cells {
            fleet.boot(number).await;
        }
        fleet
    }

    /// Starts a cell on its disk.
    pub(crate) async fn boot(&self, number: usize) {
        let config = Config { tries_max: 3, snapshot_events_min: 5, ..Config::default() };
        let next = Mutex::new(0_u64);
        let parts = Parts {
            id: cell_id(number),
            config: config.clone(),
            stores: self.disks[number].stores(),
            clock: Arc::new(toy::TokioClock(self.start)),
            table: Snapshot::new(Table::empty()),
            mesh: Arc::new(LocalMesh(Arc::clone(&self.wires))),
            mint: Arc::new(move || {
                *next.lock() += 1;
                format!("{:032x}", *next.lock())
            }),
            metrics: Metrics::default(),
        };
        let cell = Cell::start(parts, Services::new(config).with(toy::spec()));
        cell.adopt(table(self.disks.len(), 1)).await.unwrap();
        self.wires.cells.lock().insert(cell_id(number), cell);
    }

    /// Kills a cell: what it had in memory is gone, what it had stored stays.
    pub(crate) async fn kill(&self, number: usize) {
        self.disks[number].halt();
        let cell = self.wires.cells.lock().remove(&cell_id(number));
        if let Some(cell) = cell {
            cell.stop().await;
        }
    }

    pub(crate) fn cut(&self, number: usize) {
        self.wires.cut.lock().push(cell_id(number));
    }

    pub(crate) fn mend(&self) {
        self.wires.cut.lock().clear();
    }

    pub(crate) fn disk(&self, number: usize) -> &MemoryStores {
        &self.disks[number]
    }

    pub(crate) fn cell(&self, number: usize) -> Cell {
        self.wires.cells.lock()[&cell_id(number)].clone()
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
        method: format!("toy.v1.Purses/{method}"),
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

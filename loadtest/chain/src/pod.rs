//! One process of the cell, as far as its stores can tell: opened on the keyspace, and dropped without a word when it dies.

use std::{net::SocketAddr, sync::Arc};

use base_ids::{CellId, Epoch, Generation, Slot, Tenant};
use base_time::SystemClock;
use cell_kernel::Caller;
use cell_runtime::{
    Answered, Call, Cell, Config, Metrics, Parts, Seals, Services, Unanswered,
    local::{LocalMesh, Wires},
};
use cell_scylla::Scylla;
use router_table::{Draft, Snapshot, Table};

use crate::purse;

/// How long a caller waits for one answer.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(10);

/// A process that serves every tenant.
pub(crate) struct Pod {
    pub(crate) cell: Cell,
    pub(crate) store: Scylla,
}

impl Pod {
    /// Opens the stores and starts a cell on them.
    ///
    /// Errors: the keyspace does not open, or its fences cannot be set.
    pub(crate) async fn open(config: &cell_scylla::Config) -> anyhow::Result<Self> {
        let store = Box::pin(Scylla::open(config)).await?;
        // What is tried again is tried again soon: a trial waits for it.
        let runtime = Config { retry_ms_max: 200, outage_ms_max: 500, ..Config::default() };
        let parts = Parts {
            id: id(),
            config: runtime.clone(),
            stores: store.stores(),
            clock: Arc::new(SystemClock),
            table: Snapshot::new(Table::empty()),
            mesh: Arc::new(LocalMesh(Wires::default())),
            queue: None,
            feed: None,
            hears: true,
            follows: true,
            mint: Arc::new(|| uuid::Uuid::now_v7().simple().to_string()),
            seals: Seals::new(&[7; 32]),
            metrics: Metrics::default(),
        };
        let cell = Cell::start(parts, Services::new(runtime).with(purse::spec()));
        cell.adopt(table()).await?;
        Ok(Self { cell, store })
    }

    /// Asks for a change under a key.
    pub(crate) async fn ask(
        &self,
        tenant: &Tenant,
        (method, key): (&str, &str),
        request: &impl prost::Message,
    ) -> Result<Answered, Unanswered> {
        let call = Call {
            tenant: tenant.clone(),
            method: format!("chain.v1.Purses/{method}").into(),
            request: request.encode_to_vec(),
            caller: Caller::shopper(tenant.clone()),
            idempotency_key: Some(key.to_owned()),
            if_match: None,
            trace: None,
            deadline: DEADLINE,
        };
        self.cell.serve(call).await
    }

    /// It is gone, and has told nobody: what runs in memory ends, and nothing of it gets to the engine any more.
    pub(crate) async fn die(self) {
        self.cell.stop().await;
    }

    /// It ends in order.
    ///
    /// Errors: the engine cannot be told.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.cell.stop().await;
        drop(self.cell);
        Ok(self.store.close().await?)
    }
}

fn id() -> CellId {
    "cell-1".parse().expect("the name is valid")
}

/// One cell owns everything.
fn table() -> Table {
    let mut draft = Draft::new(Epoch(1));
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let owner = draft.cell(router_table::Cell {
        id: id(),
        pods: vec![router_table::Pod::only(nowhere, nowhere, nowhere)],
        signing_keys: Vec::new(),
    });
    for slot in 0..=u16::MAX {
        draft.slot(Slot(slot), owner, Generation(1));
    }
    draft.build().expect("one cell makes a table")
}

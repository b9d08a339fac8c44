//! Answers the edge's port with the runtime.

use std::sync::Arc;

use base_ids::{Epoch, Generation, Tenant};
use base_token::Key;
use cell_edge::{Changes, Desk, Keys};
use cell_runtime::{Answered, Call, Cell, Unanswered};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use router_table::Table;

/// The runtime behind the edge.
pub(crate) struct CellDesk {
    cell: Cell,
    keys: Mutex<(u64, Arc<Keys>)>,
}

impl CellDesk {
    /// Serves `cell`.
    pub(crate) fn new(cell: Cell) -> Self {
        Self { cell, keys: Mutex::new((0, Arc::default())) }
    }
}

impl Desk for CellDesk {
    fn serve(&self, call: Call) -> BoxFuture<'_, Result<Answered, Unanswered>> {
        Box::pin(self.cell.serve(call))
    }

    fn watch(&self, call: Call) -> BoxFuture<'_, Result<Changes, Unanswered>> {
        Box::pin(self.cell.watch(call))
    }

    fn owns(&self, tenant: &Tenant, writes: bool) -> Result<(Generation, Epoch), Unanswered> {
        self.cell.owns(tenant, writes)
    }

    fn keys(&self) -> Arc<Keys> {
        let table = self.cell.table();
        let mut known = self.keys.lock();
        if known.0 != table.epoch().0 {
            *known = (table.epoch().0, Arc::new(keys_of(&table)));
        }
        Arc::clone(&known.1)
    }
}

/// The keys of every cell: a token is good wherever it was signed.
fn keys_of(table: &Table) -> Keys {
    let keys = table.cells().iter().flat_map(|cell| &cell.signing_keys);
    keys.map(|key| {
        (key.kid.clone(), Key { public_key: key.public_key, accepted_until: key.accepted_until })
    })
    .collect()
}

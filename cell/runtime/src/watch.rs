//! Tells whoever follows a row that it has changed.

use std::collections::HashMap;

use base_ids::Tenant;
use cell_kernel::Table;
use parking_lot::Mutex;
use tokio::sync::watch;

type Place = (Table, Tenant, String);

/// The rows that somebody follows.
#[derive(Default)]
pub(crate) struct Watched {
    rows: Mutex<HashMap<Place, watch::Sender<()>>>,
}

impl Watched {
    /// A signal of each change of a row from now on.
    pub(crate) fn follow(&self, table: Table, tenant: &Tenant, key: &str) -> watch::Receiver<()> {
        let mut rows = self.rows.lock();
        rows.retain(|_, sender| !sender.is_closed());
        rows.entry((table, tenant.clone(), key.to_owned())).or_default().subscribe()
    }

    /// Signals that rows of a tenant have changed. Called after the commit: whoever began to follow before it is told, and
    /// whoever begins after it reads the row as it is.
    pub(crate) fn changed(&self, tenant: &Tenant, places: Vec<(Table, String)>) {
        let rows = self.rows.lock();
        if rows.is_empty() {
            return;
        }
        for (table, key) in places {
            if let Some(sender) = rows.get(&(table, tenant.clone(), key)) {
                sender.send_replace(());
            }
        }
    }
}

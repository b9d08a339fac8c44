//! The newest table as it goes over the wire, what changed on the way to it, and the digests of those before it.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use base_ids::{CellId, Epoch};
use cp_model::Fleet;
use parking_lot::Mutex;
use router_table::{Changed, InvalidTable, Preference, Table};
use souk_proto_fleet::v1;
use tokio::sync::watch;

use crate::history::History;

/// How many digests of earlier tables are remembered.
const DIGESTS_MAX: usize = 256;

/// A table on its way to all members.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) epoch: Epoch,
    pub(crate) digest: u64,
    table: Table,
    /// The whole as it goes over the wire, once somebody needs it.
    whole: OnceLock<v1::Table>,
}

impl Published {
    fn of(fleet: &Fleet) -> Result<Self, InvalidTable> {
        let table = fleet.table()?;
        let (epoch, digest) = (table.epoch(), table.digest());
        Ok(Self { epoch, digest, table, whole: OnceLock::new() })
    }

    /// The pods of a cell in the order that a tenant prefers; none of a cell that the table does not list.
    pub(crate) fn pods_for(&self, cell: &CellId, tenant_name: &str) -> Preference<'_> {
        self.table.pods_for(self.table.index(cell).unwrap_or(usize::MAX), tenant_name)
    }

    /// The whole table.
    pub(crate) fn update(&self) -> v1::TableUpdate {
        let whole = self.whole.get_or_init(|| v1::Table::from(&self.table));
        v1::TableUpdate { table: Some(whole.clone()), delta: None }
    }
}

/// The newest table, told to everybody who subscribes.
#[derive(Debug)]
pub(crate) struct Tables {
    newest: watch::Sender<Arc<Published>>,
    digests: Mutex<BTreeMap<Epoch, u64>>,
    history: Mutex<History>,
}

impl Tables {
    pub(crate) fn new(fleet: &Fleet) -> Result<Self, InvalidTable> {
        let published = Published::of(fleet)?;
        Ok(Self {
            digests: Mutex::new(BTreeMap::from([(published.epoch, published.digest)])),
            newest: watch::Sender::new(Arc::new(published)),
            history: Mutex::default(),
        })
    }

    /// Publishes the fleet's table if it is newer than the newest one. Returns whether it was.
    pub(crate) fn publish(&self, fleet: &Fleet) -> Result<bool, InvalidTable> {
        if fleet.epoch() <= self.newest().epoch {
            return Ok(false);
        }
        let published = Published::of(fleet)?;
        // Two changes at once may come here in the wrong order; the newer one stays. The lock makes steps of them.
        let mut history = self.history.lock();
        let newest = self.newest();
        if published.epoch <= newest.epoch {
            return Ok(false);
        }
        history.note(&newest.table, &published.table);
        {
            let mut digests = self.digests.lock();
            digests.insert(published.epoch, published.digest);
            while digests.len() > DIGESTS_MAX {
                digests.pop_first();
            }
        }
        self.newest.send_replace(Arc::new(published));
        Ok(true)
    }

    pub(crate) fn newest(&self) -> Arc<Published> {
        Arc::clone(&self.newest.borrow())
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Published>> {
        self.newest.subscribe()
    }

    /// What takes a holder of the table of `since` to the newest one; nothing if that is too long ago, or too much.
    pub(crate) fn delta(&self, since: Epoch) -> Option<v1::TableUpdate> {
        let history = self.history.lock();
        // Under the lock, so that no step is missing between the two.
        let newest = self.newest();
        let changed =
            if since == newest.epoch { Changed::default() } else { history.since(since)? };
        drop(history);
        let delta = newest.table.delta(since, &changed);
        Some(v1::TableUpdate { table: None, delta: Some(v1::TableDelta::from(&delta)) })
    }

    /// Whether a member's table is ours of that epoch. Epoch 0 is no table; one too old to be remembered is not known to differ.
    pub(crate) fn agrees(&self, epoch: Epoch, digest: u64) -> bool {
        if epoch == Epoch(0) {
            return true;
        }
        let newest = self.newest().epoch;
        match self.digests.lock().get(&epoch) {
            Some(ours) => *ours == digest,
            None => epoch < newest,
        }
    }
}

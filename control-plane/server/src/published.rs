//! The newest table as it goes over the wire, and the digests of those before it.

use std::{collections::BTreeMap, sync::Arc};

use base_ids::Epoch;
use cp_model::Fleet;
use parking_lot::Mutex;
use router_table::InvalidTable;
use souk_proto_fleet::v1;
use tokio::sync::watch;

/// How many digests of earlier tables are remembered.
const DIGESTS_MAX: usize = 256;

/// A table on its way to all members.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) epoch: Epoch,
    pub(crate) digest: u64,
    pub(crate) table: v1::Table,
}

impl Published {
    fn of(fleet: &Fleet) -> Result<Self, InvalidTable> {
        let table = fleet.table()?;
        Ok(Self { epoch: table.epoch(), digest: table.digest(), table: v1::Table::from(&table) })
    }

    pub(crate) fn update(&self) -> v1::TableUpdate {
        v1::TableUpdate { table: Some(self.table.clone()) }
    }
}

/// The newest table, told to everybody who subscribes.
#[derive(Debug)]
pub(crate) struct Tables {
    newest: watch::Sender<Arc<Published>>,
    digests: Mutex<BTreeMap<Epoch, u64>>,
}

impl Tables {
    pub(crate) fn new(fleet: &Fleet) -> Result<Self, InvalidTable> {
        let published = Published::of(fleet)?;
        Ok(Self {
            digests: Mutex::new(BTreeMap::from([(published.epoch, published.digest)])),
            newest: watch::Sender::new(Arc::new(published)),
        })
    }

    /// Publishes the fleet's table if it is newer than the newest one. Returns whether it was.
    pub(crate) fn publish(&self, fleet: &Fleet) -> Result<bool, InvalidTable> {
        if fleet.epoch() <= self.newest().epoch {
            return Ok(false);
        }
        let published = Published::of(fleet)?;
        {
            let mut digests = self.digests.lock();
            digests.insert(published.epoch, published.digest);
            while digests.len() > DIGESTS_MAX {
                digests.pop_first();
            }
        }
        // Two changes at once may come here in the wrong order; the newer one stays.
        Ok(self.newest.send_if_modified(|newest| {
            let newer = published.epoch > newest.epoch;
            if newer {
                *newest = Arc::new(published);
            }
            newer
        }))
    }

    pub(crate) fn newest(&self) -> Arc<Published> {
        Arc::clone(&self.newest.borrow())
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Published>> {
        self.newest.subscribe()
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

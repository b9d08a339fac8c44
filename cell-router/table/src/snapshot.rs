//! The table that a process routes by: read without a lock, replaced as a whole, never by an older one.

use std::sync::Arc;

use arc_swap::ArcSwap;
use base_ids::Epoch;

use crate::Table;

/// The table that a process holds. Clones share it.
#[derive(Clone, Debug)]
pub struct Snapshot(Arc<ArcSwap<Table>>);

/// A table that is older than the one that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a table of epoch {offered} is older than the one of epoch {held} that is held")]
pub struct Older {
    /// Epoch of the table that is held.
    pub held: Epoch,
    /// Epoch of the table that was refused.
    pub offered: Epoch,
}

impl Snapshot {
    /// Starts with this table.
    pub fn new(table: Table) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(table)))
    }

    /// The table of now; the caller may keep it as long as a request lasts.
    pub fn load(&self) -> Arc<Table> {
        self.0.load_full()
    }

    /// Takes over `table` unless it is older. One of the same epoch replaces the held one: the control plane is right.
    pub fn advance(&self, table: Table) -> Result<(), Older> {
        let offered = Arc::new(table);
        let mut refused = None;
        self.0.rcu(|held| {
            if offered.epoch() < held.epoch() {
                refused = Some(held.epoch());
                Arc::clone(held)
            } else {
                refused = None;
                Arc::clone(&offered)
            }
        });
        match refused {
            Some(held) => Err(Older { held, offered: offered.epoch() }),
            None => Ok(()),
        }
    }
}

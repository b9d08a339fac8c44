//! What a transition returns: the rows to write as one batch, or why not.

use base_ids::{CellId, Epoch, Generation, Slot, Tenant};
use router_table::InvalidTable;

use crate::{CellRecord, Deed, Hold, Ownership, Place};

/// Rows that change together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The epoch after the change: raised by one if routers and cells must be told.
    pub epoch: Epoch,
    /// The cell that registered or changed, if one did.
    pub cell: Option<CellRecord>,
    /// Slots that have a new row.
    pub slots: Vec<(Slot, Ownership)>,
    /// Tenants that have a new row by name.
    pub placed: Vec<(Tenant, Ownership)>,
    /// What operators did, if they did this.
    pub deeds: Vec<Deed>,
}

/// Why nothing changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else was faster: the generation is not the expected one.
    #[error("{place} is no longer at generation {expected}: {}", current_text(current.as_ref()))]
    Lost {
        /// What was claimed.
        place: Place,
        /// The generation that the claim was based on.
        expected: Generation,
        /// The row as it is; nothing if nobody owns it.
        current: Option<Ownership>,
    },
    /// Writes of the place wait already.
    #[error("{place} is held already, by {} since {}: {}", held.by, held.since, held.why)]
    AlreadyHeld {
        /// What was to be held.
        place: Place,
        /// The hold that is on it.
        held: Hold,
    },
    /// Writes of the place do not wait.
    #[error("{0} is not held")]
    NotHeld(Place),
    /// Nobody owns the place, so that nobody's writes can wait.
    #[error("nobody owns {0} yet")]
    NobodyOwns(Place),
    /// The new owner has never registered.
    #[error("cell {0} has never registered")]
    UnknownCell(CellId),
    /// A cell, or two pods of it, names two keys by one id.
    #[error("cell {cell} lists signing key {kid} twice")]
    KeyTwice {
        /// Which cell.
        cell: CellId,
        /// Which key.
        kid: String,
    },
    /// More pods than a cell can have.
    #[error("cell {cell} has {pods} pods already, the most that a cell can have")]
    TooManyPods {
        /// Which cell.
        cell: CellId,
        /// How many there are.
        pods: usize,
    },
    /// More cells than a routing table can name.
    #[error("there are {0} cells already, the most that a routing table can name")]
    TooManyCells(usize),
}

fn current_text(current: Option<&Ownership>) -> String {
    current.map_or_else(
        || "nobody owns it".to_owned(),
        |row| format!("{} owns it at generation {}", row.owner, row.generation),
    )
}

/// Why rows that were read back are not a fleet: the store is damaged, or a bug of ours wrote it.
#[derive(Debug, thiserror::Error)]
pub enum InvalidFleet {
    /// A row names an owner that has never registered.
    #[error("{place} belongs to {owner}, which has never registered")]
    UnknownOwner {
        /// What is owned.
        place: Place,
        /// By whom.
        owner: CellId,
    },
    /// A row exists but was never owned.
    #[error("{0} has a row with generation 0")]
    GenerationZero(Place),
    /// The rows do not make a routing table.
    #[error("the rows do not make a routing table")]
    Table(#[from] InvalidTable),
}

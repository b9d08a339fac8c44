//! What a transition returns: the rows to write as one batch, or why not.

use base_ids::{CellId, Epoch, Generation, Slot, Tenant};
use router_table::InvalidTable;

use crate::{CellRecord, Ownership, Place};

/// Rows that change together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The epoch after the change: raised by one if routers and cells must be told.
    pub epoch: Epoch,
    /// The cell that registered or changed, if one did.
    pub cell: Option<CellRecord>,
    /// Slots that have a new owner.
    pub slots: Vec<(Slot, Ownership)>,
    /// The tenant that has a new owner by name, if one has.
    pub placed: Option<(Tenant, Ownership)>,
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
    /// The new owner has never registered.
    #[error("cell {0} has never registered")]
    UnknownCell(CellId),
    /// A cell names two keys by one id.
    #[error("cell {cell} lists signing key {kid} twice")]
    KeyTwice {
        /// Which cell.
        cell: CellId,
        /// Which key.
        kid: String,
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

//! What is remembered of a loaded catalogue, so that it is loaded once.

use serde::{Deserialize, Serialize};

/// The file of the place that holds the record.
pub(super) const FILE: &str = "demo.json";

/// The file that is there while loading is under way.
pub(super) const UNFINISHED: &str = "demo-unfinished.json";

/// What was loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) scale: String,
    pub(super) counts: Counts,
    /// Lives in a third cell.
    pub(super) shopper: Person,
    pub(super) operator: Person,
    /// Two offers of vendors in two cells.
    pub(super) picks: Vec<Pick>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) users: u32,
    pub(super) vendors: u32,
    pub(super) products: u32,
    pub(super) offers: u32,
}

/// Somebody to sign in as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) password: String,
    pub(super) user: String,
    pub(super) cell: String,
}

/// An offer to buy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pick {
    pub(super) vendor: String,
    /// The vendor's name over the door.
    pub(super) shop: String,
    pub(super) cell: String,
    pub(super) owner: Person,
    pub(super) offer: String,
    pub(super) isbn: String,
    pub(super) title: String,
}

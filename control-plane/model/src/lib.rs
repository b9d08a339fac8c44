//! The control plane's words: cells, slots, overrides, generations, and what may change.
//!
//! A [`Fleet`] is what the control plane knows for good. It never changes by itself: a transition looks at it and returns a
//! [`Change`] or a typed no; the store writes the change as one batch and only then lets the fleet evolve.
//!
//! Invariant one-owner: a slot or a tenant has at most one owner, and its generation rises by one at every change of owner.
#![warn(missing_docs)]

mod cell;
mod change;
mod fleet;
mod hold;
mod ownership;
mod run;
#[cfg(test)]
mod tests;

pub use cell::{CellRecord, KeyRecord, PodRecord};
pub use change::{Change, InvalidFleet, Refusal};
pub use fleet::{Fleet, Residence};
pub use hold::{Asked, Deed, DeedKind, Hold};
pub use ownership::{Ownership, Place};
pub use run::SlotRun;

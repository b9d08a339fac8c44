//! The control plane's state: ownership rows changed by compare-and-set, kept in one directory.
//!
//! | path | content |
//! | --- | --- |
//! | `store/` | the database: cells, slots, tenants placed by name, what operators did, epoch, and a counter of commits in every batch |
//! | `high-water` | the last commit that was acknowledged, outside the database, so that a lost tail is noticed |
//!
//! Every change is one synced batch, and only then seen by readers. All calls that change something block.
#![warn(missing_docs)]

mod error;
mod high_water;
mod open;
mod row;
mod rows;
mod store;
#[cfg(test)]
mod tests;

pub use error::{ChangeError, OpenError};
pub use store::Store;

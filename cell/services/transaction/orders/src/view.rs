//! How others read orders: the buyer's groups, the vendor's child orders, and the lists of both.

mod buyer;
mod vendor;

use base_time::Timestamp;

pub use buyer::{Group, Groups, GroupsByTime, PartSummary, Summary};
pub use vendor::{Child, ChildSummary, Children, ChildrenByStatus, list_prefix};

/// A point in time as a part of a key: sorts as time does.
fn by_time(at: Timestamp) -> String {
    format!("{:016x}", u64::try_from(at.as_millis()).unwrap_or(0))
}

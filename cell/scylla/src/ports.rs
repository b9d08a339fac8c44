//! The ports, answered by a pod: a file per port.

mod fences;
mod journal;
mod outbox;
mod public;
mod rows;

use std::sync::Arc;

use crate::store::Store;

/// The ports of one process.
pub(crate) struct Ports(pub(crate) Arc<Store>);

/// Reads or changes of different partitions that are under way together.
const AT_ONCE: usize = 16;

/// A limit as the engine takes it.
fn limit(limit: usize) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX)
}

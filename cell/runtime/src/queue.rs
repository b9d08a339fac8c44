//! The port to a log between the processes of one cell: what its tenants tell each other, in order for each, until somebody has heard it.
//!
//! Without one every process hears what it has told itself. `conformance::queue` says what an implementation must do.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use cell_kernel::Answer;

use crate::{mesh::Addressed, port::DeadLetter};

mod memory;
mod progress;

pub use memory::{Member, MemoryQueue};
pub use progress::Progress;

/// A message that this process is to hear.
#[derive(Clone, Debug)]
pub struct Received {
    /// The message and whom it is for.
    pub addressed: Addressed,
    /// By which it is acknowledged.
    pub receipt: Receipt,
}

/// Where a message lies in the log, and whether it is still this process that is to hear it.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Which part of the log.
    pub partition: i32,
    /// Which place in it.
    pub offset: i64,
    taken_away: Arc<AtomicBool>,
}

impl Receipt {
    /// Of a message at this place; `taken_away` becomes true when another process is to hear what lies there.
    pub fn new(partition: i32, offset: i64, taken_away: Arc<AtomicBool>) -> Self {
        Self { partition, offset, taken_away }
    }

    /// Whether another process is to hear it now.
    pub fn is_void(&self) -> bool {
        self.taken_away.load(Ordering::Acquire)
    }
}

/// A log between the processes of one cell. All that are there share what comes; each tenant's messages go to one of them at a time.
///
/// * Invariant queue-1: what was put in comes to somebody, whole, until it is acknowledged, whoever dies.
/// * Invariant queue-2: what was put in for one tenant comes in that order. What is put in again after a fault comes where it was put in again.
/// * Invariant queue-3: an acknowledgement never reaches over what lies before it and is not acknowledged.
pub trait Queue: Send + Sync + 'static {
    /// Puts messages in, at once and in the order of the calls; durable when it answers.
    ///
    /// Errors: any of them may have been put in, or none; they are to be put in again.
    fn send(&self, messages: &[Addressed]) -> Answer<'static, ()>;

    /// What this process is to hear next; waits until there is something. To drop the wait loses nothing.
    ///
    /// Errors: the log cannot be read just now.
    fn receive(&self) -> Answer<'_, Vec<Received>>;

    /// Says that messages have had their effect. It need not be durable at once: what comes again is heard once. A receipt that is void
    /// says nothing.
    fn acknowledge(&self, receipts: &[Receipt]);

    /// Shows a dead letter to whoever watches the log's own. The store has it already.
    ///
    /// Errors: it was not shown.
    fn show_dead<'a>(&'a self, letter: &'a DeadLetter) -> Answer<'a, ()>;
}

//! The port to a log that all cells share, in which each tells its public messages; whoever has none is followed over the mesh.
//!
//! The log in a cell's own store stays the truth. What is told here is a copy of stretches of it, each with the position behind which it
//! begins; who misses one notices the gap, and follows over the mesh until it is behind it. `conformance::feed` says what an implementation must do.

use base_ids::CellId;
use cell_kernel::Answer;

use crate::{mesh::PublicBatch, queue::Receipt};

mod hear;
mod memory;
mod tell;

pub(crate) use hear::Inboxes;
pub use memory::{MemoryFeed, Subscriber};

/// A stretch of a cell's public log: all that it still has behind `after`, up to the last of the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Whose.
    pub source: CellId,
    /// Behind which position it begins.
    pub after: u64,
    /// The messages, possibly none: then it says where the log stands.
    pub batch: PublicBatch,
}

/// A stretch that was received.
#[derive(Clone, Debug)]
pub struct Told {
    /// What.
    pub stretch: Stretch,
    /// By which it is acknowledged.
    pub receipt: Receipt,
}

/// Which process of this cell follows a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follower {
    /// This one.
    This,
    /// Another one.
    Another,
    /// Nobody knows just now.
    Unknown,
}

/// A log that all cells share. Each cell hears all of it from the moment when it opens it, and its processes share out the sources.
/// Whoever takes a source over, or was away, may miss a stretch: the next one that comes says so by its positions.
///
/// * Invariant feed-1: the stretches of one source come to every cell whole and in the order in which they were told; copies may come too.
/// * Invariant feed-2: of a cell's processes at most one is told to follow a source.
pub trait Feed: Send + Sync + 'static {
    /// Tells a stretch, durable when it answers.
    ///
    /// Errors: it may have been told or not; it is to be told again.
    fn tell<'a>(&'a self, stretch: &'a Stretch) -> Answer<'a, ()>;

    /// What any cell has told, of those that this process follows; waits until there is something. To drop the wait loses nothing.
    ///
    /// Errors: the log cannot be read just now.
    fn receive(&self) -> Answer<'_, Vec<Told>>;

    /// Says that stretches need not come again: they are folded, or were not wanted.
    fn acknowledge(&self, receipts: &[Receipt]);

    /// Which process of this cell follows a source.
    fn follower(&self, source: &CellId) -> Follower;
}

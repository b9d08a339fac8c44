//! The streams that are held in memory: one slot each, with a lock that is also the stream's queue, and the letters that wait there.

use std::{collections::HashMap, sync::Arc};

use base_ids::{StreamName, Version};
use cell_kernel::Decider;
use parking_lot::Mutex;

use crate::{letters::Letters, reminders::Reminders};

/// A stream's state as it is committed.
pub(crate) struct Live<D: Decider> {
    pub(crate) state: D::State,
    pub(crate) version: Version,
    /// Events since the last snapshot.
    pub(crate) tail: u64,
    /// Size of the last snapshot, in bytes.
    pub(crate) snapshot_size: usize,
    /// The reminders that are still to come, as far as they are remembered.
    pub(crate) reminders: Reminders,
}

impl<D: Decider> Live<D> {
    /// A state as it was read back.
    pub(crate) fn new(state: D::State, version: Version) -> Self {
        Self { state, version, tail: 0, snapshot_size: 0, reminders: Reminders::default() }
    }
}

/// One stream's place.
pub(crate) struct Slot<D: Decider> {
    /// Empty until the stream is loaded, and while it is being changed, so that a change that is broken off leaves nothing
    /// half-changed behind.
    pub(crate) live: tokio::sync::Mutex<Option<Live<D>>>,
    /// What waits to be heard by the stream.
    pub(crate) letters: Letters<D>,
}

impl<D: Decider> Default for Slot<D> {
    fn default() -> Self {
        Self { live: tokio::sync::Mutex::default(), letters: Letters::default() }
    }
}

/// A bounded cache in two halves: what is used moves to the young half; when that is full, the old half is let go. A slot that is
/// let go while it is in use does no harm: the journal's expected version decides.
pub(crate) struct Cache<D: Decider> {
    halves: Mutex<Halves<D>>,
    half_max: usize,
}

struct Halves<D: Decider> {
    young: HashMap<StreamName, Arc<Slot<D>>>,
    old: HashMap<StreamName, Arc<Slot<D>>>,
}

impl<D: Decider> Cache<D> {
    /// A cache of at most `streams` streams.
    pub(crate) fn new(streams: usize) -> Self {
        let halves = Halves { young: HashMap::new(), old: HashMap::new() };
        Self { halves: Mutex::new(halves), half_max: (streams / 2).max(1) }
    }

    /// The stream's slot.
    pub(crate) fn slot(&self, stream: &StreamName) -> Arc<Slot<D>> {
        let mut halves = self.halves.lock();
        if let Some(slot) = halves.young.get(stream) {
            return Arc::clone(slot);
        }
        let slot = halves.old.remove(stream).unwrap_or_default();
        if halves.young.len() >= self.half_max {
            halves.old = std::mem::take(&mut halves.young);
        }
        halves.young.insert(stream.clone(), Arc::clone(&slot));
        slot
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut halves = self.halves.lock();
        halves.young.clear();
        halves.old.clear();
    }
}

//! Changes the memtable before the engine does, and takes the old one apart elsewhere.
//!
//! The engine drops a memtable that was written out under the lock that every read and write takes, and to free its hundred thousand
//! entries takes 30 ms: that was the 99th percentile of all appends. So a thread of ours keeps the last reference, and frees it when
//! the engine has let go. The calls are public in fjall but not in its documentation; were they to go, only this file would change.

use std::{any::Any, sync::Arc, sync::mpsc, thread, time::Duration};

use fjall::{AbstractTree as _, Keyspace};

use crate::ring;

/// How long the engine is given to let go of a memtable before it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

type Memtable = Arc<dyn Any + Send + Sync>;

/// Decides when the memtable is changed.
pub(super) struct Retiring {
    graveyard: mpsc::Sender<Memtable>,
    bytes: u64,
    bytes_max: u64,
}

impl Retiring {
    /// Starts the thread; it ends with this value.
    pub(super) fn start(bytes_max: u64) -> std::io::Result<Self> {
        let (graveyard, retired) = mpsc::channel();
        thread::Builder::new()
            .name("souk-store-tidy".to_owned())
            .spawn(move || take_apart(&retired))?;
        Ok(Self { graveyard, bytes: 0, bytes_max })
    }

    /// Notes a committed group, and changes the memtable if it is full or has seen enough groups ([`ring::FLUSH_EVERY`]).
    /// Says whether it changed.
    pub(super) fn committed(
        &mut self,
        tree: &Keyspace,
        group: u64,
        bytes: u64,
    ) -> Result<bool, fjall::Error> {
        self.bytes += bytes;
        if self.bytes < self.bytes_max && !group.is_multiple_of(ring::FLUSH_EVERY) {
            return Ok(false);
        }
        self.bytes = 0;
        let memtable: Memtable = tree.tree.active_memtable();
        let changed = tree.rotate_memtable()?;
        if changed {
            // If the thread is gone, the memtable is freed here.
            let _ = self.graveyard.send(memtable);
        }
        Ok(changed)
    }
}

fn take_apart(retired: &mpsc::Receiver<Memtable>) {
    for memtable in retired {
        while Arc::strong_count(&memtable) > 1 {
            thread::sleep(LOOK_AGAIN);
        }
        drop(memtable);
    }
}

//! The engine of one process alone: a directory, in which every change is one synced batch.
//!
//! | path | content |
//! | --- | --- |
//! | `store/` | the database: cells, slots, tenants placed by name, what operators did, epoch, and a counter of commits in every batch |
//! | `high-water` | the last commit that was acknowledged, outside the database, so that a lost tail is noticed |

pub(crate) mod high_water;
mod open;
mod row;
mod rows;

use std::{path::Path, sync::Arc};

use base_fault::{Code, Fault};
use cp_model::{Change, Deed, Fleet, Refusal};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{ChangeError, OpenError};
use high_water::HighWater;
use open::Opened;
use rows::Rows;

/// A directory, open in one process at a time.
pub(crate) struct Directory {
    writer: Mutex<Writer>,
    fleets: watch::Sender<Arc<Fleet>>,
}

/// Held while a change is decided and written: changes happen one after the other.
struct Writer {
    rows: Rows,
    mark: HighWater,
    commit: u64,
    broken: bool,
}

impl Directory {
    pub(crate) fn open(directory: &Path) -> Result<Self, OpenError> {
        let Opened { rows, commit, fleet, mark } = open::open(directory)?;
        let writer = Writer { rows, mark, commit, broken: false };
        Ok(Self { writer: Mutex::new(writer), fleets: watch::Sender::new(Arc::new(fleet)) })
    }

    pub(crate) fn fleets(&self) -> &watch::Sender<Arc<Fleet>> {
        &self.fleets
    }

    pub(crate) fn commit(&self) -> u64 {
        self.writer.lock().commit
    }

    pub(crate) fn change(
        &self,
        decide: &dyn Fn(&Fleet) -> Result<Option<Change>, Refusal>,
    ) -> Result<Option<Change>, ChangeError> {
        let mut writer = self.writer.lock();
        let before = Arc::clone(&self.fleets.borrow());
        let Some(change) = decide(&before)? else {
            return Ok(None);
        };
        writer.write(&change)?;
        let mut after = Fleet::clone(&before);
        after.evolve(change.clone());
        self.fleets.send_replace(Arc::new(after));
        Ok(Some(change))
    }

    pub(crate) fn record(&self, limit: usize) -> Result<Vec<Deed>, Fault> {
        self.writer.lock().rows.record(limit).map_err(|error| {
            Fault::ours(Code::StoreBroken, "the record cannot be read").because(error)
        })
    }
}

impl Writer {
    fn write(&mut self, change: &Change) -> Result<(), ChangeError> {
        if self.broken {
            let fault = Fault::ours(
                Code::StoreBroken,
                "an earlier write failed; restart the control plane",
            );
            return Err(ChangeError::Broken(fault));
        }
        let commit = self.commit + 1;
        if let Err(error) = self.rows.write(commit, change) {
            self.broken = true;
            let fault =
                Fault::ours(Code::StoreBroken, format!("commit {commit} cannot be written"));
            return Err(ChangeError::Broken(fault.because(error)));
        }
        self.commit = commit;
        if let Err(error) = self.mark.write(commit) {
            // The commit itself is safe; a loss of it would go unnoticed until the next mark.
            tracing::error!(commit, %error, path = %self.mark.path().display(), "the high-water mark cannot be written");
        }
        Ok(())
    }
}

//! The store: decide, write, and only then let readers see it.

use std::{path::Path, sync::Arc};

use base_fault::{Code, Fault};
use base_ids::{CellId, Generation, Slot, Tenant};
use cp_model::{Asked, CellRecord, Change, Deed, Fleet, Ownership, Place, Refusal};
use parking_lot::{Mutex, RwLock};

use crate::{
    ChangeError, OpenError,
    high_water::HighWater,
    open::{self, Opened},
    rows::Rows,
};

/// The control plane's state, open in one process at a time.
pub struct Store {
    writer: Mutex<Writer>,
    fleet: RwLock<Arc<Fleet>>,
}

/// Held while a change is decided and written: changes happen one after the other.
struct Writer {
    rows: Rows,
    mark: HighWater,
    commit: u64,
    broken: bool,
}

impl Store {
    /// Opens the data directory, or makes it. Blocks until all rows are read and checked.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let Opened { rows, commit, fleet, mark } = open::open(directory)?;
        let writer = Writer { rows, mark, commit, broken: false };
        Ok(Self { writer: Mutex::new(writer), fleet: RwLock::new(Arc::new(fleet)) })
    }

    /// The fleet as of the last change. Does not wait for a change that is being written.
    pub fn fleet(&self) -> Arc<Fleet> {
        Arc::clone(&self.fleet.read())
    }

    /// Number of the last change.
    pub fn commit(&self) -> u64 {
        self.writer.lock().commit
    }

    /// Registers a cell, or keeps what is new about it. Returns whether anything was.
    pub fn register(&self, cell: CellRecord) -> Result<bool, ChangeError> {
        Ok(self.change(|fleet| fleet.register(cell))?.is_some())
    }

    /// Lets `owner` take over a slot or a tenant if its generation is still `expected` (0 for nobody): the one compare-and-set.
    ///
    /// Of several claims on one generation exactly one wins; the others are refused with [`Refusal::Lost`] and the row as it is.
    pub fn claim(
        &self,
        place: &Place,
        expected: Generation,
        owner: &CellId,
    ) -> Result<Generation, ChangeError> {
        self.change(|fleet| fleet.claim(place, expected, owner).map(Some))?;
        Ok(expected.next())
    }

    /// Gives those of the slots that nobody owns their first homes, all in one change. Returns how many there were.
    pub fn settle(&self, homes: &[(Slot, CellId)]) -> Result<usize, ChangeError> {
        let change = self.change(|fleet| fleet.settle(homes))?;
        Ok(change.map_or(0, |change| change.slots.len()))
    }

    /// Lets the writes of a slot or a tenant wait. Returns the row as it is then.
    pub fn hold(&self, place: &Place, asked: &Asked) -> Result<Ownership, ChangeError> {
        self.change(|fleet| fleet.hold(place, asked).map(Some)).map(row_of)
    }

    /// Lets the writes of a slot or a tenant go on. Returns the row as it is then.
    pub fn release(&self, place: &Place, asked: &Asked) -> Result<Ownership, ChangeError> {
        self.change(|fleet| fleet.release(place, asked).map(Some)).map(row_of)
    }

    /// Places tenants by name where they live, all in one change. Returns how many were not placed before.
    pub fn pin(&self, tenants: &[Tenant], asked: &Asked) -> Result<usize, ChangeError> {
        let change = self.change(|fleet| fleet.pin(tenants, asked))?;
        Ok(change.map_or(0, |change| change.placed.len()))
    }

    /// The last `limit` things that operators did, the newest first.
    pub fn record(&self, limit: usize) -> Result<Vec<Deed>, Fault> {
        self.writer.lock().rows.record(limit).map_err(|error| {
            Fault::ours(Code::StoreBroken, "the record cannot be read").because(error)
        })
    }

    fn change(
        &self,
        decide: impl FnOnce(&Fleet) -> Result<Option<Change>, Refusal>,
    ) -> Result<Option<Change>, ChangeError> {
        let mut writer = self.writer.lock();
        let before = self.fleet();
        let Some(change) = decide(&before)? else {
            return Ok(None);
        };
        writer.write(&change)?;
        let mut after = Fleet::clone(&before);
        after.evolve(change.clone());
        *self.fleet.write() = Arc::new(after);
        Ok(Some(change))
    }
}

/// The one row that a change of one place has.
fn row_of(change: Option<Change>) -> Ownership {
    let rows = change.map(|change| {
        let placed = change.placed.into_iter().map(|(_, row)| row);
        change.slots.into_iter().map(|(_, row)| row).chain(placed)
    });
    rows.and_then(|mut rows| rows.next()).expect("a hold or its end changes one row")
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

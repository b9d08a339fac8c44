//! What changed between two tables, and the way from the one to the other without sending the whole.

use std::collections::{BTreeMap, BTreeSet};

use base_ids::{CellId, Epoch, Generation, InvalidTenant, Slot, Tenant};

use crate::{Cell, CellIndex, Draft, InvalidTable, Owner, Placed, Table};

/// Which parts of a table differ from an earlier one. Those of several steps add up to those of the whole way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Whether the list of cells is another one.
    pub cells: bool,
    /// Slots whose owner, generation or hold is another one.
    pub slots: BTreeSet<Slot>,
    /// Names of tenants that are placed otherwise, or by name only in one of the two.
    pub tenants: BTreeSet<String>,
}

/// What takes a holder of one table to a newer one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Epoch of the table that it starts from.
    pub since: Epoch,
    /// Epoch of the table that it leads to.
    pub epoch: Epoch,
    /// Digest of the table that it leads to.
    pub digest: u64,
    /// All cells, if the list is another one.
    pub cells: Option<Vec<Cell>>,
    /// Slots with their rows, or nothing for a slot that nobody owns.
    pub slots: Vec<(Slot, Option<Row>)>,
    /// Tenants that are placed by name.
    pub placed: Vec<Placed>,
    /// Names of tenants that no longer are.
    pub unplaced: Vec<String>,
}

/// Who owns a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Index of the cell in the list of cells that the delta leads to.
    pub cell: usize,
    /// The number of the ownership.
    pub generation: Generation,
    /// Whether writes wait for the owner.
    pub held: bool,
}

/// Why a delta does not lead from a table to another one. Its holder needs a whole table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It starts from another table.
    #[error("a delta since epoch {since} does not fit a table of epoch {held}")]
    OtherStart {
        /// Epoch of the table that it starts from.
        since: Epoch,
        /// Epoch of the table that is held.
        held: Epoch,
    },
    /// It leads to an older table.
    #[error("a delta leads back from epoch {held} to epoch {offered}")]
    Older {
        /// Epoch of the table that is held.
        held: Epoch,
        /// Epoch that it leads to.
        offered: Epoch,
    },
    /// It names a cell that is not listed.
    #[error("a delta names cell number {0}, which is not listed")]
    CellNumber(usize),
    /// A cell is listed no more that still owns something.
    #[error("cell {0} is listed no more and still owns something")]
    CellGone(CellId),
    /// It places a tenant whose name is none.
    #[error("a delta places a tenant whose name is not one")]
    Tenant(#[from] InvalidTenant),
    /// The result contradicts itself.
    #[error("the result contradicts itself")]
    Invalid(#[from] InvalidTable),
    /// The result is another table than the sender's.
    #[error("the digest is {found:016x}, the sender says {expected:016x}")]
    Digest {
        /// What the result adds up to.
        found: u64,
        /// What the sender says.
        expected: u64,
    },
}

impl Changed {
    /// What is other in `newer` than in `older`.
    pub fn between(older: &Table, newer: &Table) -> Self {
        let tenants = newer.placed_otherwise(older).chain(older.placed_otherwise(newer));
        Self {
            cells: older.cells() != newer.cells(),
            slots: ((0..=u16::MAX).map(Slot))
                .filter(|slot| meant(older.slot(*slot)) != meant(newer.slot(*slot)))
                .collect(),
            tenants: tenants.collect(),
        }
    }

    /// Adds what changed later.
    pub fn add(&mut self, later: &Self) {
        self.cells |= later.cells;
        self.slots.extend(&later.slots);
        self.tenants.extend(later.tenants.iter().cloned());
    }

    /// How many rows differ.
    pub fn rows(&self) -> usize {
        self.slots.len() + self.tenants.len()
    }
}

/// An owner apart from the place of its cell in a list.
fn meant(owner: Option<Owner<'_>>) -> Option<(&CellId, Generation, bool)> {
    owner.map(|owner| (&owner.cell.id, owner.generation, owner.held))
}

impl Table {
    /// The way to this table from the one of epoch `since`, from which it differs in no more than `changed`.
    pub fn delta(&self, since: Epoch, changed: &Changed) -> Delta {
        let mut delta = Delta {
            since,
            epoch: self.epoch(),
            digest: self.digest(),
            cells: changed.cells.then(|| self.cells().to_vec()),
            slots: Vec::with_capacity(changed.slots.len()),
            placed: Vec::new(),
            unplaced: Vec::new(),
        };
        for slot in &changed.slots {
            let row = |owner: Owner<'_>| Row {
                cell: owner.index,
                generation: owner.generation,
                held: owner.held,
            };
            delta.slots.push((*slot, self.slot(*slot).map(row)));
        }
        for tenant in &changed.tenants {
            match self.placed(tenant) {
                Some(placed) => delta.placed.push(placed),
                None => delta.unplaced.push(tenant.clone()),
            }
        }
        delta
    }

    /// The table that `delta` leads to from this one, checked against the sender's digest.
    pub fn apply(&self, delta: &Delta) -> Result<Self, Misfit> {
        let held = self.epoch();
        if delta.since != held {
            return Err(Misfit::OtherStart { since: delta.since, held });
        }
        if delta.epoch < held {
            return Err(Misfit::Older { held, offered: delta.epoch });
        }
        let mut draft = Draft::following(self, delta.epoch);
        let cells = delta.cells.as_deref().unwrap_or(self.cells());
        let places: Vec<_> = cells.iter().cloned().map(|cell| draft.cell(cell)).collect();
        let places = Places { old: self.cells(), now: self.places_in(cells, &places), all: places };
        self.redraft_slots(delta, &places, &mut draft)?;
        self.redraft_placed(delta, &places, &mut draft)?;
        let table = draft.build()?;
        if table.digest() == delta.digest {
            Ok(table)
        } else {
            Err(Misfit::Digest { found: table.digest(), expected: delta.digest })
        }
    }

    /// For each cell of this table its place in another list.
    fn places_in(&self, cells: &[Cell], places: &[CellIndex]) -> Vec<Option<CellIndex>> {
        let by_id: BTreeMap<_, _> = cells.iter().map(|cell| &cell.id).zip(places).collect();
        self.cells().iter().map(|cell| by_id.get(&cell.id).map(|place| **place)).collect()
    }

    fn redraft_slots(
        &self,
        delta: &Delta,
        places: &Places<'_>,
        to: &mut Draft,
    ) -> Result<(), Misfit> {
        let changed: BTreeMap<_, _> = delta.slots.iter().copied().collect();
        for slot in (0..=u16::MAX).map(Slot) {
            let (place, generation, held) = match (changed.get(&slot), self.slot(slot)) {
                (Some(Some(row)), _) => (places.listed(row.cell)?, row.generation, row.held),
                (None, Some(owner)) => (places.kept(owner.index)?, owner.generation, owner.held),
                (Some(None), _) | (None, None) => continue,
            };
            to.slot(slot, place, generation);
            if held {
                to.hold_slot(slot);
            }
        }
        Ok(())
    }

    fn redraft_placed(
        &self,
        delta: &Delta,
        places: &Places<'_>,
        to: &mut Draft,
    ) -> Result<(), Misfit> {
        let changed = delta.placed.iter().map(|placed| &placed.tenant).chain(&delta.unplaced);
        let changed: BTreeSet<_> = changed.collect();
        for placed in self.overrides().filter(|placed| !changed.contains(&placed.tenant)) {
            let tenant: Tenant = placed.tenant.parse()?;
            to.place(&tenant, places.kept(placed.cell)?, placed.generation, placed.held);
        }
        for placed in &delta.placed {
            let tenant: Tenant = placed.tenant.parse()?;
            to.place(&tenant, places.listed(placed.cell)?, placed.generation, placed.held);
        }
        Ok(())
    }
}

/// Where cells are found in the list that a delta leads to.
struct Places<'t> {
    old: &'t [Cell],
    /// For each cell of the old list.
    now: Vec<Option<CellIndex>>,
    all: Vec<CellIndex>,
}

impl Places<'_> {
    fn listed(&self, number: usize) -> Result<CellIndex, Misfit> {
        self.all.get(number).copied().ok_or(Misfit::CellNumber(number))
    }

    fn kept(&self, index: usize) -> Result<CellIndex, Misfit> {
        self.now[index].ok_or_else(|| Misfit::CellGone(self.old[index].id.clone()))
    }
}

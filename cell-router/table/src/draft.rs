//! A table being put together; checked as a whole when it is built.

use std::collections::BTreeSet;

use base_ids::{CellId, Epoch, Generation, PodName, Slot, Tenant};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    Cell, Table,
    overrides::{Entry, HELD, Overrides, as_range},
    packed::{Packed, unpack},
    ring::{PODS_MAX, Rings},
    table::Cells,
};

/// A cell's place in a draft's list of cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellIndex(u16);

/// A table being put together.
pub struct Draft {
    epoch: Epoch,
    cells: Vec<Cell>,
    /// Cell's index + 1, or 0, with the bit that says whether the slot is held.
    owners: Vec<u16>,
    generations: Vec<u64>,
    names: Vec<u8>,
    entries: Vec<Entry>,
    /// Those of an earlier table.
    rings: Rings,
}

/// Why a draft is not a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTable {
    /// Two cells have the same name.
    #[error("cell {0} is listed twice")]
    CellTwice(CellId),
    /// A cell has nobody who serves it.
    #[error("cell {0} has no pod")]
    NoPod(CellId),
    /// Two pods of a cell have the same name.
    #[error("cell {cell} lists pod {pod} twice")]
    PodTwice {
        /// Which cell.
        cell: CellId,
        /// Which pod.
        pod: PodName,
    },
    /// More pods than a cell can have.
    #[error("cell {cell} has {pods} pods, more than {PODS_MAX}")]
    TooManyPods {
        /// Which cell.
        cell: CellId,
        /// How many.
        pods: usize,
    },
    /// A tenant is placed twice.
    #[error("tenant {0} is placed twice")]
    TenantTwice(String),
    /// More cells than a place can name.
    #[error("{0} cells are more than a table can name")]
    TooManyCells(usize),
    /// The overrides' names are larger than a table can hold.
    #[error("the names of {0} overrides are larger than 4 GiB")]
    TooManyOverrides(usize),
}

impl Draft {
    /// Most cells that a table can name.
    pub const CELLS_MAX: usize = HELD as usize - 2;
    /// Most pods of one cell.
    pub const PODS_MAX: usize = PODS_MAX;

    /// A table in which nobody holds anything yet.
    pub fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            cells: Vec::new(),
            owners: vec![0; Slot::COUNT],
            generations: vec![0; Slot::COUNT],
            names: Vec::new(),
            entries: Vec::new(),
            rings: Rings::default(),
        }
    }

    /// The same, with the rings of `table` at hand: cells whose pods have not changed need no new ones.
    pub(crate) fn following(table: &Table, epoch: Epoch) -> Self {
        Self { rings: table.rings(), ..Self::new(epoch) }
    }

    /// Adds a cell; says how slots and overrides name it.
    pub fn cell(&mut self, mut cell: Cell) -> CellIndex {
        cell.pods.sort_by(|a, b| a.name.cmp(&b.name));
        self.cells.push(cell);
        CellIndex(u16::try_from(self.cells.len() - 1).unwrap_or(u16::MAX))
    }

    /// How slots and overrides name the cell that was added as the `nth`, counted from 0.
    pub fn nth_cell(&self, nth: usize) -> Option<CellIndex> {
        (nth < self.cells.len()).then(|| u16::try_from(nth).ok()).flatten().map(CellIndex)
    }

    /// Gives a slot to a cell.
    pub fn slot(&mut self, slot: Slot, owner: CellIndex, generation: Generation) {
        self.owners[slot.index()] = owner.0.saturating_add(1);
        self.generations[slot.index()] = generation.0;
    }

    /// Lets the writes of a slot wait for its owner. A slot that nobody owns stays as it is.
    pub fn hold_slot(&mut self, slot: Slot) {
        let owner = &mut self.owners[slot.index()];
        if *owner != 0 {
            *owner |= HELD;
        }
    }

    /// Places a tenant by name.
    pub fn place(&mut self, tenant: &Tenant, owner: CellIndex, generation: Generation, held: bool) {
        let packed = Packed::of(tenant.as_str()).expect("a tenant's name always packs");
        // A draft over the limit keeps counting with ranges that cannot be told apart; `build` refuses it.
        let position = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let start = position(self.names.len());
        self.names.extend_from_slice(packed.as_bytes());
        self.entries.push(Entry {
            hash: xxh3_64(tenant.as_str().as_bytes()),
            name: start..position(self.names.len()),
            place: owner.0 | if held { HELD } else { 0 },
            generation: generation.0,
        });
    }

    /// Checks the whole and freezes it.
    pub fn build(mut self) -> Result<Table, InvalidTable> {
        if self.cells.len() > Self::CELLS_MAX {
            return Err(InvalidTable::TooManyCells(self.cells.len()));
        }
        if u32::try_from(self.names.len()).is_err() {
            return Err(InvalidTable::TooManyOverrides(self.entries.len()));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = self.cells.iter().find(|cell| !seen.insert(&cell.id)) {
            return Err(InvalidTable::CellTwice(twice.id.clone()));
        }
        self.cells.iter().try_for_each(check_pods)?;
        let names = std::mem::take(&mut self.names);
        let text = |entry: &Entry| unpack(&names[as_range(&entry.name)]);
        self.entries
            .sort_unstable_by(|a, b| (a.hash.cmp(&b.hash)).then_with(|| text(a).cmp(&text(b))));
        let twice = (self.entries.array_windows::<2>())
            .find(|[a, b]| a.hash == b.hash && text(a) == text(b));
        if let Some([first, _]) = twice {
            return Err(InvalidTable::TenantTwice(text(first)));
        }
        let overrides = Overrides::of_sorted(&self.entries, &names);
        let rings = self.cells.iter().map(|cell| self.rings.of(cell)).collect();
        let cells = self.cells.into();
        Ok(Table::from_parts(
            self.epoch,
            Cells { cells, rings },
            self.owners,
            self.generations,
            overrides,
        ))
    }
}

/// Whether the pods of a cell, in the order of their names, make sense.
fn check_pods(cell: &Cell) -> Result<(), InvalidTable> {
    let (id, pods) = (|| cell.id.clone(), cell.pods.len());
    if pods == 0 {
        return Err(InvalidTable::NoPod(id()));
    }
    if pods > PODS_MAX {
        return Err(InvalidTable::TooManyPods { cell: id(), pods });
    }
    match cell.pods.array_windows::<2>().find(|[a, b]| a.name == b.name) {
        Some([pod, _]) => Err(InvalidTable::PodTwice { cell: id(), pod: pod.name.clone() }),
        None => Ok(()),
    }
}

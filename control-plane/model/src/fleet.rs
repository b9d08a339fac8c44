//! All that the control plane knows for good, and the transitions that may change it.

use std::collections::{BTreeMap, BTreeSet};

use base_ids::{CellId, Epoch, Generation, PodName, Slot, Tenant};
use base_time::Timestamp;
use router_table::{CellIndex, Draft, InvalidTable, Table};

use crate::{
    Asked, CellRecord, Change, DeedKind, InvalidFleet, Ownership, Place, PodRecord, Refusal,
    SlotRun, run,
};

/// Cells, who owns which slot or tenant, and the epoch that numbers the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    epoch: Epoch,
    cells: BTreeMap<CellId, CellRecord>,
    /// [`Slot::COUNT`] rows.
    slots: Vec<Option<Ownership>>,
    placed: BTreeMap<Tenant, Ownership>,
}

/// Where a tenant lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Residence<'f> {
    /// The row that decides; nothing while nobody owns the tenant's slot.
    pub row: Option<&'f Ownership>,
    /// Whether the tenant is placed by name and not by its slot.
    pub by_override: bool,
}

impl Default for Fleet {
    fn default() -> Self {
        Self {
            epoch: Epoch(0),
            cells: BTreeMap::new(),
            slots: vec![None; Slot::COUNT],
            placed: BTreeMap::new(),
        }
    }
}

impl Fleet {
    /// The fleet that these rows, read back from a store, make.
    pub fn of_rows(
        epoch: Epoch,
        cells: impl IntoIterator<Item = CellRecord>,
        slots: impl IntoIterator<Item = (Slot, Ownership)>,
        placed: impl IntoIterator<Item = (Tenant, Ownership)>,
    ) -> Result<Self, InvalidFleet> {
        let mut fleet = Self {
            epoch,
            cells: cells.into_iter().map(|cell| (cell.id.clone(), cell)).collect(),
            ..Self::default()
        };
        for (slot, row) in slots {
            fleet.check_row(|| Place::Slot(slot), &row)?;
            fleet.slots[slot.index()] = Some(row);
        }
        for (tenant, row) in placed {
            fleet.check_row(|| Place::Tenant(tenant.clone()), &row)?;
            fleet.placed.insert(tenant, row);
        }
        Ok(fleet)
    }

    fn check_row(&self, place: impl Fn() -> Place, row: &Ownership) -> Result<(), InvalidFleet> {
        if row.generation == Generation(0) {
            return Err(InvalidFleet::GenerationZero(place()));
        }
        if !self.cells.contains_key(&row.owner) {
            let owner = row.owner.clone();
            return Err(InvalidFleet::UnknownOwner { place: place(), owner });
        }
        Ok(())
    }

    /// The number of the newest routing table.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The cells, by name.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = &CellRecord> {
        self.cells.values()
    }

    /// The cell with this name.
    pub fn cell(&self, id: &CellId) -> Option<&CellRecord> {
        self.cells.get(id)
    }

    /// The row of a slot.
    pub fn slot(&self, slot: Slot) -> Option<&Ownership> {
        self.slots[slot.index()].as_ref()
    }

    /// The slots that nobody owns yet, in order.
    pub fn unheld(&self) -> impl Iterator<Item = Slot> + '_ {
        (0..=u16::MAX).map(Slot).filter(|slot| self.slot(*slot).is_none())
    }

    /// The tenants placed by name, with their rows.
    pub fn placed(&self) -> impl ExactSizeIterator<Item = (&Tenant, &Ownership)> {
        self.placed.iter()
    }

    /// Where a tenant lives.
    pub fn residence(&self, tenant: &Tenant) -> Residence<'_> {
        let placed = self.placed.get(tenant);
        Residence {
            row: placed.or_else(|| self.slot(tenant.slot())),
            by_override: placed.is_some(),
        }
    }

    /// Runs of neighbouring slots with one owner and generation; only those of `cell`, if given.
    pub fn slot_runs(&self, cell: Option<&CellId>) -> Vec<SlotRun> {
        let mut runs = run::runs((0..=u16::MAX).map(|slot| (Slot(slot), self.slot(Slot(slot)))));
        runs.retain(|run| cell.is_none() || run.cell.as_ref() == cell);
        runs
    }

    /// How many slots each cell owns; cells without any are not listed.
    pub fn slots_by_cell(&self) -> BTreeMap<CellId, u32> {
        let mut counts = BTreeMap::new();
        for row in self.slots.iter().flatten() {
            match counts.get_mut(&row.owner) {
                Some(count) => *count += 1,
                None => drop(counts.insert(row.owner.clone(), 1)),
            }
        }
        counts
    }

    /// A pod of a cell registers, or says that something about it is new; the first one makes the cell known. Nothing if all of it
    /// is known.
    pub fn register(
        &self,
        cell: &CellId,
        pod: PodRecord,
        at: Timestamp,
    ) -> Result<Option<Change>, Refusal> {
        let known = self.cells.get(cell);
        if known.is_none() && self.cells.len() >= Draft::CELLS_MAX {
            return Err(Refusal::TooManyCells(self.cells.len()));
        }
        let record = match known {
            Some(known) => known.with(pod, at),
            None => CellRecord::new(cell.clone(), pod, at),
        };
        if let Some(kid) = record.key_twice() {
            return Err(Refusal::KeyTwice { kid: kid.to_owned(), cell: cell.clone() });
        }
        if record.pods.len() > Draft::PODS_MAX {
            return Err(Refusal::TooManyPods { cell: cell.clone(), pods: Draft::PODS_MAX });
        }
        Ok(self.cell_change(record))
    }

    /// A pod leaves its cell to the others. Nothing if it is not known, or the last one: that stays as the cell's address.
    pub fn leave(&self, cell: &CellId, pod: &PodName, at: Timestamp) -> Option<Change> {
        self.cell_change(self.cells.get(cell)?.without(pod, at)?)
    }

    /// What a new record of a cell changes, if anything.
    fn cell_change(&self, record: CellRecord) -> Option<Change> {
        let known = self.cells.get(&record.id);
        let told = known.is_none_or(|known| record.reroutes(known));
        let is_new = known.is_none_or(|known| record != *known);
        is_new.then(|| self.change(told).with_cell(record))
    }

    /// A cell takes over a slot or a tenant, if its generation is still the `expected` one.
    ///
    /// A tenant that is not placed by name yet leaves its slot: the claim is based on the slot's generation, so that the
    /// tenant's own never falls.
    pub fn claim(
        &self,
        place: &Place,
        expected: Generation,
        owner: &CellId,
    ) -> Result<Change, Refusal> {
        if !self.cells.contains_key(owner) {
            return Err(Refusal::UnknownCell(owner.clone()));
        }
        let current = match place {
            Place::Slot(slot) => self.slot(*slot),
            Place::Tenant(tenant) => self.residence(tenant).row,
        };
        let row = Ownership::claim(place, current, expected, owner)?;
        let mut change = self.change(true);
        match place {
            Place::Slot(slot) => change.slots.push((*slot, row)),
            Place::Tenant(tenant) => change.placed.push((tenant.clone(), row)),
        }
        Ok(change)
    }

    /// Writes of a slot or a tenant wait from now on. A tenant that lives by its slot is placed by name for it, where it is.
    pub fn hold(&self, place: &Place, asked: &Asked) -> Result<Change, Refusal> {
        let row = self.row_of_its_own(place)?.hold(place, asked.hold())?;
        Ok(self.deed(DeedKind::Hold, place, row, asked))
    }

    /// Writes of a slot or a tenant that is held go on at its owner. A tenant that was placed by name stays so.
    pub fn release(&self, place: &Place, asked: &Asked) -> Result<Change, Refusal> {
        let current = match place {
            Place::Slot(slot) => self.slot(*slot),
            Place::Tenant(tenant) => self.placed.get(tenant),
        };
        let held = current.ok_or_else(|| Refusal::NotHeld(place.clone()))?;
        Ok(self.deed(DeedKind::Release, place, held.release(place)?, asked))
    }

    /// Places tenants by name where they live, all in one change. Those that are placed already stay as they are; nothing if
    /// that is all of them.
    pub fn pin(&self, tenants: &[Tenant], asked: &Asked) -> Result<Option<Change>, Refusal> {
        let mut change = self.change(true);
        let unplaced: BTreeSet<_> =
            tenants.iter().filter(|tenant| !self.placed.contains_key(tenant)).collect();
        for tenant in unplaced {
            let place = Place::Tenant(tenant.clone());
            let row = self.row_of_its_own(&place)?;
            change.deeds.push(asked.deed(DeedKind::Pin, &place, row.generation));
            change.placed.push((tenant.clone(), row));
        }
        Ok((!change.placed.is_empty()).then_some(change))
    }

    /// The slots and tenants whose writes wait.
    pub fn held(&self) -> impl Iterator<Item = (Place, &Ownership)> {
        let slots = (0..=u16::MAX).map(Slot).filter_map(|slot| Some((slot, self.slot(slot)?)));
        let slots = slots.map(|(slot, row)| (Place::Slot(slot), row));
        let placed = self.placed.iter().map(|(name, row)| (Place::Tenant(name.clone()), row));
        slots.chain(placed).filter(|(_, row)| row.held.is_some())
    }

    /// The place's own row; for a tenant that lives by its slot the one that it gets when it leaves it, so that its generation
    /// never falls. A hold of the slot goes with it.
    fn row_of_its_own(&self, place: &Place) -> Result<Ownership, Refusal> {
        let nobody = || Refusal::NobodyOwns(place.clone());
        match place {
            Place::Slot(slot) => self.slot(*slot).cloned().ok_or_else(nobody),
            Place::Tenant(tenant) => {
                if let Some(row) = self.placed.get(tenant) {
                    return Ok(row.clone());
                }
                let row = self.slot(tenant.slot()).ok_or_else(nobody)?;
                Ok(Ownership { generation: row.generation.next(), ..row.clone() })
            }
        }
    }

    fn deed(&self, kind: DeedKind, place: &Place, row: Ownership, asked: &Asked) -> Change {
        let mut change = self.change(true);
        change.deeds.push(asked.deed(kind, place, row.generation));
        match place {
            Place::Slot(slot) => change.slots.push((*slot, row)),
            Place::Tenant(tenant) => change.placed.push((tenant.clone(), row)),
        }
        change
    }

    /// Gives slots that nobody owns their first homes, all in one change. Slots that somebody owns stay where they are;
    /// nothing if that is all of them.
    pub fn settle(&self, homes: &[(Slot, CellId)]) -> Result<Option<Change>, Refusal> {
        let mut change = self.change(true);
        for (slot, owner) in homes.iter().filter(|(slot, _)| self.slot(*slot).is_none()) {
            if !self.cells.contains_key(owner) {
                return Err(Refusal::UnknownCell(owner.clone()));
            }
            let row = Ownership::claim(&Place::Slot(*slot), None, Generation(0), owner)?;
            change.slots.push((*slot, row));
        }
        Ok((!change.slots.is_empty()).then_some(change))
    }

    /// Takes over a change that has been written.
    pub fn evolve(&mut self, change: Change) {
        self.epoch = change.epoch;
        if let Some(cell) = change.cell {
            self.cells.insert(cell.id.clone(), cell);
        }
        for (slot, row) in change.slots {
            self.slots[slot.index()] = Some(row);
        }
        self.placed.extend(change.placed);
    }

    /// The routing table of this fleet.
    pub fn table(&self) -> Result<Table, InvalidTable> {
        let mut draft = Draft::new(self.epoch);
        let mut places: BTreeMap<&CellId, CellIndex> = BTreeMap::new();
        for cell in self.cells.values() {
            places.insert(&cell.id, draft.cell(cell.routing()));
        }
        for (slot, row) in (0..=u16::MAX).zip(&self.slots) {
            if let Some(row) = row
                && let Some(place) = places.get(&row.owner)
            {
                draft.slot(Slot(slot), *place, row.generation);
                if row.held.is_some() {
                    draft.hold_slot(Slot(slot));
                }
            }
        }
        for (tenant, row) in &self.placed {
            if let Some(place) = places.get(&row.owner) {
                draft.place(tenant, *place, row.generation, row.held.is_some());
            }
        }
        draft.build()
    }

    fn change(&self, told: bool) -> Change {
        Change { epoch: if told { self.epoch.next() } else { self.epoch }, ..Change::default() }
    }
}

impl Change {
    fn with_cell(mut self, cell: CellRecord) -> Self {
        self.cell = Some(cell);
        self
    }
}

//! The table itself, and the one question that it answers: who owns this tenant?

use std::{fmt, sync::Arc};

use base_ids::{CellId, Epoch, Generation, Slot};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    Cell, Draft, Placed, Preference, SigningKey, form,
    overrides::{HELD, Overrides},
    ring::{Ring, Rings},
};

/// An immutable routing table: cells, 65,536 slots, overrides, and the epoch that orders it among others.
pub struct Table {
    epoch: Epoch,
    listed: Cells,
    /// Cell's index + 1, or 0, with the bit that says whether the slot is held.
    owners: Box<[u16]>,
    generations: Box<[u64]>,
    overrides: Overrides,
    digest: u64,
}

/// The cells with what is made of them.
pub(crate) struct Cells {
    pub(crate) cells: Box<[Cell]>,
    /// For each cell its pods by preference; none for a cell with one pod.
    pub(crate) rings: Box<[Option<Arc<Ring>>]>,
}

/// Who owns a tenant or a slot, as a table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner<'t> {
    /// The owning cell.
    pub cell: &'t Cell,
    /// Its place in the table's list of cells.
    pub index: usize,
    /// The number of the ownership.
    pub generation: Generation,
    /// Whether writes wait for the owner.
    pub held: bool,
}

/// Where a tenant's requests go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'t> {
    /// To a cell.
    To {
        /// Who owns the tenant.
        owner: Owner<'t>,
        /// Whether the tenant is placed by name and not by its slot.
        by_override: bool,
    },
    /// Nobody owns the tenant's slot yet.
    Unheld,
}

impl<'t> Route<'t> {
    /// Who owns the tenant, if anybody does.
    pub fn owner(self) -> Option<Owner<'t>> {
        match self {
            Self::To { owner, .. } => Some(owner),
            Self::Unheld => None,
        }
    }
}

impl Table {
    pub(crate) fn from_parts(
        epoch: Epoch,
        listed: Cells,
        owners: Vec<u16>,
        generations: Vec<u64>,
        overrides: Overrides,
    ) -> Self {
        let mut table = Self {
            epoch,
            listed,
            owners: owners.into(),
            generations: generations.into(),
            overrides,
            digest: 0,
        };
        table.digest = form::digest(&table);
        table
    }

    /// The table of a process that has not been told anything yet: epoch 0, no cells.
    pub fn empty() -> Self {
        Draft::new(Epoch(0)).build().expect("an empty draft has nothing that could be wrong")
    }

    /// Where the requests of the tenant with this name go. Locks nothing and allocates nothing. Total: any text has a slot.
    pub fn route(&self, tenant_name: &str) -> Route<'_> {
        let hash = xxh3_64(tenant_name.as_bytes());
        if let Some((place, generation)) = self.overrides.find(tenant_name, hash) {
            return self.to((place & HELD) | ((place & !HELD) + 1), generation, true);
        }
        let slot = usize::from((hash >> 48) as u16);
        self.to(self.owners[slot], self.generations[slot], false)
    }

    /// Who owns a slot, if anybody does.
    pub fn slot(&self, slot: Slot) -> Option<Owner<'_>> {
        self.to(self.owners[slot.index()], self.generations[slot.index()], false).owner()
    }

    /// The number that orders tables.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// XXH3-64 over the canonical form: equal for two holders of the same table.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The cells, in the order in which places name them.
    pub fn cells(&self) -> &[Cell] {
        &self.listed.cells
    }

    /// The cell with this name.
    pub fn cell(&self, id: &CellId) -> Option<&Cell> {
        self.cells().iter().find(|cell| cell.id == *id)
    }

    /// The place in the list of the cell with this name.
    pub fn index(&self, id: &CellId) -> Option<usize> {
        self.cells().iter().position(|cell| cell.id == *id)
    }

    /// The pods of the cell at this place of the list, in the order that a tenant prefers. Locks nothing and allocates nothing. Any
    /// of them serves the tenant; whoever holds a table of the same epoch prefers the same one.
    pub fn pods_for(&self, index: usize, tenant_name: &str) -> Preference<'_> {
        let pods = self.cells().get(index).map_or(&[][..], |cell| &cell.pods);
        let ring = self.listed.rings.get(index).and_then(Option::as_deref);
        Preference::of(pods, ring, tenant_name)
    }

    /// The rings of all cells, for a table that follows.
    pub(crate) fn rings(&self) -> Rings {
        let mut kept = Rings::default();
        for (cell, ring) in self.cells().iter().zip(&self.listed.rings) {
            if let Some(ring) = ring {
                kept.keep(cell, ring);
            }
        }
        kept
    }

    /// The key with this id, whichever cell signs with it.
    pub fn signing_key(&self, kid: &str) -> Option<&SigningKey> {
        (self.cells().iter()).flat_map(|cell| &cell.signing_keys).find(|key| key.kid == kid)
    }

    /// The tenants that are placed by name, in canonical order.
    pub fn overrides(&self) -> impl ExactSizeIterator<Item = Placed> + '_ {
        self.overrides.iter()
    }

    /// How many tenants are placed by name.
    pub fn overrides_len(&self) -> usize {
        self.overrides.len()
    }

    /// How the tenant with this name is placed by name, if it is.
    pub fn placed(&self, tenant_name: &str) -> Option<Placed> {
        let (place, generation) =
            self.overrides.find(tenant_name, xxh3_64(tenant_name.as_bytes()))?;
        Some(Placed {
            tenant: tenant_name.to_owned(),
            cell: usize::from(place & !HELD),
            generation: Generation(generation),
            held: place & HELD != 0,
        })
    }

    /// Names of the tenants that this table places by name, and `other` not so.
    pub(crate) fn placed_otherwise<'t>(
        &'t self,
        other: &'t Self,
    ) -> impl Iterator<Item = String> + 't {
        let meant = |table: &'t Self, (place, generation): (u16, u64)| {
            let cell = table.cells().get(usize::from(place & !HELD)).map(|cell| &cell.id);
            (cell, place & HELD, generation)
        };
        self.overrides
            .unlike(&other.overrides, move |mine, theirs| meant(self, mine) == meant(other, theirs))
    }

    /// Bytes that slots, overrides and rings take in memory. Cells that share a ring count it each.
    pub fn size(&self) -> usize {
        let rings = self.listed.rings.iter().flatten().map(|ring| ring.size());
        let slots = size_of_val(&*self.owners) + size_of_val(&*self.generations);
        slots + self.overrides.size() + rings.sum::<usize>()
    }

    fn to(&self, place: u16, generation: u64, by_override: bool) -> Route<'_> {
        let index = usize::from(place & !HELD);
        match index.checked_sub(1).and_then(|at| self.cells().get(at)) {
            Some(cell) => Route::To {
                owner: Owner {
                    cell,
                    index: index - 1,
                    generation: Generation(generation),
                    held: place & HELD != 0,
                },
                by_override,
            },
            None => Route::Unheld,
        }
    }
}

impl PartialEq for Table {
    /// Two tables with the same epoch and digest are the same table.
    fn eq(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.digest == other.digest
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("epoch", &self.epoch)
            .field("cells", &self.cells().len())
            .field("overrides", &self.overrides.len())
            .field("digest", &format_args!("{:016x}", self.digest))
            .finish_non_exhaustive()
    }
}

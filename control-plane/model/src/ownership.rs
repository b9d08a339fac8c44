//! Who owns a slot or a tenant: a row with a generation, changed by one compare-and-set.

use std::fmt;

use base_ids::{CellId, Generation, Slot, Tenant};

use crate::Refusal;

/// What can be owned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A slot with all the tenants that are not placed by name.
    Slot(Slot),
    /// A tenant placed by name.
    Tenant(Tenant),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot(slot) => write!(f, "slot {slot}"),
            Self::Tenant(tenant) => write!(f, "tenant {tenant}"),
        }
    }
}

/// The row: the owner, and the number of this ownership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The owning cell.
    pub owner: CellId,
    /// Raised by one at every change of owner; the first owner has 1.
    pub generation: Generation,
}

impl Ownership {
    /// The one transition: `owner` takes over from `current`, if its generation is still the `expected` one (0 for nobody).
    ///
    /// A claim that the owner repeats after its success is refused like any other late one; `Lost` then names itself as owner.
    pub(crate) fn claim(
        place: &Place,
        current: Option<&Self>,
        expected: Generation,
        owner: &CellId,
    ) -> Result<Self, Refusal> {
        let generation = current.map_or(Generation(0), |row| row.generation);
        if generation == expected {
            Ok(Self { owner: owner.clone(), generation: generation.next() })
        } else {
            Err(Refusal::Lost { place: place.clone(), expected, current: current.cloned() })
        }
    }
}

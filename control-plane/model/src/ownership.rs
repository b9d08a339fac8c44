//! Who owns a slot or a tenant: a row with a generation, changed by one compare-and-set.

use std::fmt;

use base_ids::{CellId, Generation, Slot, Tenant};

use crate::{Hold, Refusal};

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

/// The row: the owner, the number of this ownership, and whether writes wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The owning cell.
    pub owner: CellId,
    /// Raised by one at every change of owner, and when a hold ends; the first owner has 1.
    pub generation: Generation,
    /// Writes wait for the owner, if they do.
    pub held: Option<Hold>,
}

impl Ownership {
    /// The transition that changes the owner: `owner` takes over from `current`, if its generation is still the `expected` one (0 for nobody).
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
            Ok(Self { owner: owner.clone(), generation: generation.next(), held: None })
        } else {
            Err(Refusal::Lost { place: place.clone(), expected, current: current.cloned() })
        }
    }

    /// Writes wait from now on. The owner closes its fence for this generation, for good.
    pub(crate) fn hold(&self, place: &Place, hold: Hold) -> Result<Self, Refusal> {
        match &self.held {
            Some(held) => Err(Refusal::AlreadyHeld { place: place.clone(), held: held.clone() }),
            None => Ok(Self { held: Some(hold), ..self.clone() }),
        }
    }

    /// Writes go on at the same owner, under the next generation: a fence that was closed opens for no other.
    pub(crate) fn release(&self, place: &Place) -> Result<Self, Refusal> {
        match &self.held {
            Some(_) => {
                let generation = self.generation.next();
                Ok(Self { owner: self.owner.clone(), generation, held: None })
            }
            None => Err(Refusal::NotHeld(place.clone())),
        }
    }
}

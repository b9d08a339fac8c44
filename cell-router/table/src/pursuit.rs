//! How a request finds its owner although the table may be stale: follow the newest word, a bounded number of times.

use std::net::SocketAddr;

use base_ids::{CellId, Epoch, Generation};

use crate::{Refusal, Route, Table};

/// What a cell's refusal taught about a tenant. Worth more than the table while its epoch is newer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Who owns the tenant.
    pub cell: CellId,
    /// The number of that ownership.
    pub generation: Generation,
    /// Epoch of the table that said so.
    pub epoch: Epoch,
}

/// Where the next try goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The cell.
    pub cell: CellId,
    /// Where its API is.
    pub edge: SocketAddr,
    /// The number of the ownership that the sender believes in.
    pub generation: Generation,
    /// Epoch of the word that the sender follows.
    pub epoch: Epoch,
    /// Whether the same cell has refused before and knew no better: give the fleet a moment before this try.
    pub after_pause: bool,
}

/// Why a request found no owner. Each is worth a later try by the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GaveUp {
    /// Nobody owns the tenant's slot yet.
    #[error("no cell owns the tenant yet")]
    Unheld,
    /// The newest word names a cell that the table does not know.
    #[error("the tenant lives in cell {0}, which this router does not know yet")]
    CellUnknown(CellId),
    /// All tries ended at cells that refused.
    #[error("the owner of the tenant was not found in {0} tries")]
    NotFound(u8),
    /// The tenant is between owners.
    #[error("the tenant is being moved")]
    Held,
}

/// One request on its way to the owner of its tenant.
#[derive(Clone, Debug, Default)]
pub struct Pursuit {
    tries: u8,
    hint: Option<Hint>,
    refused_by: Option<CellId>,
    held: bool,
}

impl Pursuit {
    /// How often a request is sent at most.
    pub const TRIES_MAX: u8 = 3;

    /// Starts with what an earlier request learnt.
    pub fn new(hint: Option<Hint>) -> Self {
        Self { hint, ..Self::default() }
    }

    /// Where to send the request now; each call is a try.
    pub fn next(&mut self, table: &Table, tenant_name: &str) -> Result<Target, GaveUp> {
        if self.tries >= Self::TRIES_MAX {
            return Err(if self.held { GaveUp::Held } else { GaveUp::NotFound(self.tries) });
        }
        self.tries += 1;
        let hint = self.hint.as_ref().filter(|hint| hint.epoch > table.epoch());
        let (cell, generation, epoch) = match (hint, table.route(tenant_name)) {
            (Some(hint), _) => {
                let cell = table.cell(&hint.cell);
                let cell = cell.ok_or_else(|| GaveUp::CellUnknown(hint.cell.clone()))?;
                (cell, hint.generation, hint.epoch)
            }
            (None, Route::To { owner, .. }) => (owner.cell, owner.generation, table.epoch()),
            (None, Route::Unheld) => return Err(GaveUp::Unheld),
        };
        Ok(Target {
            cell: cell.id.clone(),
            edge: cell.edge,
            generation,
            epoch,
            after_pause: self.held || self.refused_by.as_ref() == Some(&cell.id),
        })
    }

    /// Learns that the cell of the last try refused.
    pub fn refused(&mut self, by: &CellId, refusal: Refusal) {
        self.refused_by = Some(by.clone());
        self.held = matches!(refusal, Refusal::Held { .. });
        if let Refusal::NotMine { cell: Some(cell), generation, epoch } = refusal
            && self.hint.as_ref().is_none_or(|known| known.epoch < epoch)
        {
            self.hint = Some(Hint { cell, generation, epoch });
        }
    }

    /// Whether a further try is allowed.
    pub fn may_try_again(&self) -> bool {
        self.tries < Self::TRIES_MAX
    }

    /// How often the request has been sent.
    pub fn tries(&self) -> u8 {
        self.tries
    }

    /// What was learnt so far.
    pub fn hint(&self) -> Option<&Hint> {
        self.hint.as_ref()
    }
}

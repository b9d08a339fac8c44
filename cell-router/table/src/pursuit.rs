//! How a request finds its owner although the table may be stale: follow the newest word, a bounded number of times.

use std::net::SocketAddr;

use base_ids::{CellId, Epoch, Generation, PodName};

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

/// What a request wants of its tenant: it decides whether a hold concerns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// It only reads: the owner serves it although the tenant is held.
    Read,
    /// It changes something: it waits while the tenant is held.
    Write,
    /// Only the cell can tell; while the tenant is held it is asked first.
    Unsure,
}

/// What a request does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is sent, or its target is asked first.
    Try(Target),
    /// It waits, unsent: for a table that is newer than the one that was looked into, or until it may [`Pursuit::probe`].
    Wait(Wait),
}

/// Why a request waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The tenant is held: by the table, or by the word of its cell.
    Held,
    /// The newest word names a cell that the table does not know yet.
    CellUnknown(CellId),
}

/// Where the next try goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The cell.
    pub cell: CellId,
    /// Its place in the table that the step was decided by.
    pub index: usize,
    /// The pod that the tenant prefers. Any other pod of the cell serves it as well.
    pub pod: PodName,
    /// Where the API of that pod is.
    pub edge: SocketAddr,
    /// The number of the ownership that the sender believes in.
    pub generation: Generation,
    /// Epoch of the word that the sender follows.
    pub epoch: Epoch,
    /// Whether the same cell has refused before and knew no better: give the fleet a moment before this try.
    pub after_pause: bool,
    /// Whether the cell is asked before anything of the request is spent on it: the tenant may be held, or the pod failed lately.
    pub ask: bool,
}

impl Target {
    /// Whether the cell, in this table, has no other pod than the one that is named.
    pub fn is_only_pod(&self, table: &Table) -> bool {
        table.cell(&self.cell).is_none_or(|cell| cell.pods.len() < 2)
    }
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

impl From<Wait> for GaveUp {
    /// What a wait that took too long ends in.
    fn from(wait: Wait) -> Self {
        match wait {
            Wait::Held => Self::Held,
            Wait::CellUnknown(cell) => Self::CellUnknown(cell),
        }
    }
}

/// One request on its way to the owner of its tenant.
#[derive(Clone, Debug, Default)]
pub struct Pursuit {
    /// Tries that ended, or may end, at a cell that does not own the tenant.
    tries: u8,
    /// Tries that ended at a cell that holds the tenant.
    probes: u8,
    hint: Option<Hint>,
    refused_by: Option<CellId>,
    /// Epoch of the sender's table when a cell said that the tenant is held.
    held_at: Option<Epoch>,
    /// Epoch of the table that the last step was decided by.
    looked_into: Epoch,
    probing: bool,
}

impl Pursuit {
    /// How often a request is sent to cells that do not own its tenant, at most.
    pub const TRIES_MAX: u8 = 3;
    /// How often a request, or the question before it, is sent to a cell that holds its tenant, at most.
    pub const PROBES_MAX: u8 = 16;
    /// How often a request is sent at most.
    pub const SENDS_MAX: u8 = Self::TRIES_MAX + Self::PROBES_MAX;

    /// Starts with what an earlier request learnt.
    pub fn new(hint: Option<Hint>) -> Self {
        Self { hint, ..Self::default() }
    }

    /// What to do now, by this table and what was learnt; each [`Step::Try`] is a try.
    pub fn next(
        &mut self,
        table: &Table,
        tenant_name: &str,
        intent: Intent,
    ) -> Result<Step, GaveUp> {
        if self.tries >= Self::TRIES_MAX {
            return Err(GaveUp::NotFound(self.tries));
        }
        if self.probes >= Self::PROBES_MAX {
            return Err(GaveUp::Held);
        }
        self.looked_into = table.epoch();
        let hint = self.hint.as_ref().filter(|hint| hint.epoch > table.epoch());
        let hinted = hint.map(|hint| (hint, table.index(&hint.cell)));
        let (index, generation, epoch, held) = match (hinted, table.route(tenant_name)) {
            (Some((hint, Some(index))), _) => (index, hint.generation, hint.epoch, false),
            // Without news the owner that the table names may know better by now.
            (Some((hint, None)), _) if !self.probing => {
                return Ok(Step::Wait(Wait::CellUnknown(hint.cell.clone())));
            }
            (_, Route::To { owner, .. }) => {
                let held = owner.held && intent != Intent::Read;
                (owner.index, owner.generation, table.epoch(), held)
            }
            (_, Route::Unheld) => return Err(GaveUp::Unheld),
        };
        // What a cell said about a hold stands until there is news, or somebody looks again.
        let told_held = self.held_at.is_some_and(|at| at >= table.epoch());
        let waits = told_held || held && intent == Intent::Write;
        if waits && !self.probing {
            return Ok(Step::Wait(Wait::Held));
        }
        self.tries += 1;
        let cell = &table.cells()[index];
        let preferred = table.pods_for(index, tenant_name).next();
        let pod = preferred.expect("a table lists no cell without a pod");
        Ok(Step::Try(Target {
            cell: cell.id.clone(),
            index,
            pod: pod.name.clone(),
            edge: pod.edge,
            generation,
            epoch,
            after_pause: !waits && self.refused_by.as_ref() == Some(&cell.id),
            ask: held || told_held,
        }))
    }

    /// Has waited long enough without news: the next step is a try, whatever is known of a hold.
    pub fn probe(&mut self) {
        self.probing = true;
    }

    /// Takes over what another request of the tenant has learnt.
    pub fn learn(&mut self, hint: Hint) {
        if self.hint.as_ref().is_none_or(|known| known.epoch < hint.epoch) {
            // A newer word than the one by which the tenant was held.
            if self.held_at.is_some_and(|at| at < hint.epoch) {
                self.held_at = None;
            }
            self.hint = Some(hint);
        }
    }

    /// Learns that the cell of the last try refused.
    pub fn refused(&mut self, by: &CellId, refusal: Refusal) {
        self.probing = false;
        match refusal {
            Refusal::Held { .. } => {
                // Not a try that missed the owner.
                self.tries = self.tries.saturating_sub(1);
                self.probes += 1;
                self.held_at = Some(self.looked_into);
            }
            Refusal::NotMine { cell, generation, epoch } => {
                self.held_at = None;
                self.refused_by = Some(by.clone());
                if let Some(cell) = cell {
                    self.learn(Hint { cell, generation, epoch });
                }
            }
        }
    }

    /// Whether a further try is allowed.
    pub fn may_try_again(&self) -> bool {
        self.tries < Self::TRIES_MAX && self.probes < Self::PROBES_MAX
    }

    /// How often the request, or a question before it, has been sent.
    pub fn tries(&self) -> u8 {
        self.tries + self.probes
    }

    /// What was learnt so far.
    pub fn hint(&self) -> Option<&Hint> {
        self.hint.as_ref()
    }
}

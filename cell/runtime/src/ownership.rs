//! Whom this cell may serve: the routing table says it fast, the store's fences make it true.

use std::collections::BTreeMap;

use base_fault::Fault;
use base_ids::{CellId, Generation, Slot, Tenant};
use router_table::{Route, Snapshot, Table};

use crate::{
    call::Unanswered,
    port::{Fence, Fences, Scope},
};

/// The generation under which this cell owns a tenant, or who does.
pub(crate) fn generation(
    table: &Snapshot,
    cell: &CellId,
    tenant: &Tenant,
) -> Result<Generation, Unanswered> {
    let table = table.load();
    let epoch = table.epoch();
    match table.route(tenant.as_str()) {
        Route::To { owner, .. } if owner.cell.id != *cell => {
            let (generation, owner) = (owner.generation, Some(owner.cell.id.clone()));
            Err(Unanswered::NotMine { owner, generation, epoch })
        }
        Route::To { owner, .. } if owner.held => Err(Unanswered::Held { epoch }),
        Route::To { owner, .. } => Ok(owner.generation),
        Route::Unheld => Err(Unanswered::NotMine { owner: None, generation: Generation(0), epoch }),
    }
}

/// Sets the fences that a table asks for, before the cell serves by it: open what this cell owns, closed what it no longer does.
/// Says how many were set.
pub(crate) async fn fence(
    fences: &dyn Fences,
    cell: &CellId,
    table: &Table,
) -> Result<usize, Fault> {
    let standing: BTreeMap<Scope, Fence> = fences.all().await?.into_iter().collect();
    let mut wanted = Vec::new();
    for number in 0..=u16::MAX {
        let slot = Slot(number);
        if let Some(owner) = table.slot(slot) {
            let mine = owner.cell.id == *cell && !owner.held;
            want(&mut wanted, &standing, Scope::Slot(slot), mine, owner.generation);
        }
    }
    for placed in table.overrides() {
        let mine = table.cells()[placed.cell].id == *cell && !placed.held;
        let Ok(tenant) = placed.tenant.parse() else { continue };
        want(&mut wanted, &standing, Scope::Tenant(tenant), mine, placed.generation);
    }
    if wanted.is_empty() { Ok(0) } else { fences.set(wanted).await }
}

fn want(
    wanted: &mut Vec<(Scope, Fence)>,
    standing: &BTreeMap<Scope, Fence>,
    scope: Scope,
    mine: bool,
    generation: Generation,
) {
    let fence = if mine { Fence::Open(generation) } else { Fence::Closed(generation) };
    let known = standing.get(&scope);
    // What this cell never owned needs no fence: without one nothing can be written.
    if known != Some(&fence) && (mine || known.is_some()) {
        wanted.push((scope, fence));
    }
}

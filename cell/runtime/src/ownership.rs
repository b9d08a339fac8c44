//! Whom this cell may serve: the routing table says it fast, the store's fences make it true.

use std::collections::BTreeMap;

use base_fault::Fault;
use base_ids::{CellId, Generation, Slot, Tenant};
use router_table::{Route, Snapshot, Table};

use crate::{
    call::Unanswered,
    port::{Fence, Fences, Scope},
};

/// The generation under which this cell may write for a tenant, or why it may not.
pub(crate) fn generation(
    table: &Snapshot,
    cell: &CellId,
    tenant: &Tenant,
) -> Result<Generation, Unanswered> {
    owned(&table.load(), cell, tenant, true)
}

/// The generation under which this cell owns a tenant, which it may read even while writes wait; or who owns it.
pub(crate) fn readable(
    table: &Snapshot,
    cell: &CellId,
    tenant: &Tenant,
) -> Result<Generation, Unanswered> {
    owned(&table.load(), cell, tenant, false)
}

/// The generation under which this cell owns a tenant; for writes only while it is not held.
pub(crate) fn owned(
    table: &Table,
    cell: &CellId,
    tenant: &Tenant,
    writes: bool,
) -> Result<Generation, Unanswered> {
    let epoch = table.epoch();
    match table.route(tenant.as_str()) {
        Route::To { owner, .. } if owner.cell.id != *cell => {
            let (generation, owner) = (owner.generation, Some(owner.cell.id.clone()));
            Err(Unanswered::NotMine { owner, generation, epoch })
        }
        Route::To { owner, .. } if owner.held && writes => Err(Unanswered::Held { epoch }),
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
            let here = owner.cell.id == *cell;
            let fence = fence_of(here && !owner.held, owner.generation);
            want(&mut wanted, &standing, Scope::Slot(slot), fence, here);
        }
    }
    for placed in table.overrides() {
        let here = table.cells()[placed.cell].id == *cell;
        let Ok(tenant) = placed.tenant.parse::<Tenant>() else { continue };
        // Without a fence of its own the tenant would still be let in by that of its slot, if the slot lives or lived here.
        let let_in = standing.contains_key(&Scope::Slot(tenant.slot()))
            || table.slot(tenant.slot()).is_some_and(|owner| owner.cell.id == *cell);
        let fence = fence_of(here && !placed.held, placed.generation);
        want(&mut wanted, &standing, Scope::Tenant(tenant), fence, here || let_in);
    }
    if wanted.is_empty() { Ok(0) } else { fences.set(wanted).await }
}

fn fence_of(open: bool, generation: Generation) -> Fence {
    if open { Fence::Open(generation) } else { Fence::Closed(generation) }
}

fn want(
    wanted: &mut Vec<(Scope, Fence)>,
    standing: &BTreeMap<Scope, Fence>,
    scope: Scope,
    fence: Fence,
    concerns: bool,
) {
    let known = standing.get(&scope);
    // What this cell never owned needs no fence: without one nothing can be written.
    if known != Some(&fence) && (concerns || known.is_some()) {
        wanted.push((scope, fence));
    }
}

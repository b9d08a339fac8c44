//! The fences in memory: every append asks them, so they are not read from disk.

use std::collections::HashMap;

use base_ids::{Generation, Slot, Tenant};
use cell_runtime::port::{Fence, Scope};

/// All fences of the store.
#[derive(Clone, Debug, Default)]
pub(crate) struct FenceMap {
    slots: HashMap<Slot, Fence>,
    tenants: HashMap<Tenant, Fence>,
}

impl FenceMap {
    /// The fence that holds for a tenant: its own, else its slot's.
    pub(crate) fn of(&self, tenant: &Tenant) -> Option<Fence> {
        let own = self.tenants.get(tenant);
        own.or_else(|| self.slots.get(&tenant.slot())).copied()
    }

    /// Invariant owner-1: only the owner's generation may write.
    pub(crate) fn lets_in(&self, tenant: &Tenant, generation: Generation) -> bool {
        matches!(self.of(tenant), Some(Fence::Open(owner)) if owner == generation)
    }

    /// Sets a fence if it wins over the one that is there.
    pub(crate) fn set(&mut self, scope: &Scope, fence: Fence) -> bool {
        let now = match scope {
            Scope::Slot(slot) => self.slots.get(slot),
            Scope::Tenant(tenant) => self.tenants.get(tenant),
        };
        let wins = fence.replaces(now.copied());
        if wins {
            match scope {
                Scope::Slot(slot) => self.slots.insert(*slot, fence),
                Scope::Tenant(tenant) => self.tenants.insert(tenant.clone(), fence),
            };
        }
        wins
    }

    /// All of them, in order of their scopes.
    pub(crate) fn all(&self) -> Vec<(Scope, Fence)> {
        let slots = self.slots.iter().map(|(slot, f)| (Scope::Slot(*slot), *f));
        let tenants = self.tenants.iter();
        let tenants = tenants.map(|(tenant, f)| (Scope::Tenant(tenant.clone()), *f));
        let mut all: Vec<_> = slots.chain(tenants).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }
}

//! Which tenants may be written, under which generation.

use std::future::ready;

use base_ids::Tenant;
use cell_kernel::Answer;
use cell_runtime::port::{Fence, Fences, Scope};

use crate::{Embedded, fences::FenceMap, op::Op};

impl Fences for Embedded {
    fn set(&self, fences: Vec<(Scope, Fence)>) -> Answer<'_, usize> {
        self.write(move |reply| Op::SetFences(fences, reply))
    }

    fn of<'a>(&'a self, tenant: &'a Tenant) -> Answer<'a, Option<Fence>> {
        Box::pin(ready(self.fences(|fences| fences.of(tenant))))
    }

    fn all(&self) -> Answer<'_, Vec<(Scope, Fence)>> {
        Box::pin(ready(self.fences(FenceMap::all)))
    }
}

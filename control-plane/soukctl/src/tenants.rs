//! `tenants where`.

use base_ids::{Slot, Tenant};
use serde::Serialize;
use souk_proto_fleet::v1::WhereIsTenantResponse;

use crate::{
    out::{View, pairs},
    reach::Reach,
    trouble::Trouble,
    zone::Zone,
};

/// Where a tenant lives.
#[derive(Debug, Serialize)]
pub(crate) struct Residence {
    tenant: String,
    slot: u32,
    /// Nothing while nobody owns the slot.
    cell: Option<String>,
    generation: u64,
    by_override: bool,
    epoch: u64,
    edge: Option<String>,
    admin: Option<String>,
}

impl From<WhereIsTenantResponse> for Residence {
    fn from(found: WhereIsTenantResponse) -> Self {
        let cell = found.cell.as_ref();
        Self {
            tenant: found.tenant,
            slot: found.slot,
            generation: found.generation,
            by_override: found.by_override,
            epoch: found.epoch,
            edge: cell.map(|cell| cell.edge_address.clone()),
            admin: cell.map(|cell| cell.admin_address.clone()),
            cell: found.cell.map(|cell| cell.id),
        }
    }
}

impl View for Residence {
    fn text(&self, _: &Zone) -> String {
        let or_nobody =
            |text: &Option<String>| text.clone().unwrap_or_else(|| "nobody yet".to_owned());
        let slot = u16::try_from(self.slot)
            .map_or_else(|_| self.slot.to_string(), |slot| Slot(slot).to_string());
        let placed = if self.by_override { "by name" } else { "by its slot" };
        pairs([
            ("tenant", self.tenant.clone()),
            ("cell", or_nobody(&self.cell)),
            ("placed", format!("{placed}, slot {slot}")),
            ("generation", self.generation.to_string()),
            ("edge", or_nobody(&self.edge)),
            ("admin", or_nobody(&self.admin)),
            ("epoch", self.epoch.to_string()),
        ])
    }
}

pub(crate) async fn where_is(reach: &Reach, tenant: &Tenant) -> Result<Residence, Trouble> {
    Ok(reach.where_is(tenant).await?.into())
}

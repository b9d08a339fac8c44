//! `tenants where` and `tenants pin`.

use base_ids::{Slot, Tenant};
use serde::Serialize;
use souk_proto_fleet::v1::{PinTenantsRequest, PinTenantsResponse, WhereIsTenantResponse};

use crate::{
    cli::Note,
    out::{View, pairs, yes_no},
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
    held: bool,
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
            held: found.hold.is_some(),
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
            ("held", yes_no(self.held)),
            ("edge", or_nobody(&self.edge)),
            ("admin", or_nobody(&self.admin)),
            ("epoch", self.epoch.to_string()),
        ])
    }
}

pub(crate) async fn where_is(reach: &Reach, tenant: &Tenant) -> Result<Residence, Trouble> {
    Ok(reach.where_is(tenant).await?.into())
}

/// How many tenants are placed by name now that were not before.
#[derive(Debug, Serialize)]
pub(crate) struct Pinned {
    pinned: u32,
    epoch: u64,
}

impl From<PinTenantsResponse> for Pinned {
    fn from(answer: PinTenantsResponse) -> Self {
        Self { pinned: answer.pinned, epoch: answer.epoch }
    }
}

impl View for Pinned {
    fn text(&self, _: &Zone) -> String {
        let Self { pinned, epoch } = self;
        format!("{pinned} tenants placed by name that were not before, epoch {epoch}\n")
    }
}

pub(crate) async fn pin(
    reach: &Reach,
    tenants: &[Tenant],
    Note { why, by }: Note,
) -> Result<Pinned, Trouble> {
    let tenants = tenants.iter().map(Tenant::to_string).collect();
    let request = PinTenantsRequest { tenants, by, why };
    let answer = reach.control_plane(async |operator| operator.pin_tenants(request).await).await?;
    Ok(answer.into())
}

//! `tenants where` and `tenants pin`.

use base_ids::{Slot, Tenant};
use serde::Serialize;
use souk_proto_fleet::v1::{self, PinTenantsRequest, PinTenantsResponse, WhereIsTenantResponse};

use crate::{
    cli::Note,
    out::{View, columns, pairs, yes_no},
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
    /// The pods of the cell, the one that the tenant prefers first.
    pods: Vec<Pod>,
}

#[derive(Debug, Serialize)]
struct Pod {
    #[serde(rename = "pod")]
    name: String,
    edge: String,
    admin: String,
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
            pods: cell.map(|cell| cell.pods.iter().map(Pod::from).collect()).unwrap_or_default(),
            cell: found.cell.map(|cell| cell.id),
        }
    }
}

impl From<&v1::Pod> for Pod {
    fn from(pod: &v1::Pod) -> Self {
        Self {
            name: pod.name.clone(),
            edge: pod.edge_address.clone(),
            admin: pod.admin_address.clone(),
        }
    }
}

impl View for Residence {
    fn text(&self, _: &Zone) -> String {
        let cell = self.cell.clone().unwrap_or_else(|| "nobody yet".to_owned());
        let header = ["POD", "EDGE", "ADMIN"];
        let rows = self.pods.iter();
        let rows = rows.map(|pod| [pod.name.clone(), pod.edge.clone(), pod.admin.clone()]);
        let pods = columns(header, rows, "no pod serves it");
        let slot = u16::try_from(self.slot)
            .map_or_else(|_| self.slot.to_string(), |slot| Slot(slot).to_string());
        let placed = if self.by_override { "by name" } else { "by its slot" };
        let own = pairs([
            ("tenant", self.tenant.clone()),
            ("cell", cell),
            ("placed", format!("{placed}, slot {slot}")),
            ("generation", self.generation.to_string()),
            ("held", yes_no(self.held)),
            ("epoch", self.epoch.to_string()),
        ]);
        format!("{own}\n{pods}")
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

//! What operators may do to ownership, as it looks on the wire: hold, release, pin; and the record of it.

use base_ids::{Slot, Tenant};
use base_time::Timestamp;
use cp_model::{Asked, Deed, Hold, Ownership, Place};
use souk_proto_fleet::{caller, v1};
use tonic::{Request, Status};

/// Most bytes in the name of who asks.
const BY_LEN_MAX: usize = 100;
/// Most bytes in a reason.
const WHY_LEN_MAX: usize = 500;
/// Most tenants that are pinned at once: one change is one batch of the store.
const PINS_MAX: usize = 10_000;
/// How many deeds are listed unless told, and at most.
const DEEDS: u32 = 50;
const DEEDS_MAX: u32 = 1_000;

/// Who asks, from where, why and when; refused without a name or a reason, which the record needs.
pub(crate) fn asked<T>(
    request: &Request<T>,
    by: &str,
    why: &str,
    at: Timestamp,
) -> Result<Asked, Status> {
    Ok(Asked {
        by: text("by", by, BY_LEN_MAX)?,
        from: caller(request)?.to_string(),
        why: text("why", why, WHY_LEN_MAX)?,
        at,
    })
}

fn text(field: &str, text: &str, len_max: usize) -> Result<String, Status> {
    let text = text.trim();
    if text.is_empty() || text.len() > len_max || text.contains(char::is_control) {
        let expected = format!("{field} must have 1 to {len_max} bytes on one line");
        return Err(Status::invalid_argument(expected));
    }
    Ok(text.to_owned())
}

/// The slot or tenant that a request names.
pub(crate) fn place(wire: Option<&v1::Place>) -> Result<Place, Status> {
    match wire.and_then(|place| place.is.as_ref()) {
        Some(v1::place::Is::Slot(slot)) => {
            let slot = u16::try_from(*slot);
            let slot = slot.map_err(|_| Status::invalid_argument("slot must be 0 to 65535"))?;
            Ok(Place::Slot(Slot(slot)))
        }
        Some(v1::place::Is::Tenant(name)) => tenant(name).map(Place::Tenant),
        None => Err(Status::invalid_argument("place must name a slot or a tenant")),
    }
}

/// The tenants that a request names, a bounded number of them.
pub(crate) fn tenants(names: &[String]) -> Result<Vec<Tenant>, Status> {
    if names.is_empty() || names.len() > PINS_MAX {
        let text = format!("name 1 to {PINS_MAX} tenants at a time");
        return Err(Status::invalid_argument(text));
    }
    names.iter().map(|name| tenant(name)).collect()
}

fn tenant(name: &str) -> Result<Tenant, Status> {
    let parsed = name.parse();
    parsed.map_err(|error: base_ids::InvalidTenant| Status::invalid_argument(error.to_string()))
}

/// How many deeds a request wants; 0 for the usual number.
pub(crate) fn limit(wanted: u32) -> usize {
    let limit = if wanted == 0 { DEEDS } else { wanted.min(DEEDS_MAX) };
    limit as usize
}

pub(crate) fn ownership(place: &Place, row: &Ownership) -> v1::Ownership {
    let is = match place {
        Place::Slot(slot) => v1::place::Is::Slot(slot.0.into()),
        Place::Tenant(tenant) => v1::place::Is::Tenant(tenant.to_string()),
    };
    v1::Ownership {
        place: Some(v1::Place { is: Some(is) }),
        cell: row.owner.to_string(),
        generation: row.generation.0,
        hold: row.held.as_ref().map(hold),
    }
}

pub(crate) fn hold(hold: &Hold) -> v1::Hold {
    v1::Hold { by: hold.by.clone(), why: hold.why.clone(), since_ms: hold.since.as_millis() }
}

pub(crate) fn deed(deed: Deed) -> v1::Deed {
    v1::Deed {
        at_ms: deed.at.as_millis(),
        by: deed.by,
        from: deed.from,
        kind: deed.kind.to_string(),
        place: deed.place,
        generation: deed.generation.0,
        why: deed.why,
    }
}

//! `slots hold`, `slots release`, `slots held` and `slots record`.

use std::str::FromStr;

use base_ids::{Slot, Tenant};
use serde::Serialize;
use souk_proto_fleet::v1;

use crate::{
    cli::Note,
    out::{View, columns},
    reach::Reach,
    trouble::Trouble,
    zone::{At, Zone},
};

/// A slot, as `slots list --runs` shows it, or a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Slot(Slot),
    Tenant(Tenant),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('/') {
            return text.parse().map(Self::Tenant).map_err(|error| format!("{error}"));
        }
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let slot = digits.then(|| u16::from_str_radix(text, 16).ok()).flatten();
        let expected = "expected a slot of four hexadecimal digits, such as 3e3d, or a tenant, such as vendors/atlas";
        slot.map(|slot| Self::Slot(Slot(slot))).ok_or_else(|| expected.to_owned())
    }
}

impl From<Place> for v1::Place {
    fn from(place: Place) -> Self {
        let is = match place {
            Place::Slot(slot) => v1::place::Is::Slot(slot.0.into()),
            Place::Tenant(tenant) => v1::place::Is::Tenant(tenant.to_string()),
        };
        Self { is: Some(is) }
    }
}

/// `slot 3e3d` or `vendors/atlas`.
fn shown(place: Option<v1::Place>) -> String {
    match place.and_then(|place| place.is) {
        Some(v1::place::Is::Slot(slot)) => format!("slot {slot:04x}"),
        Some(v1::place::Is::Tenant(tenant)) => tenant,
        None => "nothing".to_owned(),
    }
}

/// A slot or tenant after its hold began or ended.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    place: String,
    cell: String,
    generation: u64,
    held: bool,
    epoch: u64,
}

impl Row {
    fn of(ownership: Option<v1::Ownership>, epoch: u64) -> Self {
        let row = ownership.unwrap_or_default();
        Self {
            place: shown(row.place),
            cell: row.cell,
            generation: row.generation,
            held: row.hold.is_some(),
            epoch,
        }
    }
}

impl View for Row {
    fn text(&self, _: &Zone) -> String {
        let Self { place, cell, generation, held, epoch } = self;
        if *held {
            format!(
                "{place} is held at {cell}, generation {generation}, from epoch {epoch} on: writes wait, reads are served\n"
            )
        } else {
            format!(
                "{place} is released at {cell}, generation {generation}, from epoch {epoch} on\n"
            )
        }
    }
}

pub(crate) async fn hold(
    reach: &Reach,
    place: Place,
    Note { why, by }: Note,
) -> Result<Row, Trouble> {
    let request = v1::HoldRequest { place: Some(place.into()), by, why };
    let answer = reach.control_plane(async |operator| operator.hold(request).await).await?;
    Ok(Row::of(answer.ownership, answer.epoch))
}

pub(crate) async fn release(
    reach: &Reach,
    place: Place,
    Note { why, by }: Note,
) -> Result<Row, Trouble> {
    let request = v1::ReleaseRequest { place: Some(place.into()), by, why };
    let answer = reach.control_plane(async |operator| operator.release(request).await).await?;
    Ok(Row::of(answer.ownership, answer.epoch))
}

/// What is held now.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Held(Vec<Waiting>);

#[derive(Debug, Serialize)]
struct Waiting {
    place: String,
    cell: String,
    generation: u64,
    by: String,
    why: String,
    since: At,
}

impl From<v1::ListHoldsResponse> for Held {
    fn from(answer: v1::ListHoldsResponse) -> Self {
        let waiting = answer.held.into_iter().map(|row| {
            let hold = row.hold.unwrap_or_default();
            Waiting {
                place: shown(row.place),
                cell: row.cell,
                generation: row.generation,
                by: hold.by,
                why: hold.why,
                since: At::millis(hold.since_ms),
            }
        });
        Self(waiting.collect())
    }
}

impl View for Held {
    fn text(&self, zone: &Zone) -> String {
        let rows = self.0.iter().map(|row| {
            let (place, cell) = (row.place.clone(), row.cell.clone());
            [place, cell, zone.show(row.since), row.by.clone(), row.why.clone()]
        });
        columns(["PLACE", "CELL", "SINCE", "BY", "WHY"], rows, "nothing is held")
    }
}

pub(crate) async fn held(reach: &Reach) -> Result<Held, Trouble> {
    let request = v1::ListHoldsRequest {};
    let answer = reach.control_plane(async |operator| operator.list_holds(request).await).await?;
    Ok(answer.into())
}

/// What operators did.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Record(Vec<Done>);

#[derive(Debug, Serialize)]
struct Done {
    at: At,
    by: String,
    from: String,
    deed: String,
    place: String,
    generation: u64,
    why: String,
}

impl From<v1::ListDeedsResponse> for Record {
    fn from(answer: v1::ListDeedsResponse) -> Self {
        let done = answer.deeds.into_iter().map(|deed| Done {
            at: At::millis(deed.at_ms),
            by: deed.by,
            from: deed.from,
            deed: deed.kind,
            place: deed.place,
            generation: deed.generation,
            why: deed.why,
        });
        Self(done.collect())
    }
}

impl View for Record {
    fn text(&self, zone: &Zone) -> String {
        let rows = self.0.iter().map(|done| {
            let (by, from) = (done.by.clone(), done.from.clone());
            let (deed, place) = (done.deed.clone(), done.place.clone());
            [zone.show(done.at), by, from, deed, place, done.why.clone()]
        });
        columns(["AT", "BY", "FROM", "DEED", "PLACE", "WHY"], rows, "operators did nothing yet")
    }
}

pub(crate) async fn record(reach: &Reach, limit: u32) -> Result<Record, Trouble> {
    let request = v1::ListDeedsRequest { limit };
    let answer = reach.control_plane(async |operator| operator.list_deeds(request).await).await?;
    Ok(answer.into())
}

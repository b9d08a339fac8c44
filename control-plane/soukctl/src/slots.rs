//! `slots list`.

use std::collections::BTreeMap;

use base_ids::Slot;
use serde::Serialize;
use souk_proto_fleet::v1::{ListSlotsRequest, ListSlotsResponse};

use crate::{
    out::{View, columns, yes_no},
    reach::Reach,
    trouble::Trouble,
    zone::Zone,
};

/// Who owns how many slots.
#[derive(Debug, Serialize)]
pub(crate) struct Shares {
    epoch: u64,
    shares: Vec<Share>,
}

#[derive(Debug, Serialize)]
struct Share {
    /// Empty for the slots that nobody owns.
    cell: String,
    slots: u32,
    generation_min: u64,
    generation_max: u64,
}

/// Each run of neighbouring slots.
#[derive(Debug, Serialize)]
pub(crate) struct Runs {
    epoch: u64,
    runs: Vec<Run>,
}

#[derive(Debug, Serialize)]
struct Run {
    first: u32,
    last: u32,
    cell: String,
    generation: u64,
    held: bool,
}

impl From<ListSlotsResponse> for Shares {
    fn from(answer: ListSlotsResponse) -> Self {
        let mut shares: BTreeMap<String, Share> = BTreeMap::new();
        for run in answer.runs {
            let share = shares.entry(run.cell.clone()).or_insert(Share {
                cell: run.cell,
                slots: 0,
                generation_min: run.generation,
                generation_max: run.generation,
            });
            share.slots += run.last + 1 - run.first;
            share.generation_min = share.generation_min.min(run.generation);
            share.generation_max = share.generation_max.max(run.generation);
        }
        Self { epoch: answer.epoch, shares: shares.into_values().collect() }
    }
}

impl From<ListSlotsResponse> for Runs {
    fn from(answer: ListSlotsResponse) -> Self {
        let run = |run: souk_proto_fleet::v1::SlotRun| Run {
            first: run.first,
            last: run.last,
            cell: run.cell,
            generation: run.generation,
            held: run.held,
        };
        Self { epoch: answer.epoch, runs: answer.runs.into_iter().map(run).collect() }
    }
}

fn owner(cell: &str) -> String {
    if cell.is_empty() { "nobody yet" } else { cell }.to_owned()
}

impl View for Shares {
    fn text(&self, _: &Zone) -> String {
        let rows = self.shares.iter().map(|share| {
            let generations = if share.generation_min == share.generation_max {
                share.generation_min.to_string()
            } else {
                format!("{} to {}", share.generation_min, share.generation_max)
            };
            let percent = f64::from(share.slots) * 100.0 / 65_536.0;
            [owner(&share.cell), share.slots.to_string(), format!("{percent:.1} %"), generations]
        });
        let table = columns(["CELL", "SLOTS", "SHARE", "GENERATION"], rows, "no slots");
        format!("{table}\nepoch {}; --runs lists each run of neighbouring slots\n", self.epoch)
    }
}

impl View for Runs {
    fn text(&self, _: &Zone) -> String {
        let slot = |slot: u32| {
            u16::try_from(slot).map_or_else(|_| slot.to_string(), |slot| Slot(slot).to_string())
        };
        let rows = self.runs.iter().map(|run| {
            let slots = (run.last + 1).saturating_sub(run.first);
            [
                slot(run.first),
                slot(run.last),
                slots.to_string(),
                owner(&run.cell),
                run.generation.to_string(),
                yes_no(run.held),
            ]
        });
        let table =
            columns(["FIRST", "LAST", "SLOTS", "CELL", "GENERATION", "HELD"], rows, "no slots");
        format!("{table}\nepoch {}\n", self.epoch)
    }
}

pub(crate) async fn list(reach: &Reach, cell: Option<&str>) -> Result<ListSlotsResponse, Trouble> {
    let request = ListSlotsRequest { cell: cell.unwrap_or_default().to_owned() };
    reach.control_plane(async |operator| operator.list_slots(request).await).await
}

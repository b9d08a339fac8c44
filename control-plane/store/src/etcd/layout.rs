//! How the fleet lies in etcd: which keys there are, and what stands under them.
//!
//! | key, behind the prefix | value |
//! | --- | --- |
//! | `head` | number, epoch and name of the last change: every change compares it and writes it |
//! | `leader` | who leads; bound to the leader's lease |
//! | `cells/cell-1` | a cell as it was registered |
//! | `slots/00` to `slots/3f` | the owners of 1,024 slots each: so few keys that all slots fit in one transaction |
//! | `tenants/vendors/atlas` | the owner of a tenant placed by name |
//! | `deeds/<commit>/<part>` | what operators did, with the change itself |
//! | `staged/<change>/<part>` | rows of a change too large for one transaction; of no meaning until the head says so |
//!
//! All of it is JSON, so that `etcdctl get --prefix` shows it to people.

use std::{collections::BTreeMap, fmt::Write as _};

use base_ids::{CellId, Epoch, Generation, Slot, Tenant};
use cp_model::{CellRecord, Change, Deed, Fleet, Hold, Ownership};
use serde::{Deserialize, Serialize};

/// Version of the form of all this.
pub(crate) const FORMAT: u64 = 1;
/// Slots in one key.
const GROUP: u16 = 1_024;
/// Most deeds in one key.
const DEEDS: usize = 64;

/// A key behind the prefix, and its value.
pub(crate) type Pair = (String, String);

/// What a key is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Head,
    Leader,
    Cell,
    Group(u16),
    Tenant(Tenant),
    /// Part of a change.
    Staged(String, usize),
    /// Nothing that the fleet is read from.
    Other,
}

/// The last change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head {
    pub(crate) format: u64,
    /// How many changes there were.
    pub(crate) commit: u64,
    pub(crate) epoch: Epoch,
    /// Names the change: who wrote it knows by this that it was written.
    pub(crate) change: String,
    /// In how many parts its rows lie below `staged/`, until they have been put in their places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) staged: Option<usize>,
}

impl Head {
    /// The head of the next change.
    pub(crate) fn next(&self, epoch: Epoch, change: String) -> Self {
        Self { format: FORMAT, commit: self.commit + 1, epoch, change, staged: None }
    }
}

/// Why what stands under a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadRow {
    #[error("key `{0}` holds something else than it should")]
    Value(String),
    #[error("the rows have format {0}; this version reads format {FORMAT}")]
    Format(u64),
}

/// Any version's head, as far as it says which one it is.
#[derive(Deserialize)]
struct Form {
    format: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantRow {
    owner: CellId,
    generation: Generation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Hold>,
}

/// The rows as `cell@generation`, the cell by its place in the list; `-` if nobody owns the slot.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupRow {
    cells: Vec<CellId>,
    rows: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    held: BTreeMap<u16, Hold>,
}

impl Key {
    /// What a key behind the prefix is about.
    pub(crate) fn of(key: &str) -> Self {
        let known = match key.split_once('/') {
            None if key == "head" => Some(Self::Head),
            None if key == "leader" => Some(Self::Leader),
            Some(("cells", _)) => Some(Self::Cell),
            Some(("slots", group)) => u16::from_str_radix(group, 16).ok().map(Self::Group),
            Some(("tenants", tenant)) => tenant.parse().ok().map(Self::Tenant),
            Some(("staged", rest)) => rest.split_once('/').and_then(|(change, part)| {
                Some(Self::Staged(change.to_owned(), usize::from_str_radix(part, 16).ok()?))
            }),
            _ => None,
        };
        known.unwrap_or(Self::Other)
    }

    pub(crate) fn staged(change: &str, part: usize) -> String {
        format!("staged/{change}/{part:04x}")
    }
}

/// The rows of a change, as they will stand. Each is the whole truth of its key, so that writing it again changes nothing.
pub(crate) fn pairs(fleet: &Fleet, change: &Change, commit: u64) -> Vec<Pair> {
    let mut pairs = Vec::new();
    if let Some(cell) = &change.cell {
        pairs.push((format!("cells/{}", cell.id), json(cell)));
    }
    let changed: BTreeMap<Slot, &Ownership> =
        change.slots.iter().map(|(slot, row)| (*slot, row)).collect();
    let mut groups: Vec<u16> = changed.keys().map(|slot| slot.0 / GROUP).collect();
    groups.dedup();
    for group in groups {
        let row = |slot| changed.get(&slot).copied().or_else(|| fleet.slot(slot));
        pairs.push((format!("slots/{group:02x}"), group_value(group, row)));
    }
    for (tenant, row) in &change.placed {
        let Ownership { owner, generation, held } = row.clone();
        pairs.push((format!("tenants/{tenant}"), json(&TenantRow { owner, generation, held })));
    }
    for (part, deeds) in change.deeds.chunks(DEEDS).enumerate() {
        pairs.push((format!("deeds/{commit:016x}/{part:04x}"), json(&deeds)));
    }
    pairs
}

/// Adds what a row says to a change.
pub(crate) fn read(change: &mut Change, key: &str, value: &[u8]) -> Result<(), BadRow> {
    let bad = || BadRow::Value(key.to_owned());
    match Key::of(key) {
        Key::Group(group) => {
            change.slots.extend(group_rows(group, value).ok_or_else(bad)?);
        }
        Key::Tenant(tenant) => {
            let TenantRow { owner, generation, held } = parsed(key, value)?;
            change.placed.push((tenant, Ownership { owner, generation, held }));
        }
        Key::Other if key.starts_with("tenants/") || key.starts_with("slots/") => {
            return Err(bad());
        }
        Key::Cell | Key::Head | Key::Leader | Key::Staged(..) | Key::Other => {}
    }
    Ok(())
}

/// The cell that a row is about.
pub(crate) fn cell(key: &str, value: &[u8]) -> Result<CellRecord, BadRow> {
    parsed(key, value)
}

/// The head, if it is one that this version can read.
pub(crate) fn head(value: &[u8]) -> Result<Head, BadRow> {
    match parsed::<Form>("head", value)?.format {
        FORMAT => parsed("head", value),
        other => Err(BadRow::Format(other)),
    }
}

/// Deeds of one key, in order.
pub(crate) fn deeds(key: &str, value: &[u8]) -> Result<Vec<Deed>, BadRow> {
    parsed(key, value)
}

/// Rows of a part of a change.
pub(crate) fn part(key: &str, value: &[u8]) -> Result<Vec<Pair>, BadRow> {
    parsed(key, value)
}

pub(crate) fn parsed<T: serde::de::DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, BadRow> {
    serde_json::from_slice(value).map_err(|_| BadRow::Value(key.to_owned()))
}

pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("rows have string keys and finite numbers")
}

fn group_value<'f>(group: u16, row: impl Fn(Slot) -> Option<&'f Ownership>) -> String {
    let mut cells: Vec<&CellId> = Vec::new();
    let (mut rows, mut held) = (String::new(), BTreeMap::new());
    for nth in 0..GROUP {
        if nth > 0 {
            rows.push(' ');
        }
        let Some(row) = row(Slot(group * GROUP + nth)) else {
            rows.push('-');
            continue;
        };
        let known = cells.iter().position(|cell| **cell == row.owner);
        let cell = known.unwrap_or_else(|| {
            cells.push(&row.owner);
            cells.len() - 1
        });
        // Writing to a string cannot fail.
        let _ = write!(rows, "{cell}@{}", row.generation.0);
        held.extend(row.held.clone().map(|hold| (nth, hold)));
    }
    json(&GroupRow { cells: cells.into_iter().cloned().collect(), rows, held })
}

fn group_rows(group: u16, value: &[u8]) -> Option<Vec<(Slot, Ownership)>> {
    let GroupRow { cells, rows, mut held } = serde_json::from_slice(value).ok()?;
    let mut found = Vec::with_capacity(GROUP.into());
    let mut nth = 0;
    for row in rows.split(' ') {
        if nth == GROUP || group > u16::MAX / GROUP {
            return None;
        }
        if row != "-" {
            let (cell, generation) = row.split_once('@')?;
            let owner = cells.get(cell.parse::<usize>().ok()?)?.clone();
            let generation = Generation(generation.parse().ok()?);
            let held = held.remove(&nth);
            found.push((Slot(group * GROUP + nth), Ownership { owner, generation, held }));
        }
        nth += 1;
    }
    (nth == GROUP && held.is_empty()).then_some(found)
}

//! The buyer's side: each group whole, and a list of them by time.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::{Rows, Seen, View};
use serde::{Deserialize, Serialize};

use super::by_time;
use crate::{
    Orders,
    command::Status,
    state::{self, GroupStatus},
};

/// A buyer's groups, whole; keyed by the group's id.
pub struct Groups;

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: ResourceId,
    /// Whose.
    pub buyer: Tenant,
    /// All of it.
    pub group: state::Group,
}

impl View<Orders> for Groups {
    const NAME: &'static str = "groups";
    type Row = Group;

    fn fold(seen: &Seen<'_, Orders>, rows: &mut Rows<Group>) {
        if let Some((id, group)) = group_of(seen) {
            let row = Group { id: id.clone(), buyer: seen.tenant.clone(), group: group.clone() };
            rows.put(id.as_str(), &row);
        }
    }
}

/// A buyer's groups in a list; keyed `time/group`.
pub struct GroupsByTime;

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Its id.
    pub id: ResourceId,
    /// What the buyer calls it.
    pub number: String,
    /// What it is.
    pub status: GroupStatus,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// What its parts add up to.
    pub total: Money,
    /// Its parts.
    pub parts: Vec<PartSummary>,
}

/// A part of a group in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSummary {
    /// What the buyer calls it.
    pub number: String,
    /// Who sells it.
    pub vendor: Tenant,
    /// What it is.
    pub status: Status,
    /// What it comes to.
    pub total: Money,
    /// How many pieces.
    pub quantity: i64,
}

impl View<Orders> for GroupsByTime {
    const NAME: &'static str = "groups_by_time";
    type Row = Summary;

    fn fold(seen: &Seen<'_, Orders>, rows: &mut Rows<Summary>) {
        if let Some((id, group)) = group_of(seen) {
            let summary = summary(&id, group);
            rows.put(format!("{}/{id}", by_time(group.placed_at)), &summary);
        }
    }
}

fn summary(id: &ResourceId, group: &state::Group) -> Summary {
    let parts = group.children().map(|(draft, number, part)| PartSummary {
        number,
        vendor: draft.vendor.clone(),
        status: part.status,
        total: draft.total,
        quantity: draft.quantity(),
    });
    Summary {
        id: id.clone(),
        number: group.number.clone(),
        status: group.status(),
        placed_at: group.placed_at,
        total: group.draft.total(),
        parts: parts.collect(),
    }
}

fn group_of<'a>(seen: &Seen<'a, Orders>) -> Option<(ResourceId, &'a state::Group)> {
    let id = seen.key.strip_prefix(Orders::GROUP)?.parse().ok()?;
    Some((id, seen.state.group()?))
}

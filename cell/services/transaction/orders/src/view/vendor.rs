//! The vendor's side: each child order whole, and lists of all of them and of those of one status, by time.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::{Rows, Seen, View};
use serde::{Deserialize, Serialize};

use super::by_time;
use crate::{Orders, command::Status, state};

/// A vendor's child orders, whole; keyed by the order's id.
pub struct Children;

/// One child order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Child {
    /// Whose.
    pub vendor: Tenant,
    /// All of it.
    pub child: state::Child,
}

impl View<Orders> for Children {
    const NAME: &'static str = "children";
    type Row = Child;

    fn fold(seen: &Seen<'_, Orders>, rows: &mut Rows<Child>) {
        if let Some(child) = seen.state.child() {
            let row = Child { vendor: seen.tenant.clone(), child: child.clone() };
            rows.put(child.placement.draft.order.as_str(), &row);
        }
    }
}

/// A vendor's child orders in lists; keyed `all/time/order` and `status/time/order`, so that each list is one range of keys.
pub struct ChildrenByStatus;

/// A child order in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildSummary {
    /// Its id.
    pub order: ResourceId,
    /// What people call it.
    pub number: String,
    /// What it is.
    pub status: Status,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Until when the vendor may answer, once it is paid for.
    pub answer_until: Option<Timestamp>,
    /// What it comes to.
    pub total: Money,
    /// How many pieces.
    pub quantity: i64,
    /// Where it goes.
    pub city: String,
}

impl View<Orders> for ChildrenByStatus {
    const NAME: &'static str = "children_by_status";
    type Row = ChildSummary;

    fn fold(seen: &Seen<'_, Orders>, rows: &mut Rows<ChildSummary>) {
        let Some(child) = seen.state.child() else { return };
        let summary = summary(child);
        let key = |list: &str| format!("{list}{}/{}", by_time(child.placed_at), summary.order);
        if let Some(before) = child.before {
            rows.delete(key(&list_prefix(Some(before))));
        }
        rows.put(key(&list_prefix(Some(child.status))), &summary);
        rows.put(key(&list_prefix(None)), &summary);
    }
}

/// What the keys of the list of one status (or of all) begin with.
pub fn list_prefix(status: Option<Status>) -> String {
    format!("{}/", status.map_or("all", Status::as_str))
}

fn summary(child: &state::Child) -> ChildSummary {
    let placement = &child.placement;
    ChildSummary {
        order: placement.draft.order.clone(),
        number: placement.number.clone(),
        status: child.status,
        placed_at: child.placed_at,
        answer_until: child.answer_until,
        total: placement.draft.total,
        quantity: placement.draft.quantity(),
        city: placement.address.city.clone(),
    }
}

//! How others read orders: the buyer's groups and the vendor's child orders, each by its id and in lists.

use base_ids::{ResourceId, Tenant};
use base_time::Timestamp;
use cell_kernel::{Rows, Seen, View};
use serde::{Deserialize, Serialize};

use crate::{Orders, command::Status, state};

/// What the keys of rows that are read one by one begin with; the rest is the id.
pub const BY_ID: &str = "id/";
/// What the keys of a list of all begin with; the rest is the time and the id.
pub const ALL: &str = "all/";

/// A buyer's groups; keyed `id/<group>`, and once more `all/<time>/<group>` for the list.
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
        let id = seen.key.strip_prefix(Orders::GROUP).and_then(|id| id.parse().ok());
        if let (Some(id), Some(group)) = (id, seen.state.group()) {
            let row = Group { id, buyer: seen.tenant.clone(), group: group.clone() };
            rows.put(format!("{BY_ID}{}", row.id), &row);
            rows.put(format!("{ALL}{}/{}", by_time(group.placed_at), row.id), &row);
        }
    }
}

/// A vendor's child orders; keyed `id/<order>`, and once more `all/<time>/<order>` and `<status>/<time>/<order>` for the lists, so
/// that each list is one range of keys.
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
        let Some(child) = seen.state.child() else { return };
        let row = Child { vendor: seen.tenant.clone(), child: child.clone() };
        let id = &child.placement.draft.order;
        let listed = |list: &str| format!("{list}{}/{id}", by_time(child.placed_at));
        if let Some(before) = child.before {
            rows.delete(listed(&of_status(before)));
        }
        rows.put(listed(&of_status(child.status)), &row);
        rows.put(listed(ALL), &row);
        rows.put(format!("{BY_ID}{id}"), &row);
    }
}

/// What the keys of the list of one status begin with.
pub fn of_status(status: Status) -> String {
    format!("{}/", status.as_str())
}

/// A point in time as a part of a key: sorts as time does.
fn by_time(at: Timestamp) -> String {
    format!("{:016x}", u64::try_from(at.as_millis()).unwrap_or(0))
}

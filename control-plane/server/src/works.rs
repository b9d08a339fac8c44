//! What of a cell's work its pods do, and what nobody does.

use base_ids::CellId;
use cp_model::CellRecord;
use souk_proto_fleet::v1::{Finding, TableHeld, Work};

use crate::members::{Member, Members};

/// All of it, with the role's name and what waits while nobody has it.
const ALL: [(Work, &str, &str); 4] = [
    (Work::Edge, "edge", "nobody answers callers"),
    (Work::Services, "services", "nothing that callers and other cells ask is decided"),
    (Work::Relay, "relay", "what its tenants tell each other is kept and not heard"),
    (Work::Indexer, "indexer", "search and pages show what was, and nothing newer"),
];

/// What a pod says that it does: all of it unless it says what.
pub(crate) fn said(held: &TableHeld) -> Vec<Work> {
    let all = ALL.iter().map(|(work, ..)| *work);
    if held.works.is_empty() {
        return all.collect();
    }
    all.filter(|work| held.works().any(|said| said == *work)).collect()
}

/// What of a cell's work no pod does that watches the table; nothing if none does.
pub(crate) fn undone(members: &Members, cell: &CellId) -> Vec<Work> {
    let mut pods = members.pods_of(cell).peekable();
    if pods.peek().is_none() {
        return Vec::new();
    }
    let done: Vec<Work> = pods.flat_map(|(_, member)| &member.works).copied().collect();
    ALL.iter().map(|(work, ..)| *work).filter(|work| !done.contains(work)).collect()
}

/// Pods that watch the table without being in it: they answer no callers.
pub(crate) fn unlisted<'m>(
    members: &'m Members,
    cell: &'m CellRecord,
) -> impl Iterator<Item = (&'m str, &'m Member)> {
    members.pods_of(&cell.id).filter(|(pod, member)| {
        let is_listed = cell.pods.iter().any(|listed| listed.name.as_str() == *pod);
        !is_listed && !member.works.contains(&Work::Edge)
    })
}

/// Whether every role of a cell has somebody; nothing if no pod of it watches the table, which is told of each.
pub(crate) fn finding(members: &Members, cell: &CellId) -> Option<Finding> {
    members.pods_of(cell).next()?;
    let undone = undone(members, cell);
    let missing = ALL.iter().filter(|(work, ..)| undone.contains(work));
    let missing: Vec<_> =
        missing.map(|(_, name, waits)| format!("no pod has the role {name}: {waits}")).collect();
    let text = if missing.is_empty() {
        "each role has a pod".to_owned()
    } else {
        format!("{}; start one that has it", missing.join("; "))
    };
    Some(Finding { check: format!("{cell} roles"), ok: missing.is_empty(), text })
}

//! Messages: all are heard, each had its effect once, none is dead, and no deadline is left.

use std::collections::HashSet;

use base_ids::Version;
use cell_runtime::{
    Cell,
    memory::MemoryStores,
    port::{Cause, Errand},
};

use super::Findings;
use crate::{fleet::Fleet, rest};

/// Dead letters that are looked at.
const DEAD: usize = 100;

/// The kinds of the reminders that are still to come, once nothing else is on its way.
pub(crate) async fn deadlines(fleet: &Fleet) -> Vec<String> {
    // A fleet that never comes to rest is told of when the accounts are drawn up.
    let _ = rest::quiet(fleet).await;
    let waiting = fleet.disks().iter().flat_map(MemoryStores::outbox);
    let to_come = waiting.filter(|(key, _)| key.due_ms > 0);
    to_come.map(|(_, entry)| entry.errand.message().kind.clone()).collect()
}

pub(super) async fn check(fleet: &Fleet, findings: &mut Findings) {
    for (number, disk) in fleet.disks().iter().enumerate() {
        for (key, entry) in disk.outbox() {
            let message = entry.errand.message();
            findings.expect("heard-1", false, || {
                let due =
                    if key.due_ms == 0 { "at once".to_owned() } else { key.due().to_string() };
                format!("{} from {} waits in cell-{number}, due {due}", message.kind, message.from)
            });
        }
    }
    for (number, cell) in fleet.cells().enumerate() {
        check_once(&cell, &fleet.disks()[number], findings).await;
        let dead = cell.stores().outbox.dead(DEAD).await.unwrap_or_default();
        for letter in dead {
            let message = letter.errand.message();
            let to = match &letter.errand {
                Errand::Deliver { to, service, .. } => format!("{service} of {to}"),
                Errand::Perform { .. } => "the outside world".to_owned(),
            };
            findings.expect("heard-1", false, || {
                let (kind, from, why) = (&message.kind, &message.from, &letter.why);
                format!("dead in cell-{number}: {kind} from {from} to {to}: {why}")
            });
        }
    }
}

/// No message is the cause of two appends to one service of one tenant.
async fn check_once(cell: &Cell, disk: &MemoryStores, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for (stream, _) in disk.all_streams() {
        let events = cell.stores().journal.events(&stream, Version(0), usize::MAX).await;
        for cause in events.unwrap_or_default().into_iter().filter_map(|event| event.cause) {
            let Ok(Cause { heard, .. }) = serde_json::from_slice(&cause) else {
                findings.expect("heard-1", false, || format!("a cause in {stream} is unreadable"));
                continue;
            };
            let Some(heard) = heard else { continue };
            let first = seen.insert((stream.tenant.clone(), stream.service.clone(), heard.id));
            findings.expect("heard-1", first, || {
                format!("{} from {} had its effect in {stream} again", heard.kind, heard.from)
            });
        }
    }
}

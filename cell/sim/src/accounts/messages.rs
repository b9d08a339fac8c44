//! Messages: all are heard, none is dead, and no deadline is left.

use cell_runtime::port::Errand;

use super::Findings;
use crate::fleet::Fleet;

/// Dead letters that are looked at.
const DEAD: usize = 100;

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

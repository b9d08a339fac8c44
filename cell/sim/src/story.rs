//! Tells what happened in a fleet: every event of every cell, in the order of time.

use base_ids::Version;
use base_time::Timestamp;

use crate::fleet::Fleet;

/// The events since a point of time: when, where, what, and the event.
pub(crate) async fn of(fleet: &Fleet, since: Timestamp) -> Vec<String> {
    let mut told = Vec::new();
    for (number, disk) in fleet.disks().iter().enumerate() {
        let Some(cell) = fleet.cell(number) else { continue };
        for (stream, _) in disk.all_streams() {
            let journal = &cell.stores().journal;
            let events = journal.events(&stream, Version(0), usize::MAX).await.unwrap_or_default();
            for event in events.into_iter().filter(|event| event.at >= since) {
                let body = String::from_utf8_lossy(&event.body).into_owned();
                let ms = event.at.since(since).as_millis();
                let text = format!("{ms:>10} ms  cell-{number}  {stream} {} {body}", event.version);
                told.push((event.at, text));
            }
        }
    }
    told.sort_by_key(|(at, _)| *at);
    told.into_iter().map(|(_, text)| text).collect()
}

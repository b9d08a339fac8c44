//! Lets a fleet come to rest: what is under way arrives, then time jumps from one deadline to the next.

use std::time::Duration;

use base_time::Timestamp;

use crate::{
    clock,
    fleet::{Fleet, cell_id},
};

/// Milliseconds between looks whether everything is calm.
const LOOK_MS: u64 = 10;
/// Looks in a row that must find everything calm.
const LOOKS: u32 = 3;
/// Looks at short intervals, before the long ones.
const LOOKS_SHORT: u32 = 500;
/// Looks at intervals of a second until it is given up.
const LOOKS_LONG: u32 = 7_200;

/// A fleet does not come to rest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two hours later something is still under way: {0}")]
pub struct Restless(String);

/// Waits until nothing is under way.
pub(crate) async fn quiet(fleet: &Fleet) -> Result<(), Restless> {
    let mut calm = 0;
    for look in 0..LOOKS_SHORT + LOOKS_LONG {
        clock::millis(if look < LOOKS_SHORT { LOOK_MS } else { 1_000 }).await;
        calm = if under_way(fleet).await.is_none() { calm + 1 } else { 0 };
        if calm == LOOKS {
            return Ok(());
        }
    }
    Err(Restless(under_way(fleet).await.unwrap_or_default()))
}

/// Lets `span` go by, or less if nothing waits for a deadline any more.
pub(crate) async fn rest(fleet: &Fleet, span: Duration) -> Result<(), Restless> {
    let end = fleet.now().after(span);
    loop {
        quiet(fleet).await?;
        match next_due(fleet).await {
            Some(due) if due <= end => {
                let wait = due.since(fleet.now()) + Duration::from_millis(1);
                tokio::time::advance(wait).await;
            }
            _ => return Ok(()),
        }
    }
}

async fn next_due(fleet: &Fleet) -> Option<Timestamp> {
    let (now, mut nearest) = (fleet.now(), None);
    for cell in fleet.cells() {
        let due = cell.stores().outbox.next_due(now).await.ok().flatten();
        nearest = due.into_iter().chain(nearest).min();
    }
    nearest
}

/// What is under way.
async fn under_way(fleet: &Fleet) -> Option<String> {
    if fleet.unrest() > 0 {
        return Some("a cell is down, or an event of the provider is on its way".to_owned());
    }
    for (number, cell) in fleet.cells().enumerate() {
        if cell.on_way() > 0 {
            return Some(format!("{} messages of cell-{number}", cell.on_way()));
        }
        for (source, followed) in fleet.cells().enumerate() {
            let head = *followed.stores().public.head().borrow();
            let cursor = cell.stores().public.cursor(&cell_id(source)).await.ok()?;
            if cursor < head {
                return Some(format!("public messages of cell-{source} for cell-{number}"));
            }
        }
    }
    None
}

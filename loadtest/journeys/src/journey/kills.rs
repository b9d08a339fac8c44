//! `kill -9` of anybody at any moment, and a fresh start of them, for as long as it is asked for.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    launch::{Fleet, Member},
    people::Keys,
};

/// Longest life between two kills, longest death, in milliseconds.
const ALIVE_MS_MAX: usize = 400;
const DEAD_MS_MAX: usize = 300;

/// Kills somebody, lets them lie for a moment, starts them again and waits until they are ready.
pub(super) async fn kill_somebody(
    fleet: &mut Fleet,
    keys: &Keys,
    killed: &mut BTreeMap<Member, usize>,
) -> anyhow::Result<Member> {
    let member = *keys.pick(&fleet.members());
    tokio::time::sleep(millis(keys.below(ALIVE_MS_MAX))).await;
    fleet.kill(member)?;
    *killed.entry(member).or_default() += 1;
    tokio::time::sleep(millis(keys.below(DEAD_MS_MAX))).await;
    fleet.restart(member)?;
    // Half of the time the next one dies while this one is still on its way up.
    if keys.percent(50) {
        fleet.ready(member).await?;
    }
    Ok(member)
}

fn millis(count: usize) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(u64::MAX))
}

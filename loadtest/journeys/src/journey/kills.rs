//! `kill -9` of anybody at any moment, and a fresh start of them, for as long as it is asked for.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use loadtest_engines::{Engine, NodeName};
use serde_json::json;

use super::stage::Set;
use crate::{
    http::{Answer, Ask},
    market::Market,
    say,
};

/// Longest life between two kills, longest death, in milliseconds.
const ALIVE_MS_MAX: usize = 400;
const DEAD_MS_MAX: usize = 300;
/// Where there are engines, one of so many blows is theirs.
const ENGINES_TURN: usize = 4;
/// How long a cell may take to say that its engine is away.
const SAID_MAX: Duration = Duration::from_secs(10);

/// What is told of a Redis that was emptied.
const FLUSHED: &str = "FLUSHALL of redis";

/// What became of those who were killed.
#[derive(Default)]
pub(super) struct Killed {
    /// How often what was done to whom.
    pub(super) times: BTreeMap<String, usize>,
    /// What cells said while an engine was away, and how often.
    pub(super) said: BTreeMap<String, usize>,
    /// What they should not have said.
    pub(super) unclear: Vec<String>,
}

/// Kills somebody; every few times an engine is hit, each in its turn.
///
/// Errors: who was killed does not come back.
pub(super) async fn kill_somebody(
    set: &mut Set,
    turn: usize,
    killed: &mut Killed,
) -> anyhow::Result<()> {
    let keys = set.market.keys.clone();
    tokio::time::sleep(millis(keys.below(ALIVE_MS_MAX))).await;
    let nodes = set.fleet.engines().nodes();
    if !nodes.is_empty() && turn % ENGINES_TURN == 1 {
        return hit_an_engine(set, &nodes, turn / ENGINES_TURN, killed).await;
    }
    let member = *keys.pick(&set.fleet.members());
    set.fleet.kill(member)?;
    *killed.times.entry(format!("kill -9 {member}")).or_default() += 1;
    tokio::time::sleep(millis(keys.below(DEAD_MS_MAX))).await;
    set.fleet.restart(member)?;
    // Half of the time the next one dies while this one is still on its way up.
    if keys.percent(50) {
        set.fleet.ready(member).await?;
    }
    Ok(())
}

/// Waits until everybody is ready.
///
/// Errors: somebody ended, or took too long.
pub(super) async fn all_ready(set: &mut Set) -> anyhow::Result<()> {
    for member in set.fleet.members() {
        set.fleet.ready(member).await?;
    }
    Ok(())
}

/// Kills a node of an engine, each in its turn; after the last one of them has Redis forget what it holds, if there is one.
async fn hit_an_engine(
    set: &mut Set,
    nodes: &[NodeName],
    turn: usize,
    killed: &mut Killed,
) -> anyhow::Result<()> {
    let redis = nodes.iter().any(|node| node.engine == Engine::Redis);
    // Whoever is on its way up would find no engine.
    all_ready(set).await?;
    if let Some(node) = nodes.get(turn % (nodes.len() + usize::from(redis))) {
        return kill_a_node(set, *node, killed).await;
    }
    *killed.times.entry(FLUSHED.to_owned()).or_default() += 1;
    set.fleet.engines().flush_redis().await
}

/// Kills a node of an engine. Whose store is away says so to whoever asks, and in time; whoever misses another engine serves on.
async fn kill_a_node(set: &mut Set, node: NodeName, killed: &mut Killed) -> anyhow::Result<()> {
    set.fleet.engines().kill(node).await?;
    *killed.times.entry(format!("kill -9 {node}")).or_default() += 1;
    for cell in set.market.homes.cells() {
        let loses_its_store = node.engine == Engine::Cassandra && set.fleet.is_on_engines(cell);
        let begun = Instant::now();
        let said = ask_for_a_line(&set.market, cell).await?;
        let (status, code, took) = (said.status, said.code(), begun.elapsed());
        let is_clear = match status {
            200 => !loses_its_store,
            503 => loses_its_store && said.headers.contains_key("retry-after"),
            504 => loses_its_store && code == "outcome_unknown",
            _ => false,
        };
        let of = node.engine;
        *killed.said.entry(format!("{status} {code} without {of}")).or_default() += 1;
        if !is_clear || took > SAID_MAX {
            let body = String::from_utf8_lossy(&said.body);
            killed.unclear.push(format!("{cell} without {node}: {status} {body} after {took:?}"));
        }
    }
    let begun = Instant::now();
    set.fleet.engines().back().await?;
    say::line(format!("{node} is back after {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(())
}

/// A new visitor of a cell puts something into their cart, once.
async fn ask_for_a_line(market: &Market, cell: &str) -> anyhow::Result<Answer> {
    let stall = market.stalls_in(cell).into_iter().next().context("a cell without vendors")?;
    let (vendor, offer) = (&stall.vendor.name, &stall.wares[0].offer);
    let visitor = market.visitor_of(cell);
    let line = json!({"vendor": vendor, "offer": offer, "quantity": "1"});
    let ask = Ask::post(format!("/v1/{}/carts/main:addLine", visitor.user), &line);
    market.api.once(&ask.by(&visitor.caller().await?).key(market.keys.next())).await
}

fn millis(count: usize) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(u64::MAX))
}

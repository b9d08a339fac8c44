//! The router is replaced by another process twice, beside open load, while a cell is killed, the control plane is away, and ten
//! thousand tenants are placed by name: nobody notices but the dead cell's own.
//!
//! Everybody is a real process: three cells, the control plane, each router. Clients come over TLS; the tenants are placed by `soukctl`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use base_testkit::eventually;
use serde_json::Value;
use tokio::time::sleep_until;

use super::{
    record::Span,
    rest::books_balance,
    stage::{Set, Stage},
    traffic::{Traffic, Volume},
};
use crate::{launch::Member, market::Size, say};

const SIZE: Size = Size { vendors_per_cell: 1, offers: 1, copies: 1_000 };
/// Four over HTTP/1.1 and four over HTTP/2 in each cell.
const VISITORS: usize = 8;
const STREAMS: usize = 2;
/// Tenants that are placed by name at once.
const PLACED: usize = 10_000;
/// How long news of the control plane may take to be taken over.
const NEWS: Duration = Duration::from_secs(30);
/// A cell that is ready again is found by the router's next try, not at once.
const FOUND: Duration = Duration::from_secs(10);

/// What is to happen.
#[derive(Clone, Copy, Debug)]
pub struct RouterUpgrade {
    /// How long the load lasts, in seconds.
    pub seconds: u64,
    /// Requests a second.
    pub per_second: u32,
}

/// Walks the journey; true if nothing failed but what lives in the dead cell.
///
/// Errors: what could not be carried out at all.
pub async fn router_upgrade(stage: &Stage, asked: RouterUpgrade) -> anyhow::Result<bool> {
    let mut set = stage.set("router-upgrade", SIZE).await?;
    let volume = Volume { visitors: VISITORS, streams: STREAMS, per_second: asked.per_second };
    let traffic = Traffic::begin(&set.market, volume).await?;
    let streams = STREAMS * set.market.homes.cells().len();
    say::step(format!(
        "{} requests/s for {} s from {} visitors, and {streams} streams",
        asked.per_second,
        asked.seconds,
        traffic.buyers().len()
    ));
    let happened = happen(&mut set, Duration::from_secs(asked.seconds)).await;
    let (record, made) = traffic.end().await;
    let dead = happened?;
    let failed = record.tell(|trouble| {
        let own = trouble.cell == dead.cell && trouble.within(dead.span);
        own.then_some("its cell was dead")
    });
    say::verdict(failed == 0, format!("{failed} failures that are not the dead cell's own"));
    // Each upgrade asks every stream to come back; those of the dead cell may be cut before they hear it.
    let asked_back = record.streams.asked_back >= 2 * (streams - STREAMS);
    say::verdict(
        asked_back,
        format!("{} streams were asked to come back", record.streams.asked_back),
    );
    let mut holds = failed == 0 && asked_back && record.answered() > 0;
    holds &= books_balance(&set, &made).await?;
    say::verdict(holds, "two upgrades under load");
    stage.strike(set, holds).await
}

/// The cell that was killed, and when its own could notice.
struct Dead {
    cell: String,
    span: Span,
}

/// One thing after the other, spread over the time.
async fn happen(set: &mut Set, whole: Duration) -> anyhow::Result<Dead> {
    let begun = Instant::now();
    let wait_for = async |share: f64| sleep_until((begun + whole.mul_f64(share)).into()).await;
    wait_for(0.12).await;
    upgrade(set).await?;
    wait_for(0.25).await;
    place_by_name(set).await?;
    wait_for(0.35).await;
    let cell = set.market.homes.cells().last().context("the fleet has no cells")?.clone();
    let member = set.fleet.members().into_iter().find(|member| member.to_string() == cell);
    let member = member.context("the fleet does not know the cell")?;
    say::step(format!("kill -9 of {cell}"));
    let from = Instant::now();
    set.fleet.kill(member)?;
    wait_for(0.5).await;
    set.fleet.restart(member)?;
    set.fleet.ready(member).await?;
    let dead = Dead { cell, span: Span { from, to: Instant::now() + FOUND } };
    say::good(format!("{} is back; it was away for {} ms", dead.cell, from.elapsed().as_millis()));
    wait_for(0.6).await;
    say::step("kill -9 of the control plane");
    set.fleet.kill(Member::ControlPlane)?;
    wait_for(0.7).await;
    upgrade(set).await?;
    wait_for(0.85).await;
    set.fleet.restart(Member::ControlPlane)?;
    set.fleet.ready(Member::ControlPlane).await?;
    say::good("the control plane is back");
    pushed(set, PLACED).await?;
    wait_for(1.0).await;
    Ok(dead)
}

async fn upgrade(set: &mut Set) -> anyhow::Result<()> {
    say::step("another router follows");
    let pid =
        |set: &Set| set.fleet.pids().into_iter().find(|(member, _)| *member == Member::Router);
    let before = pid(set);
    let took = set.fleet.follow(Member::Router).await?;
    ensure!(before != pid(set), "the router is the same process");
    let table = table(set).await?;
    say::good(format!(
        "it serves with {} overrides, and the one before has drained: {} ms",
        table["overrides"],
        took.as_millis()
    ));
    Ok(())
}

/// Places tenants by name where they live already: their generations rise, their cell stays.
async fn place_by_name(set: &Set) -> anyhow::Result<()> {
    say::step(format!("{PLACED} tenants are placed by name"));
    let names: Vec<String> = (0..PLACED).map(|nth| format!("users/placed-{nth}")).collect();
    let mut args = vec!["tenants", "pin", "--by", "journey", "--why", "upgrade"];
    args.extend(names.iter().map(String::as_str));
    let begun = Instant::now();
    set.fleet.ctl(&args).await?;
    pushed(set, PLACED).await?;
    say::good(format!(
        "the router holds them {} ms after they were asked for",
        begun.elapsed().as_millis()
    ));
    Ok(())
}

/// Waits until the router is pushed to, and holds so many overrides.
async fn pushed(set: &Set, overrides: usize) -> anyhow::Result<()> {
    let held = eventually(NEWS, async || {
        let metrics = set.fleet.admin_page(Member::Router, "/metrics").await?;
        ensure!(metrics.contains("souk_router_watching 1"), "the router is not pushed to");
        let held = table(set).await?["overrides"].as_u64().unwrap_or_default();
        ensure!(held >= u64::try_from(overrides)?, "the router holds {held} overrides");
        anyhow::Ok(())
    });
    held.await.map_err(|late| late.last)
}

async fn table(set: &Set) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(&set.fleet.admin_page(Member::Router, "/table").await?)?)
}

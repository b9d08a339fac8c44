//! Three control planes on an etcd of three members: whoever leads is killed, there and here, while owners change; members go on.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use base_testkit::eventually;
use loadtest_engines::NodeName;
use serde_json::Value;

use super::{
    control_plane_down::round,
    rest::books_balance,
    stage::{Set, Stage},
};
use crate::{
    launch::{Ground, Member},
    market::Size,
    say,
};

const SIZE: Size = Size { vendors_per_cell: 1, offers: 2, copies: 200 };
/// How long it may take until somebody leads again: the lease, an election, and a machine that has other things to do.
const PATIENCE: Duration = Duration::from_mins(1);
/// So many tenants are placed while a leader is killed: too many for one transaction.
const PINS: usize = 400;
/// How often a leader is killed.
const ROUNDS: u32 = 3;
const PLANES: [Member; 3] = [Member::ControlPlane, Member::Replica(2), Member::Replica(3)];

/// Walks the journey; true if every purchase succeeded, every change was made once, and all books balance.
///
/// Errors: what could not be carried out at all.
pub async fn control_planes(stage: &Stage) -> anyhow::Result<bool> {
    let ground = Ground { etcd: 3, control_planes: 3, ..stage.ground };
    let stage = Stage { ground, ..stage.clone() };
    let mut set = stage.set("control-planes", SIZE).await?;
    let mut made = Vec::new();
    let mut holds = round(&set, &mut made).await?;
    for turn in 0..ROUNDS {
        let leader = leader(&set).await?;
        say::step(format!("kill -9 of {leader}, which leads, while it places {PINS} tenants"));
        holds &= killed_amid_a_change(&mut set, leader, turn).await?;
        holds &= round(&set, &mut made).await?;
        set.fleet.restart(leader)?;
        set.fleet.ready(leader).await?;
        let first = etcds_leader(&mut set).await?;
        say::step(format!("kill -9 of {first}, which leads the others"));
        set.fleet.engines().kill(first).await?;
        holds &= changes_go_on(&set, turn).await?;
        holds &= round(&set, &mut made).await?;
        set.fleet.engines().back().await?;
    }
    say::step("kill -9 of all control planes; then they come back");
    for member in PLANES {
        set.fleet.kill(member)?;
    }
    holds &= round(&set, &mut made).await?;
    for member in PLANES {
        set.fleet.restart(member)?;
        set.fleet.ready(member).await?;
    }
    let back = self::leader(&set).await?;
    say::good(format!("{back} leads"));
    holds &= changes_go_on(&set, ROUNDS).await?;
    let homes = set.fleet.homes().await?;
    say::verdict(homes.are_whole(), "every slot has one owner");
    holds &= homes.are_whole();
    holds &= books_balance(&set, &made).await?;
    let count = made.len();
    say::verdict(holds, format!("{count} purchases while leaders were killed"));
    stage.strike(set, holds).await
}

/// Who leads, as the control planes themselves count it.
async fn leader(set: &Set) -> anyhow::Result<Member> {
    let found = eventually(PATIENCE, async || {
        let mut leading = Vec::new();
        for member in PLANES {
            // One that was killed does not answer.
            let page = set.fleet.admin_page(member, "/metrics").await.unwrap_or_default();
            if page.lines().any(|line| line == "souk_control_plane_leads 1") {
                leading.push(member);
            }
        }
        ensure!(leading.len() == 1, "{} lead", leading.len());
        anyhow::Ok(leading[0])
    });
    found.await.map_err(|late| late.last).context("no control plane leads")
}

/// Kills the leader in the middle of a change; whoever leads next makes it again, and it is there once.
async fn killed_amid_a_change(set: &mut Set, leader: Member, turn: u32) -> anyhow::Result<bool> {
    let names: Vec<String> = (0..PINS).map(|number| format!("users/t{turn}-{number}")).collect();
    let mut args = vec!["tenants", "pin", "--why", "a-journey", "--by", "journey"];
    args.extend(names.iter().map(String::as_str));
    let amid = Duration::from_millis(40 + 25 * u64::from(turn));
    // What becomes of this one is what the journey is about.
    let _ = tokio::time::timeout(amid, set.fleet.ctl(&args)).await;
    set.fleet.kill(leader)?;
    again(set, &args).await?;
    let mut whole = true;
    for name in [&names[0], &names[PINS - 1]] {
        let found = set.fleet.ctl(&["tenants", "where", name, "-o", "json"]).await?;
        let found: Value = serde_json::from_str(&found)?;
        whole &= found["generation"] == 2;
    }
    say::verdict(whole, format!("{PINS} tenants are placed once, under generation 2"));
    Ok(whole)
}

/// A hold and its end, however long they take.
async fn changes_go_on(set: &Set, turn: u32) -> anyhow::Result<bool> {
    let slot = format!("{turn:04x}");
    again(set, &["slots", "hold", &slot, "--why", "a-journey", "--by", "journey"]).await?;
    let held = set.fleet.ctl(&["slots", "held"]).await?;
    again(set, &["slots", "release", &slot, "--why", "a-journey", "--by", "journey"]).await?;
    let holds = held.contains(&slot);
    say::verdict(holds, format!("slot {slot} was held and released"));
    Ok(holds)
}

/// Asks until it is done, or has been done by a try that nobody heard the end of.
async fn again(set: &Set, args: &[&str]) -> anyhow::Result<()> {
    let done = eventually(PATIENCE, async || match set.fleet.ctl(args).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let text = format!("{error:#}");
            let is_done = text.contains("held already") || text.contains("is not held");
            if is_done { Ok(()) } else { Err(error) }
        }
    });
    done.await.map_err(|late| late.last)
}

/// The member of etcd that leads the others.
async fn etcds_leader(set: &mut Set) -> anyhow::Result<NodeName> {
    let plain = crate::http::Plain::new();
    let found = eventually(PATIENCE, async || {
        for standing in set.fleet.engines().standings().await {
            let metrics = format!("http://{}/metrics", standing.address);
            let Ok((200, page)) = plain.get(&metrics).await else { continue };
            if page.lines().any(|line| line == "etcd_server_is_leader 1") {
                return Ok(standing.node);
            }
        }
        Err(anyhow::anyhow!("no member of etcd leads"))
    });
    found.await.map_err(|late| late.last)
}

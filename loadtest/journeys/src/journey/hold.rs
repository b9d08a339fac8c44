//! An operator holds tenants and slots while everybody trades: writes wait and then go on; past the bound, and only then, they are
//! told to come again. Reads go on all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use tokio::{task::JoinSet, time::sleep};

use super::{
    record::{Span, Trouble},
    rest::books_balance,
    stage::{Set, Stage},
    traffic::{Traffic, Volume},
};
use crate::{
    accounts::Made,
    launch::Member,
    market::{Market, Size},
    people::{Basket, Paying},
    say,
};

const SIZE: Size = Size { vendors_per_cell: 1, offers: 1, copies: 1_000 };
const VOLUME: Volume = Volume { visitors: 4, streams: 1, per_second: 60 };
/// How long a hold lasts that nobody must notice; and how long a request waits at a router at most.
const SHORT: Duration = Duration::from_secs(2);
const BOUND: Duration = Duration::from_secs(5);
/// How long one lasts past the bound.
const LONG: Duration = Duration::from_secs(8);
/// Between two holds.
const PAUSE: Duration = Duration::from_secs(1);
/// A purchase that meets a hold.
const PURCHASE: Duration = Duration::from_mins(1);
/// What a write hears that has waited as long as it may.
const TOLD: &str = "503 held";

/// Walks the journey; true if nothing failed but what was told to wait past its bound.
///
/// Errors: what could not be carried out at all.
pub async fn hold(stage: &Stage) -> anyhow::Result<bool> {
    let set = stage.set("hold", SIZE).await?;
    let traffic = Traffic::begin(&set.market, VOLUME).await?;
    let enough = Arc::new(AtomicBool::new(false));
    let mut buyers = JoinSet::new();
    for home in 0..set.market.homes.cells().len() {
        buyers.spawn(buy_on(set.market.clone(), home, Arc::clone(&enough)));
    }
    let happened = happen(&set, &traffic).await;
    enough.store(true, Ordering::Relaxed);
    let (record, followed) = traffic.end().await;
    let (long, past) = happened?;
    let mut made = Vec::new();
    while let Some(bought) = buyers.join_next().await {
        made.extend(bought??);
    }
    let past_bound = |trouble: &Trouble| {
        let own = trouble.user == long && trouble.writes && trouble.within(past);
        (own && trouble.what == TOLD).then_some("it was told to wait past its bound")
    };
    let failed = record.tell(past_bound);
    say::verdict(
        failed == 0,
        format!("{failed} failures that were not told to wait past their bound"),
    );
    let told = record.troubles().len() - failed;
    say::verdict(
        told > 0,
        format!(
            "{told} writes of the one that was held for {} s were told to come again",
            LONG.as_secs()
        ),
    );
    let waited = record.longest();
    let did_wait = waited >= SHORT / 2 && waited <= BOUND + PAUSE;
    say::verdict(did_wait, format!("the longest wait was {} ms", waited.as_millis()));
    let orders = made.iter().filter(|made| made.purchase.order.is_some()).count();
    say::verdict(
        orders == made.len() && orders > 0,
        format!("{orders} of {} purchases beside it", made.len()),
    );
    let mut holds = failed == 0 && told > 0 && did_wait && orders == made.len() && orders > 0;
    made.extend(followed);
    holds &= books_balance(&set, &made).await?;
    say::verdict(holds, "operators' holds under load");
    stage.strike(set, holds).await
}

/// Holds a visitor, a vendor, a slot, for a moment each, and a visitor for longer than requests wait; gives that one, and when.
async fn happen(set: &Set, traffic: &Traffic) -> anyhow::Result<(String, Span)> {
    let [first, second, third, ..] = traffic.buyers() else {
        anyhow::bail!("there are too few visitors")
    };
    let slot: base_ids::Tenant = second.user.parse()?;
    let slot = slot.slot().to_string();
    let vendor = set.market.stalls[0].vendor.name.clone();
    for place in [&first.user, &vendor, &slot] {
        say::step(format!("{place} is held for {} ms", SHORT.as_millis()));
        held(set, place, SHORT).await?;
        sleep(PAUSE).await;
    }
    let waited = set.fleet.admin_page(Member::Router, "/metrics").await?;
    let waited =
        waited.lines().find_map(|line| line.strip_prefix("souk_router_hold_requests_total "));
    let waited: u64 = waited.context("the router does not count what waits")?.parse()?;
    ensure!(waited > 0, "nothing waited");
    say::good(format!("{waited} requests waited"));
    say::step(format!(
        "{} is held for {} s, longer than requests wait",
        third.user,
        LONG.as_secs()
    ));
    let from = Instant::now();
    held(set, &third.user, LONG).await?;
    let past = Span { from, to: Instant::now() };
    sleep(PAUSE).await;
    Ok((third.user.clone(), past))
}

async fn held(set: &Set, place: &str, span: Duration) -> anyhow::Result<()> {
    let note = ["--by", "journey", "--why", "to-see-what-waits"];
    set.fleet.ctl(&[&["slots", "hold", place][..], &note].concat()).await?;
    sleep(span).await;
    let released = set.fleet.ctl(&[&["slots", "release", place][..], &note].concat()).await;
    released.map(drop)
}

/// Buys from every cell's vendor, again and again.
async fn buy_on(market: Market, home: usize, enough: Arc<AtomicBool>) -> anyhow::Result<Vec<Made>> {
    let mut made = Vec::new();
    let lines = market.stalls.iter();
    let lines: Vec<_> =
        lines.map(|stall| (stall.vendor.name.clone(), stall.wares[0].offer.clone(), 1)).collect();
    while !enough.load(Ordering::Relaxed) {
        let buyer = market.visitor_of(&market.homes.cells()[home]);
        let paying = if made.len().is_multiple_of(2) { Paying::Card } else { Paying::Cash };
        let basket = Basket { lines: lines.clone(), paying, ship_what_you_can: false };
        let purchase = buyer.buy(&basket, PURCHASE).await?;
        made.push(Made { buyer, paying, purchase });
    }
    Ok(made)
}

//! Complete checkouts over cells: how many a second, what they cost on the processor, how many syncs, how long they take.
#![allow(clippy::cast_precision_loss, reason = "figures for people: counts stay far below 2^53")]

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use tokio::task::JoinSet;

use super::{
    figures::{Figures, Goal, percentile},
    proc,
};
use crate::{
    http::Plain,
    journey::Stage,
    launch::{Fleet, Member},
    market::{Market, Size},
    people::{Basket, Buyer, Paying},
    say,
};

const SIZE: Size = Size { vendors_per_cell: 4, offers: 4, copies: 1_000_000 };
/// How long one purchase may take.
const PURCHASE: Duration = Duration::from_mins(1);
/// Longest queue of purchases that are late in the open model; what is beyond is dropped and counted.
const LATE_MAX: usize = 256;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Orders {
    /// Buyers at once in the closed loop.
    pub buyers: usize,
    /// Seconds of each phase.
    pub seconds: u64,
    /// Repetitions of both phases, one after the other.
    pub repeat: usize,
    /// How purchases are paid.
    pub paying: Paying,
    /// Where the JSON goes.
    pub json: PathBuf,
}

/// What one phase gave.
struct Phase {
    orders: usize,
    failed: usize,
    dropped: usize,
    took: Duration,
    /// From the intended start to the end, in milliseconds, sorted.
    waits_ms: Vec<f64>,
    cpu_ms: BTreeMap<Member, f64>,
    generator_ms: f64,
    syncs: Option<f64>,
}

/// Measures; true if no purchase failed.
///
/// Errors: what could not be carried out at all.
pub async fn orders(stage: &Stage, asked: &Orders) -> anyhow::Result<bool> {
    let set = stage.set("bench-orders", SIZE).await?;
    let mut figures = Figures::new(format!(
        "complete checkouts: a guest in one cell, a vendor in each of two others, paid by {:?}; cart, checkout, place, watch to the end",
        asked.paying
    ));
    say::step(format!("warming up for {} s", asked.seconds));
    let warm = closed(&set.fleet, &set.market, asked).await?;
    let mut failed = warm.failed;
    for nth in 1..=asked.repeat {
        let full = closed(&set.fleet, &set.market, asked).await?;
        let rate = full.rate();
        say::line(format!("{nth}: {rate:.0} orders/s with {} buyers", asked.buyers));
        add_saturation(&mut figures, &full);
        let half = open(&set.fleet, &set.market, asked, rate / 2.0).await?;
        say::line(format!(
            "{nth}: p99 {:.1} ms at {:.0} orders/s",
            percentile(&half.waits_ms, 990),
            rate / 2.0
        ));
        add_latency(&mut figures, &half);
        failed += full.failed + half.failed;
    }
    figures.remark(format!(
        "warm-up {0} s, then {1} × ({0} s closed loop with {2} buyers for throughput and CPU, {0} s open model at half that rate for latency)",
        asked.seconds, asked.repeat, asked.buyers
    ));
    figures.remark("CPU is user + system of router, cells and control plane from /proc, over completed orders; the stand-in for the card provider and the generator are told apart");
    figures.remark("latency is from the intended start; everything is fsynced before it is answered; all processes and the generator share this machine");
    figures.publish(&asked.json)?;
    say::verdict(failed == 0, format!("{failed} purchases failed"));
    stage.strike(set, failed == 0).await
}

impl Phase {
    fn rate(&self) -> f64 {
        self.orders as f64 / self.took.as_secs_f64()
    }

    fn per_order(&self, sum: f64) -> f64 {
        sum / self.orders.max(1) as f64
    }
}

fn add_saturation(figures: &mut Figures, phase: &Phase) {
    figures.add("orders/s, closed loop", "1/s", Goal::None, phase.rate());
    let ours = phase
        .cpu_ms
        .iter()
        .filter(|(member, _)| **member != Member::Stripe)
        .map(|(_, ms)| ms)
        .sum();
    figures.add("CPU per order, all our processes", "ms", Goal::AtMost(1.5), phase.per_order(ours));
    let share = |wanted: fn(&Member) -> bool| {
        phase.cpu_ms.iter().filter(|(member, _)| wanted(member)).map(|(_, ms)| ms).sum()
    };
    figures.add(
        "  of it router",
        "ms",
        Goal::None,
        phase.per_order(share(|member| *member == Member::Router)),
    );
    figures.add(
        "  of it cells",
        "ms",
        Goal::None,
        phase.per_order(share(|member| matches!(member, Member::Cell(_)))),
    );
    figures.add(
        "  of it control plane",
        "ms",
        Goal::None,
        phase.per_order(share(|member| *member == Member::ControlPlane)),
    );
    figures.add(
        "card provider's stand-in",
        "ms",
        Goal::None,
        phase.per_order(share(|member| *member == Member::Stripe)),
    );
    figures.add("generator", "ms", Goal::None, phase.per_order(phase.generator_ms));
    if let Some(syncs) = phase.syncs {
        figures.add("syncs per order, all cells", "1", Goal::None, phase.per_order(syncs));
    }
    figures.add("failed", "1", Goal::None, phase.failed as f64);
}

fn add_latency(figures: &mut Figures, phase: &Phase) {
    for (name, permille) in [("p50", 500), ("p90", 900), ("p99", 990), ("worst", 1000)] {
        let name = format!("{name}, open model at half the rate");
        figures.add(&name, "ms", Goal::None, percentile(&phase.waits_ms, permille));
    }
    figures.add("dropped, open model", "1", Goal::None, phase.dropped as f64);
}

/// So many buyers, each as fast as it can.
async fn closed(fleet: &Fleet, market: &Market, asked: &Orders) -> anyhow::Result<Phase> {
    let (meter, begun) = (Meter::begin(fleet).await?, Instant::now());
    let until = begun + Duration::from_secs(asked.seconds);
    let mut buyers = JoinSet::new();
    for nth in 0..asked.buyers {
        let (market, paying) = (market.clone(), asked.paying);
        buyers.spawn(async move {
            let mut done = Vec::new();
            let mut nth = nth;
            while Instant::now() < until {
                let since = Instant::now();
                let bought = buy(&market, nth, paying).await;
                done.push(bought.map(|()| since.elapsed()));
                nth += 1;
            }
            done
        });
    }
    let mut done = Vec::new();
    while let Some(mine) = buyers.join_next().await {
        done.extend(mine?);
    }
    meter.end(fleet, done, 0, begun.elapsed()).await
}

/// Purchases begin at a fixed rate, whether earlier ones have ended or not.
async fn open(fleet: &Fleet, market: &Market, asked: &Orders, rate: f64) -> anyhow::Result<Phase> {
    ensure!(rate > 0.0, "nothing was sold, so there is no rate to halve");
    let (meter, begun) = (Meter::begin(fleet).await?, Instant::now());
    let length = Duration::from_secs(asked.seconds);
    let under_way = Arc::new(AtomicUsize::new(0));
    let (mut purchases, mut dropped, mut nth) = (JoinSet::new(), 0, 0_usize);
    loop {
        let intended = begun + Duration::from_secs_f64(nth as f64 / rate);
        if intended >= begun + length {
            break;
        }
        tokio::time::sleep_until(intended.into()).await;
        if under_way.load(Ordering::Relaxed) >= LATE_MAX {
            dropped += 1;
        } else {
            under_way.fetch_add(1, Ordering::Relaxed);
            let (market, paying, under_way) =
                (market.clone(), asked.paying, Arc::clone(&under_way));
            purchases.spawn(async move {
                let bought = buy(&market, nth, paying).await;
                under_way.fetch_sub(1, Ordering::Relaxed);
                bought.map(|()| intended.elapsed())
            });
        }
        nth += 1;
    }
    let mut done = Vec::new();
    while let Some(bought) = purchases.join_next().await {
        done.push(bought?);
    }
    meter.end(fleet, done, dropped, begun.elapsed()).await
}

/// One complete purchase.
async fn buy(market: &Market, nth: usize, paying: Paying) -> anyhow::Result<()> {
    let cells = market.homes.cells();
    let home = nth % cells.len();
    let lines = (1..cells.len().min(3)).map(|step| {
        let stall = *market.keys.pick(&market.stalls_in(&cells[(home + step) % cells.len()]));
        (stall.vendor.name.clone(), market.keys.pick(&stall.wares).offer.clone(), 1)
    });
    let basket = Basket { lines: lines.collect(), paying, ship_what_you_can: false };
    let buyer: Buyer = market.visitor_of(&cells[home]);
    let purchase = buyer.buy_watching(&basket, PURCHASE).await?;
    ensure!(purchase.order.is_some(), "no order: {}", purchase.ended);
    Ok(())
}

/// Reads the meters of all processes before and after.
struct Meter {
    cpu_ms: BTreeMap<Member, f64>,
    generator_ms: f64,
    syncs: Option<f64>,
}

impl Meter {
    async fn begin(fleet: &Fleet) -> anyhow::Result<Self> {
        let cpu_ms = fleet.pids().into_iter().map(|(member, pid)| Ok((member, proc::cpu_ms(pid)?)));
        let (cpu_ms, syncs) = (cpu_ms.collect::<anyhow::Result<_>>()?, syncs(fleet).await);
        Ok(Self { cpu_ms, generator_ms: proc::cpu_ms(std::process::id())?, syncs })
    }

    async fn end(
        self,
        fleet: &Fleet,
        done: Vec<anyhow::Result<Duration>>,
        dropped: usize,
        took: Duration,
    ) -> anyhow::Result<Phase> {
        let after = Self::begin(fleet).await?;
        let all = done.len();
        let mut waits_ms = Vec::new();
        for outcome in done {
            match outcome {
                Ok(wait) => waits_ms.push(wait.as_secs_f64() * 1000.0),
                Err(error) => say::bad(format!("{error:#}")),
            }
        }
        waits_ms.sort_by(f64::total_cmp);
        let spent =
            |member: &Member, ms: f64| ms - self.cpu_ms.get(member).copied().unwrap_or_default();
        Ok(Phase {
            orders: waits_ms.len(),
            failed: all - waits_ms.len(),
            dropped,
            took,
            cpu_ms: after.cpu_ms.iter().map(|(member, ms)| (*member, spent(member, *ms))).collect(),
            generator_ms: after.generator_ms - self.generator_ms,
            syncs: self.syncs.zip(after.syncs).map(|(before, after)| after - before),
            waits_ms,
        })
    }
}

/// Syncs of all cells so far, as their metrics say; `None` if they do not.
async fn syncs(fleet: &Fleet) -> Option<f64> {
    let plain = Plain::new();
    let mut sum = None;
    for (_, admin) in
        fleet.admins().into_iter().filter(|(member, _)| matches!(member, Member::Cell(_)))
    {
        let (_, text) = plain.get(&format!("{admin}/metrics")).await.ok()?;
        let line =
            text.lines().find(|line| !line.starts_with('#') && line.contains("syncs_total"))?;
        let value: f64 = line.rsplit(' ').next()?.parse().ok()?;
        sum = Some(sum.unwrap_or(0.0) + value);
    }
    sum
}

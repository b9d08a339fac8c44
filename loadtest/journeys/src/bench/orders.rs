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
use loadtest_kit::{
    figures::{Figures, Goal, percentile},
    proc,
};
use tokio::task::JoinSet;

use crate::{
    journey::{Set, Stage},
    launch::{Fleet, Ground, Member},
    market::{Market, Size},
    people::{Basket, Buyer, Paying},
    say,
};

const SIZE: Size = Size { vendors_per_cell: 4, offers: 4, copies: 1_000_000 };
/// How long one purchase may take.
const PURCHASE: Duration = Duration::from_mins(1);
/// Longest queue of purchases that are late in the open model; what is beyond is dropped and counted.
const LATE_MAX: usize = 256;
/// A call that is rarer than so many times an order is not told of.
const RARE: f64 = 0.05;

/// What cells count of what they put into Kafka, and what the figure is called.
const RECORDS: [(&str, &str); 2] = [
    ("cell_kafka_sent_total", "Kafka records per order, messages between tenants"),
    ("cell_kafka_told_total", "Kafka records per order, stretches of public messages"),
];

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
    /// Processes of each cell on real engines; for each number a fleet is measured.
    pub pods: Vec<u8>,
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
    engines_ms: BTreeMap<String, f64>,
    generator_ms: f64,
    /// Of all processes of all cells, at the end.
    cells_mb: f64,
    /// Syncs, appends, records put into Kafka, and each call to an engine elsewhere.
    counted: BTreeMap<String, f64>,
}

/// A fleet that is measured, and what its figures are called.
struct Side {
    name: String,
    set: Set,
}

/// What is measured by turns: on the disks alone, or beside it on real engines with so many processes per cell.
fn grounds(wanted: Ground, pods: &[u8]) -> Vec<(Ground, String)> {
    if wanted == Ground::DISKS {
        return vec![(wanted, String::new())];
    }
    let kind = if wanted.apart > 0 { "mixed" } else { "real" };
    let real = pods.iter().map(|&pods| {
        let name = if pods == 1 { format!("{kind}: ") } else { format!("{kind}, {pods} pods: ") };
        (Ground { pods, ..wanted }, name)
    });
    [(Ground::DISKS, "embedded: ".to_owned())].into_iter().chain(real).collect()
}

/// Measures; true if no purchase failed. On real engines a fleet on its own disks is measured by turns with the other.
///
/// Errors: what could not be carried out at all.
pub async fn orders(stage: &Stage, asked: &Orders) -> anyhow::Result<bool> {
    let mut sides = Vec::new();
    let beside = stage.ground != Ground::DISKS;
    for (ground, name) in grounds(stage.ground, &asked.pods) {
        let stage = Stage { ground, ..stage.clone() };
        let set = stage.set("bench-orders", SIZE).await?;
        sides.push(Side { name, set });
    }
    let mut figures = Figures::new(format!(
        "complete checkouts: a guest in one cell, a vendor in each of two others, paid by {:?}; cart, checkout, place, watch to the end",
        asked.paying
    ));
    let mut failed = 0;
    for Side { name, set } in &sides {
        say::step(format!("{name}warming up for {} s", asked.seconds));
        failed += closed(&set.fleet, &set.market, asked).await?.failed;
    }
    for nth in 1..=asked.repeat {
        for Side { name, set } in &sides {
            let full = closed(&set.fleet, &set.market, asked).await?;
            let rate = full.rate();
            say::line(format!("{nth}: {name}{rate:.0} orders/s with {} buyers", asked.buyers));
            add_saturation(&mut figures, name, &full);
            let half = open(&set.fleet, &set.market, asked, rate / 2.0).await?;
            say::line(format!(
                "{nth}: {name}p99 {:.1} ms at {:.0} orders/s",
                percentile(&half.waits_ms, 990),
                rate / 2.0
            ));
            add_latency(&mut figures, name, &half);
            failed += full.failed + half.failed;
        }
    }
    figures.remark(format!(
        "warm-up {0} s, then {1} × ({0} s closed loop with {2} buyers for throughput and CPU, {0} s open model at half that rate for latency)",
        asked.seconds, asked.repeat, asked.buyers
    ));
    figures.remark("CPU is user + system of router, cells and control plane from /proc, over completed orders; engines, the stand-in for the card provider and the generator are told apart");
    figures.remark("latency is from the intended start; everything is fsynced before it is answered; all processes and the generator share this machine");
    if beside {
        figures.remark("on engines: one Cassandra for three cells, a keyspace each with one copy, `commitlog_sync: batch`, 512 MB; one Kafka, Redis and etcd. By turns with the other fleets, and beside them at rest");
        figures.remark("Kafka carries what tenants of one cell tell each other: little, while buyers and vendors are in different ones");
    }
    figures.publish(&asked.json)?;
    say::verdict(failed == 0, format!("{failed} purchases failed"));
    for Side { set, .. } in sides {
        stage.strike(set, failed == 0).await?;
    }
    Ok(failed == 0)
}

impl Phase {
    fn rate(&self) -> f64 {
        self.orders as f64 / self.took.as_secs_f64()
    }

    fn per_order(&self, sum: f64) -> f64 {
        sum / self.orders.max(1) as f64
    }
}

fn add_saturation(figures: &mut Figures, side: &str, phase: &Phase) {
    let mut add = |name: &str, unit, goal, value| {
        figures.add(&format!("{side}{name}"), unit, goal, value);
    };
    add("orders/s, closed loop", "1/s", Goal::None, phase.rate());
    let share = |wanted: fn(&Member) -> bool| {
        let cpu = phase.cpu_ms.iter().filter(|(member, _)| wanted(member));
        phase.per_order(cpu.map(|(_, ms)| ms).sum())
    };
    let ours = share(|member| *member != Member::Stripe);
    add("CPU per order, all our processes", "ms", Goal::AtMost(1.5), ours);
    let of_planes = |member: &Member| matches!(member, Member::ControlPlane | Member::Replica(_));
    let parts: [(&str, fn(&Member) -> bool); 4] = [
        ("  of it router", |member| *member == Member::Router),
        ("  of it cells", |member| is_cell(*member)),
        ("  of it control plane", of_planes),
        ("card provider's stand-in", |member| *member == Member::Stripe),
    ];
    for (name, wanted) in parts {
        add(name, "ms", Goal::None, share(wanted));
    }
    for (engine, ms) in &phase.engines_ms {
        add(&format!("CPU per order, {engine}"), "ms", Goal::None, phase.per_order(*ms));
    }
    add("generator", "ms", Goal::None, phase.per_order(phase.generator_ms));
    add("memory of all cells", "MB", Goal::None, phase.cells_mb);
    if let Some(syncs) = phase.counted.get("syncs") {
        add("syncs per order, all cells", "1", Goal::None, phase.per_order(*syncs));
    }
    for (what, name) in RECORDS {
        if let Some(records) = phase.counted.get(what) {
            add(name, "1", Goal::None, phase.per_order(*records));
        }
    }
    let appends = phase.counted.get("appends").copied().unwrap_or_default();
    add("appends per order, all cells", "1", Goal::None, phase.per_order(appends));
    for (what, times) in &phase.counted {
        let each = phase.per_order(*times);
        if what.contains(", to ") && each >= RARE {
            add(&format!("per order: {what}"), "1", Goal::None, each);
        }
    }
    let of = |what: &str| phase.counted.get(what).copied();
    if let Some(conditional) = of("conditional_write, to append") {
        let each = conditional / appends.max(1.0);
        add("conditional writes of the journal per append", "1", Goal::None, each);
    }
    add("failed", "1", Goal::None, phase.failed as f64);
}

fn add_latency(figures: &mut Figures, side: &str, phase: &Phase) {
    for (name, permille) in [("p50", 500), ("p90", 900), ("p99", 990), ("worst", 1000)] {
        let name = format!("{side}{name}, open model at half the rate");
        figures.add(&name, "ms", Goal::None, percentile(&phase.waits_ms, permille));
    }
    let name = format!("{side}dropped, open model");
    figures.add(&name, "1", Goal::None, phase.dropped as f64);
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
    engines_ms: BTreeMap<String, f64>,
    generator_ms: f64,
    counted: BTreeMap<String, f64>,
}

impl Meter {
    async fn begin(fleet: &Fleet) -> anyhow::Result<Self> {
        let cpu_ms = fleet.pids().into_iter().map(|(member, pid)| Ok((member, proc::cpu_ms(pid)?)));
        let cpu_ms = cpu_ms.collect::<anyhow::Result<_>>()?;
        let mut engines_ms = BTreeMap::<String, f64>::new();
        for (node, pid) in fleet.node_pids() {
            *engines_ms.entry(node.engine.to_string()).or_default() += proc::cpu_ms(pid)?;
        }
        let generator_ms = proc::cpu_ms(std::process::id())?;
        Ok(Self { cpu_ms, engines_ms, generator_ms, counted: counted(fleet).await? })
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
        Ok(Phase {
            orders: waits_ms.len(),
            failed: all - waits_ms.len(),
            dropped,
            took,
            cpu_ms: since(&self.cpu_ms, after.cpu_ms),
            engines_ms: since(&self.engines_ms, after.engines_ms),
            generator_ms: after.generator_ms - self.generator_ms,
            cells_mb: cells_mb(fleet)?,
            counted: since(&self.counted, after.counted),
            waits_ms,
        })
    }
}

/// What all processes of all cells hold in memory.
fn cells_mb(fleet: &Fleet) -> anyhow::Result<f64> {
    let pids = fleet.pids();
    let cells = pids.iter().filter(|(member, _)| is_cell(*member));
    cells.map(|(_, pid)| proc::resident_mb(*pid)).sum()
}

fn is_cell(member: Member) -> bool {
    matches!(member, Member::Cell(_) | Member::Pod(..))
}

/// What was added between two looks.
fn since<K: Ord>(before: &BTreeMap<K, f64>, after: BTreeMap<K, f64>) -> BTreeMap<K, f64> {
    let added = |(of, sum): (K, f64)| {
        let before = before.get(&of).copied().unwrap_or_default();
        (of, sum - before)
    };
    after.into_iter().map(added).collect()
}

/// What all cells have counted so far, together.
async fn counted(fleet: &Fleet) -> anyhow::Result<BTreeMap<String, f64>> {
    let mut sums = BTreeMap::new();
    for member in fleet.members() {
        if is_cell(member) {
            let page = fleet.admin_page(member, "/metrics").await?;
            for (what, count) in page.lines().filter_map(counter) {
                *sums.entry(what).or_default() += count;
            }
        }
    }
    Ok(sums)
}

/// What a line of metrics counts, if it is syncs, appends, records or calls to an engine.
fn counter(line: &str) -> Option<(String, f64)> {
    let (name, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let labels = name.split_once('{').map(|(_, labels)| labels.split('"').collect::<Vec<_>>());
    let what = match (name.split('{').next()?, labels.as_deref()) {
        ("cell_store_syncs_total", _) => "syncs".to_owned(),
        ("cell_runtime_appends_total", _) => "appends".to_owned(),
        (name, _) if RECORDS.iter().any(|(counted, _)| *counted == name) => name.to_owned(),
        ("cell_store_calls_total", Some([_, call, _, what, ..])) => format!("{call}, to {what}"),
        _ => return None,
    };
    Some((what, value))
}

#[cfg(test)]
mod tests {
    use super::{Ground, counter, grounds};

    #[test]
    fn real_engines_are_measured_beside_the_embedded_one_and_with_each_number_of_processes() {
        let names = |wanted, pods: &[u8]| -> Vec<String> {
            grounds(wanted, pods).into_iter().map(|(_, name)| name).collect()
        };
        assert_eq!(names(Ground::DISKS, &[1]), [""]);
        assert_eq!(names(Ground::REAL, &[1]), ["embedded: ", "real: "]);
        let both = ["embedded: ", "mixed: ", "mixed, 2 pods: "];
        assert_eq!(names(Ground::MIXED, &[1, 2]), both);
    }

    #[test]
    fn calls_are_told_by_what_they_cost_and_what_they_are_for() {
        let line = "cell_store_calls_total{call=\"read\",what=\"look for a stream\"} 12";
        assert_eq!(counter(line), Some(("read, to look for a stream".to_owned(), 12.0)));
        let appends = "cell_runtime_appends_total{service=\"carts\"} 3";
        assert_eq!(counter(appends), Some(("appends".to_owned(), 3.0)));
        assert_eq!(counter("cell_store_syncs_total 7"), Some(("syncs".to_owned(), 7.0)));
        let sent = ("cell_kafka_sent_total".to_owned(), 5.0);
        assert_eq!(counter("cell_kafka_sent_total 5"), Some(sent));
        assert_eq!(counter("# HELP cell_store_syncs Syncs of any file."), None);
        assert_eq!(counter("cell_store_groups_total 7"), None);
    }
}

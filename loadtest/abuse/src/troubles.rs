//! Each trouble, from clients and from cells, with neighbours beside it: how they fare without it and with it, and what the router
//! holds in memory before, meanwhile and after.

mod table;

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::ensure;
use loadtest_kit::{files::write_json, proc::resident_mb, say};
use serde::Serialize;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    Stage,
    attack::Attack,
    illness::{Illness, until_found},
    line::Door,
    visits::{self, Fared, Visits},
};

/// Those who want to be served: another tenant's visitors, in the cell that is well.
const NEIGHBOURS: Visits = Visits { path: "/v1/users/u2", per_second: 400, connections: 16 };
/// The goal: neighbours are less than so many times slower than without the trouble.
const SLOWER_GOAL: f64 = 2.0;
/// Below this a difference is the machine's own noise.
const NOISE_MS: f64 = 1.0;
/// The bound: the router may hold so much more while the trouble lasts, and so much for each connection that makes it. Of an answer
/// that is not taken, six pieces of 64 KiB are on their way through Pingora, beside the connection's own.
const GROWN_MB_MAX: f64 = 16.0;
const CONNECTION_MB_MAX: f64 = 0.5;
/// What a cell's own tenants may hear while it is not well.
const HEARD: [u16; 2] = [200, 503];
/// Before the end, when it is asked who is still there.
const AT_LAST: Duration = Duration::from_millis(300);
/// How long the router may take to give back what the trouble took.
const SETTLING: Duration = Duration::from_secs(1);

/// What to do.
#[derive(Clone, Debug)]
pub struct Asked {
    /// How long neighbours are watched without each trouble and with it.
    pub span: Duration,
    /// Only troubles whose name has this in it; empty for all.
    pub only: String,
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Clients(Attack),
    Cell(Illness),
}

impl Trouble {
    fn name(self) -> &'static str {
        match self {
            Self::Clients(attack) => attack.name(),
            Self::Cell(illness) => illness.name(),
        }
    }
}

/// What came of one trouble through one door.
#[derive(Debug, Serialize)]
struct Row {
    trouble: &'static str,
    door: &'static str,
    /// Who makes it.
    by: String,
    connections: u32,
    /// How those fared who make it.
    outcome: String,
    /// Whether they fared as they should.
    met_right: bool,
    requests: usize,
    failed: usize,
    /// What neighbours were answered.
    answers: String,
    p50_without_ms: f64,
    p50_with_ms: f64,
    p99_without_ms: f64,
    p99_with_ms: f64,
    /// Of the two p99.
    slower: f64,
    mb_before: f64,
    mb_most: f64,
    mb_after: f64,
}

impl Row {
    /// Whether the goal is met: neighbours hardly notice.
    fn meets_goal(&self) -> bool {
        self.slower < SLOWER_GOAL || self.p99_with_ms <= NOISE_MS
    }

    /// Bounds that were broken; none on the noisiest machine if the router is right. How long neighbours wait is a goal and no bound:
    /// on two cores that everything shares the trouble takes its time from them whatever the router does.
    fn broken(&self) -> Vec<String> {
        let grown_max = GROWN_MB_MAX + CONNECTION_MB_MAX * f64::from(self.connections);
        let bounds = [
            (self.failed == 0, format!("neighbours were answered {}", self.answers)),
            (self.mb_most - self.mb_before <= grown_max, "memory is not bounded".to_owned()),
            (self.met_right, format!("who made it: {}", self.outcome)),
        ];
        bounds.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect()
    }
}

/// How the neighbours fared, and the most that the router held meanwhile.
type Neighbours = (Fared, anyhow::Result<f64>);

/// Makes all troubles; true if no bound was broken. Prints a table and writes JSON.
///
/// Errors: what could not be carried out at all.
pub async fn troubles(stage: &mut Stage, asked: &Asked, json: &Path) -> anyhow::Result<bool> {
    let plain = Door::plain(stage.addresses().http);
    let tls = Door::tls(stage.addresses().https, stage.trusted())?;
    let clients = Attack::ALL.map(Trouble::Clients);
    let cells = Illness::ALL.map(Trouble::Cell);
    let through = |door, troubles: &[Trouble]| {
        let troubles = troubles.iter().filter(|trouble| trouble.name().contains(&asked.only));
        troubles.map(|trouble| (door, *trouble)).collect::<Vec<_>>()
    };
    // What a cell does is the same behind either door.
    let all = [through(&plain, &clients), through(&tls, &clients), through(&tls, &cells)].concat();
    ensure!(!all.is_empty(), "no trouble has {:?} in its name", asked.only);
    // The first requests of all open connections and fill caches.
    NEIGHBOURS.pay(&plain, asked.span / 2).await;
    let mut rows = Vec::new();
    for (door, trouble) in all {
        let row = under(stage, asked, trouble, door).await?;
        let broken = row.broken();
        let goal = if row.meets_goal() { "met" } else { "missed" };
        let text = format!(
            "{} ({}): p99 {:.2} → {:.2} ms, goal {goal}; {:.0} → {:.0} → {:.0} MB; {}",
            row.trouble,
            row.door,
            row.p99_without_ms,
            row.p99_with_ms,
            row.mb_before,
            row.mb_most,
            row.mb_after,
            if broken.is_empty() { row.outcome.clone() } else { broken.join(", ") },
        );
        say::verdict(broken.is_empty(), text);
        rows.push(row);
    }
    say::line(format!("\n{}", table::of(&rows)));
    write(&rows, asked, json)?;
    let met = rows.iter().filter(|row| row.meets_goal()).count();
    say::line(format!("p99 of neighbours < {SLOWER_GOAL} ×: met {met} of {} times", rows.len()));
    let holds = rows.iter().all(|row| row.broken().is_empty());
    say::verdict(holds, "all neighbours were served, and memory stayed bounded");
    Ok(holds)
}

async fn under(
    stage: &mut Stage,
    asked: &Asked,
    trouble: Trouble,
    door: &Door,
) -> anyhow::Result<Row> {
    let pid = stage.pid();
    let without = NEIGHBOURS.pay(door, asked.span).await;
    let mb_before = resident_mb(pid)?;
    let neighbours = async {
        tokio::join!(NEIGHBOURS.pay(door, asked.span), watch(pid, Instant::now() + asked.span))
    };
    let row = |connections, by, outcome, met_right, (with, most): Neighbours| {
        anyhow::Ok(Row {
            trouble: trouble.name(),
            door: door.name,
            by,
            connections,
            outcome,
            met_right,
            requests: with.requests(),
            failed: with.failed(),
            answers: with.to_string(),
            p50_without_ms: without.percentile_ms(500),
            p50_with_ms: with.percentile_ms(500),
            p99_without_ms: without.percentile_ms(990),
            p99_with_ms: with.percentile_ms(990),
            slower: with.percentile_ms(990) / without.percentile_ms(990),
            mb_before,
            mb_most: most?,
            mb_after: mb_before,
        })
    };
    let mut row = match trouble {
        Trouble::Clients(attack) => {
            let attacked = attacked(attack, door, stage.addresses().admin, asked.span);
            let (attacked, fared) = tokio::join!(attacked, neighbours);
            let (Attacked { cut, open }, connections) = (attacked?, attack.connections());
            let by = format!("{connections} connections");
            let outcome = format!("cut {cut} times, {open} connections at the end");
            let sent_away = cut > 0 || open < u64::from(connections / 2);
            row(connections, by, outcome, sent_away, fared)?
        }
        Trouble::Cell(illness) => {
            let befallen = illness.befall(&mut stage.apart, door, asked.span);
            let (own, fared) = tokio::join!(befallen, neighbours);
            let Visits { per_second, connections, .. } = illness.visits();
            let (own, by) = (own?, format!("{per_second} requests/s"));
            until_found(door).await?;
            let right = own.heard_only(&HEARD);
            row(connections, by, own.to_string(), right, fared)?
        }
    };
    sleep(SETTLING).await;
    row.mb_after = resident_mb(pid)?;
    Ok(row)
}

/// How attackers fared.
struct Attacked {
    /// How often they saw a connection cut. Who reads slowly does not see it as long as the system still has bytes for it.
    cut: u64,
    /// Connections that the router had at the end, neighbours' among them.
    open: u64,
}

/// Attacks for so long.
async fn attacked(
    attack: Attack,
    door: &Door,
    admin: SocketAddr,
    span: Duration,
) -> anyhow::Result<Attacked> {
    let until = Instant::now() + span;
    let mut attackers = JoinSet::new();
    let connections = attack.connections();
    for nth in 0..connections {
        let door = door.clone();
        attackers.spawn(async move {
            // All at once would be a flood of connections, which is another attack.
            sleep(span / 2 * nth / connections).await;
            attack.run(door, until).await
        });
    }
    sleep_until(until - AT_LAST).await;
    let open = visits::gauge(admin, "souk_router_connections").await?;
    Ok(Attacked { cut: attackers.join_all().await.into_iter().sum(), open })
}

/// The most that the process held until then.
async fn watch(pid: u32, until: Instant) -> anyhow::Result<f64> {
    let mut most = 0.0_f64;
    while Instant::now() < until {
        most = most.max(resident_mb(pid)?);
        sleep(Duration::from_millis(50)).await;
    }
    Ok(most)
}

fn write(rows: &[Row], asked: &Asked, json: &Path) -> anyhow::Result<()> {
    let told = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "optimised": !cfg!(debug_assertions),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "seconds": asked.span.as_secs(),
        "neighbours_per_second": NEIGHBOURS.per_second,
        "goal": { "slower": SLOWER_GOAL, "noise_ms": NOISE_MS },
        "bounds": { "grown_mb": GROWN_MB_MAX, "connection_mb": CONNECTION_MB_MAX },
        "rows": rows,
    });
    write_json(json, &told)?;
    say::line(format!("written to {}", json.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Row;

    fn row() -> Row {
        Row {
            trouble: "dead cell",
            door: "TLS",
            by: "200 requests/s".into(),
            connections: 100,
            outcome: "2000 × 503".into(),
            met_right: true,
            requests: 4_000,
            failed: 0,
            answers: "4000 × 200".into(),
            p50_without_ms: 0.5,
            p50_with_ms: 0.6,
            p99_without_ms: 2.0,
            p99_with_ms: 3.0,
            slower: 1.5,
            mb_before: 20.0,
            mb_most: 30.0,
            mb_after: 25.0,
        }
    }

    #[test]
    fn a_missed_goal_is_told_and_a_broken_bound_fails() {
        assert!(row().meets_goal() && row().broken().is_empty());
        let slower = Row { p99_with_ms: 6.0, slower: 3.0, ..row() };
        assert!(!slower.meets_goal() && slower.broken().is_empty());
        let noise = Row { p99_without_ms: 0.3, p99_with_ms: 0.9, slower: 3.0, ..row() };
        assert!(noise.meets_goal());
        let broken = Row { failed: 1, mb_most: 90.0, met_right: false, ..row() };
        assert_eq!(broken.broken().len(), 3);
    }
}

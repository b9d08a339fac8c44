//! Starting and resting: how long processes take until they are ready, and what they hold in memory when nothing happens.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use loadtest_kit::{
    figures::{Figures, Goal},
    proc,
};

use crate::{
    journey::Stage,
    launch::{Fleet, Member},
    market::Size,
    say,
};

/// A market small enough that the services are there and little else.
const SIZE: Size = Size { vendors_per_cell: 1, offers: 1, copies: 1 };
/// How often a process that starts is asked whether it is ready: finer than what is measured.
const ASK: Duration = Duration::from_millis(1);
/// How long a start may take.
const START_MAX: Duration = Duration::from_secs(30);
/// How long nothing happens before memory is read.
const REST: Duration = Duration::from_secs(5);

/// What is measured.
#[derive(Clone, Debug)]
pub struct Start {
    /// How often each process is started.
    pub repeat: usize,
    /// A store that was filled before, to start a cell on; its events.
    pub filled: Option<(PathBuf, u64)>,
    /// Where the JSON goes.
    pub json: PathBuf,
}

/// Measures; true if everybody became ready.
///
/// Errors: what could not be carried out at all.
pub async fn start(stage: &Stage, asked: &Start) -> anyhow::Result<bool> {
    let mut set = stage.set("bench-start", SIZE).await?;
    let mut figures = Figures::new("starting (from exec until /readyz says 200) and resting");
    say::step(format!("each process is killed and started {} times", asked.repeat));
    for _ in 0..asked.repeat {
        for (member, name, goal) in [
            (Member::Router, "router start", Goal::AtMost(150.0)),
            (Member::Cell(1), "cell start, small store", Goal::AtMost(500.0)),
            (Member::ControlPlane, "control plane start", Goal::None),
        ] {
            figures.add(name, "ms", goal, restart_ms(&mut set.fleet, member).await?);
            if member == Member::Cell(1) {
                add_parts(&mut figures, &set.fleet, "small").await?;
            }
        }
    }
    say::step("router and cell start while the control plane is away");
    set.fleet.kill(Member::ControlPlane)?;
    for _ in 0..asked.repeat {
        let name = "router start without control plane";
        figures.add(
            name,
            "ms",
            Goal::AtMost(150.0),
            restart_ms(&mut set.fleet, Member::Router).await?,
        );
        let name = "cell start without control plane";
        figures.add(
            name,
            "ms",
            Goal::AtMost(500.0),
            restart_ms(&mut set.fleet, Member::Cell(1)).await?,
        );
    }
    set.fleet.restart(Member::ControlPlane)?;
    set.fleet.ready(Member::ControlPlane).await?;
    say::step(format!("resting for {} s", REST.as_secs()));
    tokio::time::sleep(REST).await;
    for (member, pid) in set.fleet.pids() {
        let (name, goal) = match member {
            Member::Cell(_) => ("cell at rest, all services", Goal::AtMost(80.0)),
            Member::Router => ("router at rest", Goal::AtMost(64.0)),
            Member::ControlPlane => ("control plane at rest", Goal::None),
            Member::Stripe | Member::Replica(_) | Member::Pod(..) => continue,
        };
        figures.add(name, "MB", goal, proc::resident_mb(pid)?);
    }
    if let Some((store, events)) = &asked.filled {
        filled(stage, &mut figures, store, *events, asked.repeat).await?;
    }
    figures.remark("memory is VmRSS; MB are millions of bytes");
    figures.publish(&asked.json)?;
    stage.strike(set, true).await
}

/// Kills somebody and starts them again; milliseconds until they are ready.
async fn restart_ms(fleet: &mut Fleet, member: Member) -> anyhow::Result<f64> {
    fleet.kill(member)?;
    let begun = Instant::now();
    fleet.restart(member)?;
    while !fleet.is_ready(member).await? {
        anyhow::ensure!(begun.elapsed() < START_MAX, "{member} is not ready after {START_MAX:?}");
        tokio::time::sleep(ASK).await;
    }
    Ok(begun.elapsed().as_secs_f64() * 1000.0)
}

/// Adds what the cell itself says of each part of its last start.
async fn add_parts(figures: &mut Figures, fleet: &Fleet, of: &str) -> anyhow::Result<()> {
    let page = fleet.admin_page(Member::Cell(1), "/metrics").await?;
    for (part, seconds) in parts(&page) {
        figures.add(&format!("  {of}: {part}"), "ms", Goal::None, seconds * 1000.0);
    }
    Ok(())
}

/// The parts of a start in a page of metrics, in the page's order.
fn parts(page: &str) -> impl Iterator<Item = (&str, f64)> {
    page.lines().filter_map(|line| {
        let line = line.strip_prefix("cell_start_seconds{part=\"")?;
        let (part, seconds) = line.split_once("\"} ")?;
        Some((part, seconds.parse().ok()?))
    })
}

/// A cell of its own fleet on a store with many events.
async fn filled(
    stage: &Stage,
    figures: &mut Figures,
    store: &std::path::Path,
    events: u64,
    repeat: usize,
) -> anyhow::Result<()> {
    say::step(format!("a cell starts on a store with {events} events"));
    let alone = Stage { cells: 1, ..stage.clone() };
    let (mut fleet, scratch) = alone.on_filled_store("bench-filled", store).await?;
    for _ in 0..repeat {
        let name = format!("cell start, {events} events");
        figures.add(
            &name,
            "ms",
            Goal::AtMost(500.0),
            restart_ms(&mut fleet, Member::Cell(1)).await?,
        );
        add_parts(figures, &fleet, "filled").await?;
    }
    for (member, pid) in fleet.pids() {
        if member == Member::Cell(1) {
            figures.add(
                &format!("cell with {events} events, after its start"),
                "MB",
                Goal::None,
                proc::resident_mb(pid)?,
            );
        }
    }
    fleet.stop().await?;
    drop(scratch);
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_parts_of_a_start_are_read_from_the_metrics() {
        let page =
            "# HELP x\ncell_start_seconds{part=\"table read\"} 0.25\ncell_other{part=\"x\"} 1\n";
        assert_eq!(super::parts(page).collect::<Vec<_>>(), [("table read", 0.25)]);
    }
}

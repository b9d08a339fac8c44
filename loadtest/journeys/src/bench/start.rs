//! Starting and resting: how long processes take until they are ready, and what they hold in memory when nothing happens.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{
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
            Member::Stripe => continue,
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
    fleet.ready(member).await?;
    Ok(begun.elapsed().as_secs_f64() * 1000.0)
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

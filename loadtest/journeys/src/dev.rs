//! `dev`: a whole platform on this machine with a demo catalogue, until Ctrl-C.

mod commands;
mod load;
mod receipts;
mod record;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use loadtest_demo::Scale;

use crate::{
    http::Api,
    launch::{Fleet, Ground, Member, Place, Plan, refuse_if_used},
    say,
    stop::Stop,
};

/// How often it is looked whether everybody still runs.
const LOOK: Duration = Duration::from_secs(1);
/// Restarts that are worth it; who ends more often has a reason.
const RESTARTS_MAX: usize = 5;
/// How long a client of ours goes on trying.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be started.
#[derive(Clone, Debug)]
pub struct Dev {
    /// Where the programs are.
    pub binaries: PathBuf,
    /// Where the fleet keeps what it keeps.
    pub home: PathBuf,
    /// How large the catalogue is.
    pub scale: Scale,
    /// Forget what an earlier run left.
    pub fresh: bool,
    /// Run the printed commands, show the receipts, stop.
    pub check: bool,
    /// How many cells.
    pub cells: u16,
    /// On what everybody keeps what they keep.
    pub ground: Ground,
}

/// Starts everything, loads the catalogue once, says how to use it, and stops at Ctrl-C; or, to check, does what it says. False if
/// the check failed.
///
/// Errors: what could not be started or loaded.
pub async fn dev(asked: Dev) -> anyhow::Result<bool> {
    let begun = Instant::now();
    let mut asked_to_stop = Stop::listen()?;
    refuse_if_used(&asked.home)?;
    let unfinished = asked.home.join(record::UNFINISHED).exists();
    if unfinished && !asked.fresh {
        say::line("an earlier run was stopped while it loaded the catalogue; this one begins anew");
    }
    if asked.fresh || unfinished {
        Place::clear(&asked.home)?;
    }
    let plan = Plan {
        binaries: asked.binaries.clone(),
        place: Place::at(&asked.home)?,
        cells: asked.cells,
        log: "info".to_owned(),
        wished: wished(asked.cells),
        ground: asked.ground,
    };
    say::step(format!(
        "starting control plane, payment stand-in, {} cells and router",
        asked.cells
    ));
    let fleet = tokio::select! {
        fleet = Fleet::start(plan) => fleet?,
        () = asked_to_stop.come() => return Ok(true),
    };
    let outcome = serve(&asked, fleet, &mut asked_to_stop, begun).await;
    if outcome.is_err() {
        say::line(format!("logs are in {}", asked.home.join("logs").display()));
    }
    outcome
}

/// Loads, tells and waits; the fleet is stopped in every case.
async fn serve(
    asked: &Dev,
    mut fleet: Fleet,
    stop: &mut Stop,
    begun: Instant,
) -> anyhow::Result<bool> {
    let api = fleet.api(PATIENCE);
    let worked = tokio::select! {
        worked = work(asked, &mut fleet, &api, begun) => worked,
        () = stop.come() => Ok(true),
    };
    say::line("");
    say::step("stopping");
    fleet.stop().await?;
    say::good("everybody has stopped; started again it goes on from here");
    worked
}

async fn work(asked: &Dev, fleet: &mut Fleet, api: &Api, begun: Instant) -> anyhow::Result<bool> {
    let record = load::once(fleet, api, asked.scale).await?;
    say::good(format!("ready after {:.1} s", begun.elapsed().as_secs_f64()));
    let commands = commands::ten(fleet, &record);
    commands::print(fleet, &record, &commands);
    if asked.check {
        return receipts::check(fleet, api, &record, &commands).await;
    }
    say::line("Ctrl-C stops everything.");
    keep_up(fleet).await
}

/// Starts again whoever ends, as `kill -9` may be part of trying things out.
async fn keep_up(fleet: &mut Fleet) -> anyhow::Result<bool> {
    let mut restarts: BTreeMap<Member, usize> = BTreeMap::new();
    loop {
        tokio::time::sleep(LOOK).await;
        for ended in fleet.ended()? {
            let count = restarts.entry(ended.member).or_default();
            *count += 1;
            if *count > RESTARTS_MAX {
                let words = fleet.place().last_words(&ended.member.to_string(), 15);
                anyhow::bail!(
                    "{} has ended {count} times ({}):\n{words}",
                    ended.member,
                    ended.status
                );
            }
            say::line(format!("{} ended ({}) and is started again", ended.member, ended.status));
            fleet.restart(ended.member)?;
        }
    }
}

/// Ports that are easy to remember, where they are free.
fn wished(cells: u16) -> BTreeMap<String, u16> {
    let mut wished: BTreeMap<String, u16> = [
        ("router TLS", 8443),
        ("router", 8080),
        ("router admin", 8081),
        ("control plane", 7400),
        ("control plane admin", 7401),
        ("stripe", 4242),
    ]
    .map(|(listener, port)| (listener.to_owned(), port))
    .into();
    for number in 1..=cells {
        for (offset, listener) in (0..).zip(["edge", "mesh", "admin"]) {
            wished.insert(format!("cell-{number} {listener}"), 7400 + 10 * number + offset);
        }
    }
    wished
}

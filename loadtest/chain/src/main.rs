//! The program `souk-chain`: every step of append, relay and listen on a real Cassandra, each with a crash, a repetition and an unknown
//! outcome. `cargo xtask crash-points --engines real` builds it.

mod pod;
mod point;
mod points;
mod purse;
mod trial;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use base_testkit::Scratch;
use clap::Parser;
use loadtest_engines::{Engine, Place, Set, Wanted};
use loadtest_kit::say;

use crate::{point::Point, trial::Ground};

/// Coins are put into a purse and sent to another, whose owner thanks for them; at each change of the engine on that way the process
/// dies, the call is made twice, or nobody knows how it ended. At rest everything is there once.
///
/// Ends with 0 if everything holds, with 1 if something does not.
#[derive(Debug, Parser)]
#[command(name = "souk-chain", version, max_term_width = 110)]
struct Cli {
    /// Where engines are installed.
    #[arg(long, value_name = "DIR", default_value = "target/engines")]
    home: PathBuf,
    /// Only these: append:1:crash-after.
    #[arg(long)]
    at: Vec<Point>,
    /// One in four, for a first look.
    #[arg(long)]
    quick: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    loadtest_kit::run(runtime, async {
        tokio::select! {
            tried = Box::pin(run(&cli)) => tried,
            _ = tokio::signal::ctrl_c() => {
                say::bad("stopped, and the engine with it");
                Ok(false)
            }
        }
    })
}

async fn run(cli: &Cli) -> anyhow::Result<bool> {
    let scratch = Scratch::new("chain")?;
    let mut set = Set::open_for_me(Place::apart(&cli.home, &scratch.path().join("engines"))?)?;
    say::step("a Cassandra for this run");
    set.up(&Wanted { engines: vec![Engine::Cassandra], ring: 1, members: 1, current_etcd: false })
        .await?;
    let node = set.standings().await.pop().context("no node of Cassandra was started")?;
    let config = cell_scylla::Config {
        replication: 1,
        call_ms_max: 5_000,
        beat_ms: 100,
        silent_ms_max: 1_000,
        ..cell_scylla::Config::new([node.address.to_string()], "souk_chain")
    };
    let mut ground = Ground::open(config).await?;
    let report = points::run(&mut ground, &cli.at, if cli.quick { 4 } else { 1 }).await?;
    say::line(report.to_string());
    ground.close().await?;
    set.down(true).await?;
    Ok(report.holds())
}

//! Measures a cell's stores: durable appends per second with many writers on the embedded engine, beside Redis if it is there or
//! beside Cassandra if that is asked for; and how long a filled store takes to open.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people: counts stay far below 2^53"
)]

mod beside;
mod disk;
mod fill;
mod load;
mod proc;
mod redis;
mod report;

use std::{io::Write as _, path::PathBuf, time::Duration};

use anyhow::Context as _;
use cell_embedded::Config;
use clap::Parser;

use crate::{fill::Fill, load::Load, report::Report};

/// Measures durable appends. Each is what a command writes: events with their cause, a view row, a message in the outbox, and the
/// answer kept under an idempotency key.
#[derive(Parser)]
struct Args {
    /// Writers, each with one append on its way at a time (a closed loop: it measures the most the store can do).
    #[arg(long, default_value_t = 64)]
    writers: usize,
    /// Seconds per repetition.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Events per append.
    #[arg(long, default_value_t = 1)]
    events: usize,
    /// Bytes per event.
    #[arg(long, default_value_t = 300)]
    bytes: usize,
    /// Repetitions; with Redis there, its runs stand between ours.
    #[arg(long, default_value_t = 3)]
    repeat: usize,
    /// Lets all writers append to one stream; those that lose the race try again.
    #[arg(long)]
    one_stream: bool,
    /// Leaves Redis out.
    #[arg(long)]
    no_redis: bool,
    /// The embedded engine alone; or beside it a cell's stores on a Cassandra that is started for it, with 1, 16 and 64 writers on
    /// streams of their own and on one.
    #[arg(long, value_enum, default_value = "embedded")]
    engines: Engines,
    /// Where engines are installed.
    #[arg(long, value_name = "DIR", default_value = "target/engines")]
    home: PathBuf,
    /// Fills a store with this many events and measures how long it takes to open, instead.
    #[arg(long)]
    fill: Option<u64>,
    /// Keeps the store that was filled in this place, to start a cell on.
    #[arg(long, requires = "fill", value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Opens the store in this directory, prints milliseconds and MB, and ends: what `--fill` starts for each opening.
    #[arg(long, hide = true)]
    open: Option<PathBuf>,
    /// Where to make the stores; a temporary directory there is taken away afterwards.
    #[arg(long, default_value = "target")]
    directory: PathBuf,
    /// Writes the figures to this file.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engines {
    /// The embedded one.
    Embedded,
    /// Cassandra beside it.
    Real,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if let Some(directory) = &args.open {
        return fill::open(directory);
    }
    std::fs::create_dir_all(&args.directory)
        .with_context(|| format!("cannot make {}", args.directory.display()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if args.engines == Engines::Real {
        return runtime.block_on(async {
            tokio::select! {
                measured = Box::pin(beside::measure(&args)) => measured,
                _ = tokio::signal::ctrl_c() => anyhow::bail!("stopped, and the engine with it"),
            }
        });
    }
    let report = match args.fill {
        Some(events) => {
            let fill = Fill { events, bytes: args.bytes, keep: args.keep };
            runtime.block_on(fill::measure(&args.directory, &fill))?
        }
        None => runtime.block_on(compare(&args))?,
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{report}")?;
    if let Some(path) = &args.json {
        std::fs::write(path, serde_json::to_vec_pretty(&report.json())?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

async fn compare(args: &Args) -> anyhow::Result<Report> {
    let load = Load {
        writers: args.writers.max(1),
        time: Duration::from_secs(args.seconds.max(1)),
        events: args.events.max(1),
        bytes: args.bytes,
        one_stream: args.one_stream,
    };
    let peer = if args.no_redis { None } else { redis::Peer::find() };
    let mut report = Report::of_load(&load, peer.as_ref().map(redis::Peer::version));
    for _ in 0..args.repeat.max(1) {
        report.disk.push(disk::measure(&args.directory)?);
        let directory = tempfile::tempdir_in(&args.directory)?;
        let config = Config::new(directory.path().join("store"));
        report.ours.push(load::run(&load, &config).await?);
        if peer.is_some() {
            report.redis.push(redis::Peer::run(&load, &args.directory)?);
        }
    }
    Ok(report)
}

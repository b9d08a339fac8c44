//! The program `souk-journeys`: starts fleets and walks people through them. `cargo xtask` builds it and everything that it starts.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use loadtest_demo::Scale;
use loadtest_journeys::{
    bench::{self, Orders, Start},
    dev::{Dev, dev},
    journey::{self, FirstOrder, Oversell, RouterUpgrade, Stage},
    launch::Ground,
    people::Paying,
    say,
    stop::Stop,
};

/// Starts a Souk fleet of real processes on this machine and does something with it.
///
/// Ends with 0 if everything holds, with 1 if something does not.
#[derive(Debug, Parser)]
#[command(name = "souk-journeys", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    walk: Walk,
}

#[derive(Debug, Subcommand)]
enum Walk {
    /// A platform with a demo catalogue, until Ctrl-C.
    Dev(DevArgs),
    /// Purchases over cells while anybody is killed at any moment: nothing lost, doubled or left over.
    FirstOrder(FirstOrderArgs),
    /// More buyers than copies: exactly as many orders as copies.
    Oversell(OversellArgs),
    /// The control plane is away: trading goes on.
    ControlPlaneDown(Everywhere),
    /// Three control planes on an etcd of three: its leader and theirs are killed while they change things, and trading goes on.
    ControlPlanes(Everywhere),
    /// A cell is away: others go on, and who waits is named.
    CellDown(Everywhere),
    /// The router is replaced twice under load, while a cell and the control plane are away: only the dead cell's own notice.
    RouterUpgrade(RouterUpgradeArgs),
    /// An operator holds tenants and slots while everybody trades: writes wait, and go on.
    Hold(Everywhere),
    /// Everything a client can get wrong: a clear no each time.
    BadInput(Everywhere),
    /// Complete checkouts: orders a second, CPU and syncs per order, latency.
    BenchOrders(BenchOrdersArgs),
    /// Starting and resting: milliseconds and megabytes.
    BenchStart(BenchStartArgs),
}

#[derive(Debug, Args)]
struct DevArgs {
    /// Where souk-cell, souk-router and the others are; beside this program if not given.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// Where the fleet keeps what it keeps.
    #[arg(long, value_name = "DIR", default_value = ".souk/dev")]
    home: PathBuf,
    /// How large the catalogue is: 1 is 120 vendors and 24,000 offers.
    #[arg(long, value_name = "0.001-100", default_value = "0.02")]
    scale: Scale,
    /// Forgets what an earlier run left.
    #[arg(long)]
    fresh: bool,
    /// Runs the printed commands, shows the receipts from all cells, and stops.
    #[arg(long)]
    check: bool,
    /// How many cells.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=16))]
    cells: u16,
    #[command(flatten)]
    on: On,
}

/// On what everybody keeps what they keep.
#[derive(Debug, Args)]
struct On {
    /// Each process on its own disk; cells on Cassandra, Kafka and Redis and the control plane on etcd, started beside them; or both.
    #[arg(long, value_enum, default_value = "embedded")]
    engines: Engines,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Engines {
    /// Nothing to install.
    Embedded,
    /// Installed from the package registries, in a set of the fleet's own.
    Real,
    /// The same, but for the first cell, which is on its own disk.
    Mixed,
}

impl On {
    fn ground(&self) -> Ground {
        match self.engines {
            Engines::Embedded => Ground::DISKS,
            Engines::Real => Ground::REAL,
            Engines::Mixed => Ground::MIXED,
        }
    }
}

/// What every journey takes.
#[derive(Debug, Args)]
struct Everywhere {
    /// Where souk-cell, souk-router and the others are; beside this program if not given.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// Where chance begins; the same seed makes the same choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the processes log.
    #[arg(long, default_value = "info", value_name = "FILTER")]
    log: String,
    /// Keeps logs and data even when all went well.
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    on: On,
}

#[derive(Debug, Args)]
struct FirstOrderArgs {
    #[command(flatten)]
    common: Everywhere,
    /// So many times kill -9.
    #[arg(long, default_value_t = 50)]
    kills: usize,
    /// At least so many purchases; as many as kills if not given.
    #[arg(long)]
    purchases: Option<usize>,
    /// Buyers at once.
    #[arg(long, default_value_t = 6)]
    buyers: usize,
}

#[derive(Debug, Args)]
struct OversellArgs {
    #[command(flatten)]
    common: Everywhere,
    /// Buyers.
    #[arg(long, default_value_t = 1000)]
    buyers: usize,
    /// Copies of the one offer.
    #[arg(long, default_value_t = 100)]
    copies: i64,
    /// Buyers that are on their way at once.
    #[arg(long, default_value_t = 100)]
    at_once: usize,
}

#[derive(Debug, Args)]
struct RouterUpgradeArgs {
    #[command(flatten)]
    common: Everywhere,
    /// How long the load lasts; everything that happens is spread over it.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(30..))]
    seconds: u64,
    /// Requests a second, of all visitors together.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    per_second: u32,
}

#[derive(Debug, Args)]
struct BenchOrdersArgs {
    #[command(flatten)]
    common: Everywhere,
    /// Buyers at once in the closed loop.
    #[arg(long, default_value_t = 64)]
    buyers: usize,
    /// Seconds of each phase.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Repetitions.
    #[arg(long, default_value_t = 5)]
    repeat: usize,
    /// Pays by card, through the provider's stand-in, instead of in cash.
    #[arg(long)]
    card: bool,
    /// Processes of each cell on real engines; for each number a fleet is measured, by turns.
    #[arg(long, value_name = "1,2", default_value = "1", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=4))]
    pods: Vec<u8>,
    /// Where the JSON goes.
    #[arg(long, default_value = "target/bench/orders.json")]
    json: PathBuf,
}

#[derive(Debug, Args)]
struct BenchStartArgs {
    #[command(flatten)]
    common: Everywhere,
    /// How often each process is started.
    #[arg(long, default_value_t = 5)]
    repeat: usize,
    /// A store that `bench-store --fill` has kept, to start a cell on.
    #[arg(long, value_name = "DIR", requires = "events")]
    filled: Option<PathBuf>,
    /// How many events it has.
    #[arg(long)]
    events: Option<u64>,
    /// Where the JSON goes.
    #[arg(long, default_value = "target/bench/start.json")]
    json: PathBuf,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    loadtest_kit::run(runtime, until_asked_to_stop(cli.walk))
}

/// Whoever asks a journey to stop leaves nothing running and nothing lying about; `dev` listens for itself.
async fn until_asked_to_stop(asked: Walk) -> anyhow::Result<bool> {
    if matches!(asked, Walk::Dev(_)) {
        return Box::pin(walk(asked)).await;
    }
    let mut stop = Stop::listen()?;
    tokio::select! {
        walked = Box::pin(walk(asked)) => walked,
        () = stop.come() => {
            say::bad("stopped, and everybody with it");
            Ok(false)
        }
    }
}

async fn walk(walk: Walk) -> anyhow::Result<bool> {
    match walk {
        Walk::Dev(args) => {
            let DevArgs { binaries, home, scale, fresh, check, cells, on } = args;
            let (binaries, ground) = (beside(binaries)?, on.ground());
            dev(Dev { binaries, home, scale, fresh, check, cells, ground }).await
        }
        Walk::FirstOrder(args) => {
            let purchases = args.purchases.unwrap_or(args.kills.max(1));
            let asked = FirstOrder { purchases, kills: args.kills, buyers: args.buyers.max(1) };
            journey::first_order(&stage(args.common)?, asked).await
        }
        Walk::Oversell(args) => {
            let asked =
                Oversell { buyers: args.buyers, copies: args.copies, at_once: args.at_once.max(1) };
            journey::oversell(&stage(args.common)?, asked).await
        }
        Walk::ControlPlaneDown(common) => journey::control_plane_down(&stage(common)?).await,
        Walk::ControlPlanes(common) => Box::pin(journey::control_planes(&stage(common)?)).await,
        Walk::CellDown(common) => Box::pin(journey::cell_down(&stage(common)?)).await,
        Walk::RouterUpgrade(args) => {
            let RouterUpgradeArgs { common, seconds, per_second } = args;
            let asked = RouterUpgrade { seconds, per_second };
            journey::router_upgrade(&stage(common)?, asked).await
        }
        Walk::Hold(common) => journey::hold(&stage(common)?).await,
        Walk::BadInput(common) => Box::pin(journey::bad_input(&stage(common)?)).await,
        Walk::BenchOrders(args) => {
            let paying = if args.card { Paying::Card } else { Paying::Cash };
            let BenchOrdersArgs { buyers, seconds, repeat, pods, json, common, .. } = args;
            let asked = Orders {
                buyers: buyers.max(1),
                seconds: seconds.max(1),
                repeat: repeat.max(1),
                paying,
                pods,
                json,
            };
            bench::orders(&stage(common)?, &asked).await
        }
        Walk::BenchStart(args) => {
            let filled = args.filled.zip(args.events);
            let asked = Start { repeat: args.repeat.max(1), filled, json: args.json };
            bench::start(&stage(args.common)?, &asked).await
        }
    }
}

fn stage(common: Everywhere) -> anyhow::Result<Stage> {
    let Everywhere { binaries, seed, log, keep, on } = common;
    let (binaries, ground) = (beside(binaries)?, on.ground());
    Ok(Stage { binaries, cells: 3, seed, log, keep, ground })
}

/// The directory of the programs: as given, or where this one is.
fn beside(given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(given) = given {
        return Ok(std::path::absolute(given)?);
    }
    let own = std::env::current_exe()?;
    Ok(own.parent().map_or_else(PathBuf::new, std::path::Path::to_path_buf))
}

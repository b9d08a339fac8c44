//! The program `bench-router`: measures the router beside others. `cargo xtask bench router` builds it and what it needs.

use std::{io::Write as _, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use loadtest_router::{Open, Plan, Wire, open, run, serve_origin};

/// What a request costs at the router, beside nginx, HAProxy and bare Pingora.
#[derive(Debug, Parser)]
#[command(
    name = "bench-router",
    version,
    max_term_width = 110,
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    plan: PlanArgs,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The stand-in for cells alone.
    Origin {
        /// Where.
        #[arg(long, value_delimiter = ',', required = true)]
        addresses: Vec<SocketAddr>,
        /// How long an answer is.
        #[arg(long, default_value_t = 1024)]
        bytes: usize,
    },
    /// The open model alone.
    Open(OpenArgs),
}

#[derive(Debug, Args)]
struct OpenArgs {
    /// Of whom.
    #[arg(long)]
    address: SocketAddr,
    /// Over TLS, taking any certificate.
    #[arg(long)]
    tls: bool,
    /// HTTP/2 instead of HTTP/1.1.
    #[arg(long)]
    h2: bool,
    /// Requests that begin in a second.
    #[arg(long)]
    rate: f64,
    /// How long.
    #[arg(long)]
    seconds: f64,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// The value of Authorization.
    #[arg(long)]
    bearer: String,
    /// The path.
    #[arg(long)]
    path: String,
}

#[derive(Debug, Args)]
struct PlanArgs {
    /// Where souk-router and bare-pingora are; beside this program if not given.
    #[arg(long, value_name = "DIR")]
    binaries: Option<PathBuf>,
    /// A short run of under 3 minutes instead of some 20: 3 repetitions, HTTP/1.1 without TLS, no growth; not for publishing.
    #[arg(long)]
    quick: bool,
    /// Repetitions.
    #[arg(long)]
    repeat: Option<usize>,
    /// Seconds of each load.
    #[arg(long)]
    seconds: Option<u64>,
    /// Requests of the shorter of the two runs under callgrind; 0 for none.
    #[arg(long)]
    counted: Option<u64>,
    /// Only servers whose names contain one of these, such as `router,Pingora`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Keeps what the servers wrote, and callgrind.
    #[arg(long)]
    keep: bool,
    /// Where the JSON goes.
    #[arg(long, default_value = "target/bench/router.json")]
    json: PathBuf,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One thread: the generator must not run into itself on its core.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    loadtest_kit::run(runtime, Box::pin(walk(cli)))
}

async fn walk(cli: Cli) -> anyhow::Result<bool> {
    match cli.part {
        Some(Part::Origin { addresses, bytes }) => {
            serve_origin(&addresses, bytes).await?;
            Ok(true)
        }
        Some(Part::Open(args)) => {
            let OpenArgs { address, tls, h2, rate, seconds, connections, bearer, path } = args;
            let wire = Wire { h2, tls };
            let told =
                open(&Open { address, wire, rate, seconds, connections, bearer, path }).await?;
            writeln!(std::io::stdout(), "{}", serde_json::to_string(&told)?)?;
            Ok(true)
        }
        None => run(&plan(cli.plan)?).await,
    }
}

fn plan(args: PlanArgs) -> anyhow::Result<Plan> {
    let PlanArgs { binaries, quick, repeat, seconds, counted, only, keep, json } = args;
    let own = std::env::current_exe()?;
    let beside = own.parent().map_or_else(PathBuf::new, std::path::Path::to_path_buf);
    Ok(Plan {
        binaries: binaries.map_or(Ok(beside), std::path::absolute)?,
        repeat: repeat.unwrap_or(if quick { 3 } else { 5 }).max(1),
        seconds: seconds.unwrap_or(1).max(1),
        counted: counted.unwrap_or(if quick { 200 } else { 500 }),
        wires: if quick { vec![Wire::PLAIN] } else { Wire::ALL.to_vec() },
        growth: !quick,
        only,
        keep,
        json,
    })
}

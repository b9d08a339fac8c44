//! The program `souk-abuse`: starts a router before stand-in cells and treats it badly. `cargo xtask` builds both.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand};
use loadtest_abuse::{Asked, Stage, h2spec, troubles};

/// What a router grants to slow clients while troubles are made.
const IMPATIENT: &str =
    "[entrance]\nhead_ms = 3000\nbody_ms = 3000\nbody_window_ms = 3000\nwrite_ms = 1000\n";

/// Treats a router badly and says how it took it.
///
/// Ends with 0 if everything holds, with 1 if something does not.
#[derive(Debug, Parser)]
#[command(name = "souk-abuse", version, max_term_width = 110)]
struct Cli {
    /// Where souk-router is; beside this program if not given.
    #[arg(long, value_name = "DIR", global = true)]
    binaries: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every case of h2spec over TLS.
    H2spec(H2spec),
    /// Slow clients, floods, and cells that are dead, slow or flooded, beside neighbours who want to be served.
    Troubles(Troubles),
}

#[derive(Debug, Args)]
struct Troubles {
    /// How long neighbours are watched without each trouble and with it.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(5..))]
    seconds: u64,
    /// Only troubles whose name has this in it, such as "flood" or "cell".
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Where the figures go.
    #[arg(long, value_name = "FILE", default_value = "target/bench/abuse.json")]
    json: PathBuf,
}

#[derive(Debug, Args)]
struct H2spec {
    /// The suite's program.
    #[arg(long, value_name = "FILE")]
    tool: PathBuf,
    /// Passed on to the suite, such as `http2/6.9`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // An error only says that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    loadtest_kit::run(runtime, Box::pin(run(cli)))
}

async fn run(cli: Cli) -> anyhow::Result<bool> {
    let binaries = match cli.binaries {
        Some(given) => given,
        None => std::env::current_exe()?.parent().map(PathBuf::from).unwrap_or_default(),
    };
    match cli.what {
        What::H2spec(H2spec { tool, rest }) => {
            let stage = Stage::start(&binaries, "").await?;
            let holds = h2spec(&stage, &tool, &rest).await?;
            stage.strike().await?;
            Ok(holds)
        }
        What::Troubles(Troubles { seconds, only, json }) => {
            // Shorter than the neighbours are watched, so that the slow ones are seen to be sent away.
            let mut stage = Stage::start(&binaries, IMPATIENT).await?;
            let asked = Asked { span: Duration::from_secs(seconds), only };
            let holds = troubles(&mut stage, &asked, &json).await?;
            stage.strike().await?;
            Ok(holds)
        }
    }
}

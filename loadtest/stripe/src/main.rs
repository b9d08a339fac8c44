//! The stand-in as a process: reads flags, listens, stops at SIGTERM or Ctrl-C.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use loadtest_stripe::{Chaos, Config, Retry, StandIn, WEBHOOK_SECRET};
use tokio::signal::unix::{SignalKind, signal};

/// A stateful stand-in for Stripe's API, scriptable to misbehave.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  stripe-stand-in --listen 127.0.0.1:4242 --state /tmp/stripe.jsonl\n  \
                  curl -u sk_test_1: http://127.0.0.1:4242/v1/balance"
)]
struct Flags {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Allow an address that other machines can reach.
    #[arg(long)]
    allow_remote: bool,
    /// Write the port here once it answers, instead of telling it on stderr.
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
    /// Keep everything in this file, so that a restart goes on where this run ends.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Take only this secret key (repeatable); without it any sk_ key but a live one.
    #[arg(
        long = "secret-key",
        env = "STRIPE_SECRET_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    secret_keys: Vec<String>,
    /// Where webhooks go whose intent carries no metadata[webhook_url].
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// Signs webhooks.
    #[arg(
        long,
        env = "STRIPE_WEBHOOK_SECRET",
        value_name = "SECRET",
        default_value = WEBHOOK_SECRET,
        hide_env_values = true
    )]
    webhook_secret: String,
    /// Attempts at a webhook before it is given up.
    #[arg(long, default_value_t = Retry::default().attempts)]
    webhook_attempts: u32,
    /// Wait before the second attempt, in milliseconds; doubles up to 15 s.
    #[arg(long, default_value_t = 250)]
    webhook_backoff_ms: u64,
    /// Misbehave at random, from this seed.
    #[arg(long, value_name = "SEED")]
    chaos_seed: Option<u64>,
    /// How often each thing goes wrong, in calls per thousand.
    #[arg(long, default_value_t = 50, requires = "chaos_seed", value_parser = clap::value_parser!(u16).range(0..=1000))]
    chaos_rate: u16,
    /// The longest random wait, in milliseconds.
    #[arg(long, default_value_t = 200, requires = "chaos_seed")]
    chaos_delay_ms: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match run(flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if this fails.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let port_file = flags.port_file.clone();
    // What an earlier run wrote there must not be taken for this one's.
    if let Some(path) = &port_file
        && path.exists()
    {
        std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    let stand_in = StandIn::start(config(flags)).await?;
    announce(&stand_in.url, port_file.as_deref())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    stand_in.stop().await;
    Ok(())
}

fn config(flags: Flags) -> Config {
    let (rate, delay_ms) = (flags.chaos_rate, flags.chaos_delay_ms);
    Config {
        listen: flags.listen,
        allow_remote: flags.allow_remote,
        secret_keys: flags.secret_keys,
        webhook_url: flags.webhook_url,
        webhook_secret: flags.webhook_secret,
        retry: Retry {
            first: Duration::from_millis(flags.webhook_backoff_ms),
            attempts: flags.webhook_attempts.max(1),
            ..Retry::default()
        },
        state: flags.state,
        chaos: flags.chaos_seed.map(|seed| Chaos::even(seed, rate, delay_ms)),
    }
}

/// Tells where it listens: to the file, whole or not at all, or to stderr.
fn announce(url: &str, port_file: Option<&Path>) -> anyhow::Result<()> {
    let Some(path) = port_file else {
        writeln!(std::io::stderr(), "listening on {url}")?;
        return Ok(());
    };
    let port = url.rsplit(':').next().unwrap_or_default();
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, format!("{port}\n"))
        .and_then(|()| std::fs::rename(&beside, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

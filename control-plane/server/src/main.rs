//! The program `souk-control-plane`: reads its settings, serves, and ends cleanly.

use std::{
    io::{Write as _, stderr, stdout},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use base_config::{assignment, load, render};
use base_telemetry::{Guard, init, install_crypto, shutdown_signal};
use base_time::SystemClock;
use clap::Parser;
use cp_server::{Config, start};

/// The settings are wrong.
const EXIT_USAGE: u8 = 2;

/// Decides who owns which tenant, and tells every router and cell.
///
/// Settings come from the file, then from variables such as `SOUK_CONTROL_PLANE__SETTLE_AT`, then from flags.
/// Ends with 0 when told to stop, 1 when it cannot go on, 2 when its settings are wrong.
#[derive(Parser)]
#[command(
    name = "souk-control-plane",
    version,
    after_help = "Example:\n  souk-control-plane --data-dir /var/lib/souk/control-plane --listen 10.0.0.5:7400 --settle-at 3"
)]
struct Flags {
    /// File with the settings, in TOML.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where cells, routers and operators reach it; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Where health, readiness and metrics are; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    admin: Option<SocketAddr>,
    /// Where its state lies.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where it writes the addresses that it took, as JSON.
    #[arg(long, value_name = "FILE")]
    addresses_file: Option<PathBuf>,
    /// How many cells must have registered before slots get their first homes.
    #[arg(long, value_name = "CELLS")]
    settle_at: Option<u32>,
    /// How a log line looks: human or json.
    #[arg(long, value_name = "FORMAT")]
    log: Option<String>,
    /// Any setting by its key, such as --set telemetry.filter=debug.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = assignment)]
    settings: Vec<(String, String)>,
    /// Only checks the settings and prints them.
    #[arg(long)]
    check: bool,
}

impl Flags {
    fn assignments(&self) -> Vec<(String, String)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let named = [
            ("listen", self.listen.map(|address| address.to_string())),
            ("admin", self.admin.map(|address| address.to_string())),
            ("data_dir", path(&self.data_dir)),
            ("addresses_file", path(&self.addresses_file)),
            ("settle_at", self.settle_at.map(|cells| cells.to_string())),
            ("telemetry.format", self.log.clone()),
        ];
        let named = named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        named.chain(self.settings.iter().cloned()).collect()
    }
}

fn main() -> ExitCode {
    install_crypto();
    let flags = Flags::parse();
    match settings(&flags) {
        Ok(config) if flags.check => print_settings(&config),
        Ok(config) => match init(&config.telemetry) {
            Ok(guard) => run(config, &guard),
            Err(fault) => complain(ExitCode::FAILURE, &base_fault::chain(&fault)),
        },
        Err(text) => complain(ExitCode::from(EXIT_USAGE), &text),
    }
}

fn settings(flags: &Flags) -> Result<Config, String> {
    let assignments = flags.assignments();
    let loaded =
        load("SOUK_CONTROL_PLANE", flags.config.as_deref(), std::env::vars(), &assignments);
    let mut config: Config = loaded.map_err(|errors| errors.to_string())?;
    config.telemetry.service = "souk-control-plane".into();
    config.telemetry.instance = "control-plane".into();
    let mistakes = config.mistakes();
    if mistakes.is_empty() {
        Ok(config)
    } else {
        Err(format!("the settings are wrong\n  {}", mistakes.join("\n  ")))
    }
}

fn print_settings(config: &Config) -> ExitCode {
    match render(config) {
        Ok(text) if stdout().write_all(text.as_bytes()).is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(errors) => complain(ExitCode::FAILURE, &errors.to_string()),
    }
}

fn run(config: Config, guard: &Guard) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(ExitCode::FAILURE, &format!("no runtime: {error}")),
    };
    runtime.block_on(async {
        let asked_to_stop = shutdown_signal();
        let mut running = match start(config, Arc::new(SystemClock), Some(guard.level())).await {
            Ok(running) => running,
            Err(error) => return complain(ExitCode::FAILURE, &base_fault::chain(&error)),
        };
        tokio::select! {
            () = asked_to_stop => {
                running.stop().await;
                ExitCode::SUCCESS
            }
            reason = running.failed() => complain(ExitCode::FAILURE, &reason),
        }
    })
}

fn complain(code: ExitCode, text: &str) -> ExitCode {
    // Without standard error there is nobody left to tell.
    let _ = writeln!(stderr().lock(), "souk-control-plane: {text}");
    code
}

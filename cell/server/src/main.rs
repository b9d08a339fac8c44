//! The program `souk-cell`: reads its settings, serves, and ends cleanly.

use std::{
    io::{Write as _, stderr, stdout},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use base_config::{assignment, load, render};
use base_telemetry::{Guard, init, install_crypto, shutdown_signal};
use cell_server::{Config, start};
use clap::Parser;

/// The settings are wrong.
const EXIT_USAGE: u8 = 2;

/// Runs all commerce services for the tenants of one cell.
///
/// Settings come from the file, then from variables such as SOUK_CELL__NAME, then from flags.
/// Ends with 0 when told to stop, 1 when it cannot go on, 2 when its settings are wrong.
#[derive(Parser)]
#[command(
    name = "souk-cell",
    version,
    after_help = "Example:\n  souk-cell --name cell-1 --data-dir /var/lib/souk/cell-1 --control-plane http://10.0.0.5:7400"
)]
struct Flags {
    /// File with the settings, in TOML.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The cell's name, unique in the fleet.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where routers reach the API; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    edge: Option<SocketAddr>,
    /// Where other cells reach this one; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    mesh: Option<SocketAddr>,
    /// Where health, metrics and administration are; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    admin: Option<SocketAddr>,
    /// Where the cell keeps what it must not lose.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The control plane, such as http://10.0.0.5:7400.
    #[arg(long, value_name = "URL")]
    control_plane: Option<String>,
    /// Where it writes the addresses that it took, as JSON.
    #[arg(long, value_name = "FILE")]
    addresses_file: Option<PathBuf>,
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
        let address = |address: &Option<SocketAddr>| address.map(|address| address.to_string());
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let named = [
            ("name", self.name.clone()),
            ("edge", address(&self.edge)),
            ("mesh", address(&self.mesh)),
            ("admin", address(&self.admin)),
            ("data_dir", path(&self.data_dir)),
            ("control_plane", self.control_plane.clone()),
            ("addresses_file", path(&self.addresses_file)),
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
    let loaded = load("SOUK_CELL", flags.config.as_deref(), std::env::vars(), &flags.assignments());
    let mut config: Config = loaded.map_err(|errors| errors.to_string())?;
    config.telemetry.service = "souk-cell".into();
    config.telemetry.instance = config.name.to_string();
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
        let mut running = match start(config, Some(guard.level())).await {
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
    let _ = writeln!(stderr().lock(), "souk-cell: {text}");
    code
}

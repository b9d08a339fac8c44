//! The program `souk-cell`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use base_program::{Flags, Told, run};
use cell_server::{Config, start};
use clap::Parser;
use mimalloc::MiMalloc;

/// The system's allocator keeps the megabytes of every password that was hashed, in one arena per thread, and serves many small
/// allocations of many threads slower. This one without huge pages, which would be a third of a resting cell's memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Runs all commerce services for the tenants of one cell.
///
/// Settings come from the file, then from variables such as SOUK_CELL__NAME, then from flags. SIGHUP reads the log filter and the
/// identity again.
/// Ends with 0 when told to stop, 1 when it cannot go on, 2 when its settings are wrong.
#[derive(Parser)]
#[command(
    name = "souk-cell",
    version,
    after_help = "Example:\n  souk-cell --name cell-1 --data-dir /var/lib/souk/cell-1 --control-plane https://10.0.0.5:7400 --identity /etc/souk/identity"
)]
struct Own {
    /// The cell's name, unique in the fleet.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Which of the processes that serve the cell this one is, unique in the cell.
    #[arg(long, value_name = "NAME")]
    pod: Option<String>,
    /// What this process does: all, or some of edge, services, relay and indexer with commas between them.
    #[arg(long, value_name = "ROLES")]
    role: Option<String>,
    /// Where routers reach the API; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    edge: Option<SocketAddr>,
    /// Where other cells and operators reach this one; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    mesh: Option<SocketAddr>,
    /// Where health and metrics are; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    admin: Option<SocketAddr>,
    /// Where the cell keeps what it must not lose.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The control plane, such as https://10.0.0.5:7400.
    #[arg(long, value_name = "URL")]
    control_plane: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

fn main() -> ExitCode {
    let own = Own::parse();
    let address = |address: Option<SocketAddr>| address.map(|address| address.to_string());
    let keyed = [
        ("name", own.name),
        ("pod", own.pod),
        ("role", own.role),
        ("edge", address(own.edge)),
        ("mesh", address(own.mesh)),
        ("admin", address(own.admin)),
        ("data_dir", own.data_dir.map(|path| path.display().to_string())),
        ("control_plane", own.control_plane),
    ];
    run(&own.flags, keyed, async |config: Config, mut process| {
        let mut running = start(config, Some(process.level())).await?;
        loop {
            tokio::select! {
                told = process.told() => match told {
                    Told::LookAgain => running.look_again(),
                    Told::Stop => break,
                },
                reason = running.failed() => return Err(reason.into()),
            }
        }
        running.stop().await;
        Ok(())
    })
}

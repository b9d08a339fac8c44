//! The program `souk-control-plane`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use base_program::{Flags, Told, run};
use base_time::SystemClock;
use clap::Parser;
use cp_server::{Config, start};

/// Decides who owns which tenant, and tells every router and cell.
///
/// Settings come from the file, then from variables such as `SOUK_CONTROL_PLANE__SETTLE_AT`, then from flags. SIGHUP reads the log
/// filter and the identity again.
/// Ends with 0 when told to stop, 1 when it cannot go on, 2 when its settings are wrong.
#[derive(Parser)]
#[command(
    name = "souk-control-plane",
    version,
    after_help = "Example:\n  souk-control-plane --data-dir /var/lib/souk/control-plane --listen 10.0.0.5:7400 --settle-at 3 --identity /etc/souk/identity"
)]
struct Own {
    /// Where cells, routers and operators reach it; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Where health, readiness and metrics are; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    admin: Option<SocketAddr>,
    /// Where its state lies.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How many cells must have registered before slots get their first homes.
    #[arg(long, value_name = "CELLS")]
    settle_at: Option<u32>,
    #[command(flatten)]
    flags: Flags,
}

fn main() -> ExitCode {
    let own = Own::parse();
    let keyed = [
        ("listen", own.listen.map(|address| address.to_string())),
        ("admin", own.admin.map(|address| address.to_string())),
        ("data_dir", own.data_dir.map(|path| path.display().to_string())),
        ("settle_at", own.settle_at.map(|cells| cells.to_string())),
    ];
    run(&own.flags, keyed, async |config: Config, mut process| {
        let mut running = start(config, Arc::new(SystemClock), Some(process.level())).await?;
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

//! The program `souk-router`.

use std::{path::PathBuf, process::ExitCode};

use base_program::{Flags, Told, run};
use clap::Parser;
use router_server::{Config, Router};

/// Routes every request to the cell that owns its tenant.
///
/// Settings come from the file, then from variables such as SOUK_ROUTER__NAME, then from flags. SIGHUP opens the logs anew and
/// reads the log filter, the certificates and the identity again.
/// Ends with 0 when told to stop, 1 when it cannot go on, 2 when its settings are wrong.
#[derive(Parser)]
#[command(
    name = "souk-router",
    version,
    after_help = "Example:\n  souk-router --listen 0.0.0.0:8080 --admin 127.0.0.1:8081 --control-plane https://10.0.0.5:7400 --data-dir /var/lib/souk/router --identity /etc/souk/identity"
)]
struct Own {
    /// Name of this router among the fleet's.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where clients come in without TLS; port 0 takes any free one, empty for none.
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<String>,
    /// Where clients come in with TLS.
    #[arg(long, value_name = "IP:PORT")]
    tls_listen: Option<String>,
    /// File with the platform's own certificate chain, as PEM.
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// File with its key, as PEM.
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Folder with a folder of tls.crt and tls.key for each domain of a vendor.
    #[arg(long, value_name = "DIR")]
    tls_domains: Option<PathBuf>,
    /// Where health, metrics and the table's state are; port 0 takes any free one.
    #[arg(long, value_name = "IP:PORT")]
    admin: Option<String>,
    /// The control plane, such as https://10.0.0.5:7400.
    #[arg(long, value_name = "URL")]
    control_plane: Option<String>,
    /// Unix socket by which a new process takes over the ports from the one that runs.
    #[arg(long, value_name = "PATH")]
    handover: Option<PathBuf>,
    /// Where the last known good routing table lies.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How clients write the address of the platform.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Where the access log goes: stdout, none, or a file that is opened anew on SIGHUP.
    #[arg(long, value_name = "PLACE")]
    access_log: Option<String>,
    /// Sends the guests' cookie over TLS only.
    #[arg(long)]
    secure_cookies: bool,
    #[command(flatten)]
    flags: Flags,
}

fn main() -> ExitCode {
    let own = Own::parse();
    let path = |path: Option<PathBuf>| path.map(|path| path.display().to_string());
    let keyed = [
        ("name", own.name),
        ("listen", own.listen),
        ("tls.listen", own.tls_listen),
        ("tls.certificate", path(own.tls_certificate)),
        ("tls.key", path(own.tls_key)),
        ("tls.domains", path(own.tls_domains)),
        ("admin", own.admin),
        ("control_plane", own.control_plane),
        ("handover", path(own.handover)),
        ("data_dir", path(own.data_dir)),
        ("public_url", own.public_url),
        ("access_log.to", own.access_log),
        ("secure_cookies", own.secure_cookies.then(|| "true".to_owned())),
    ];
    run(&own.flags, keyed, async |config: Config, mut process| {
        let router = Router::start_with_level(config, Some(process.level())).await?;
        loop {
            tokio::select! {
                () = router.followed() => break,
                told = process.told() => match told {
                    Told::Stop => break,
                    Told::LookAgain => {
                        router.reopen_logs().await;
                        router.reread_certificates();
                    }
                }
            }
        }
        router.stop().await;
        Ok(())
    })
}

//! The command line of `souk-router`: file, then environment, then flags.

use std::path::{Path, PathBuf};

use base_fault::{Code, Fault};
use clap::Parser;

use crate::Config;

/// Routes every request to the cell that owns its tenant.
///
/// Example: souk-router --listen 0.0.0.0:8080 --admin 127.0.0.1:8081 --control-plane http://10.0.0.1:7400 --data-dir /var/lib/souk-router
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "souk-router", version)]
pub struct Args {
    /// File with the configuration, as TOML; flags and environment win over it
    #[arg(long, env = "SOUK_ROUTER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Name of this router among the fleet's
    #[arg(long, env = "SOUK_ROUTER_NAME")]
    pub name: Option<String>,
    /// Where clients come in without TLS; port 0 for any free one, empty for none
    #[arg(long, env = "SOUK_ROUTER_LISTEN", value_name = "IP:PORT")]
    pub listen: Option<String>,
    /// Where clients come in with TLS
    #[arg(long, env = "SOUK_ROUTER_TLS_LISTEN", value_name = "IP:PORT")]
    pub tls_listen: Option<String>,
    /// File with the platform's own certificate chain, as PEM
    #[arg(long, env = "SOUK_ROUTER_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,
    /// File with its key, as PEM
    #[arg(long, env = "SOUK_ROUTER_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Folder with a folder of tls.crt and tls.key for each domain of a vendor
    #[arg(long, env = "SOUK_ROUTER_TLS_DOMAINS", value_name = "DIR")]
    pub tls_domains: Option<PathBuf>,
    /// Where health, metrics and the table's state are
    #[arg(long, env = "SOUK_ROUTER_ADMIN", value_name = "IP:PORT")]
    pub admin: Option<String>,
    /// Where the control plane is
    #[arg(long, env = "SOUK_ROUTER_CONTROL_PLANE", value_name = "URL")]
    pub control_plane: Option<String>,
    /// Directory of the last known good routing table
    #[arg(long, env = "SOUK_ROUTER_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// How clients write the address of the platform
    #[arg(long, env = "SOUK_ROUTER_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// File that gets the bound addresses as JSON
    #[arg(long, env = "SOUK_ROUTER_ADDRESSES_FILE", value_name = "FILE")]
    pub addresses_file: Option<PathBuf>,
    /// Where the access log goes: stdout, none, or a file that is opened anew on SIGHUP
    #[arg(long, env = "SOUK_ROUTER_ACCESS_LOG", value_name = "PLACE")]
    pub access_log: Option<String>,
    /// Send the guests' cookie over TLS only
    #[arg(long, env = "SOUK_ROUTER_SECURE_COOKIES")]
    pub secure_cookies: bool,
    /// What is logged, such as `info` or `warn,router_server=debug`
    #[arg(long, env = "SOUK_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// How a log line looks: human or json
    #[arg(long, env = "SOUK_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<base_telemetry::Format>,
    /// Where traces go by OTLP over gRPC
    #[arg(long, env = "SOUK_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// Only check the configuration: say what is wrong with it, or print it
    #[arg(long)]
    pub check: bool,
}

impl Args {
    /// The configuration that file, environment and flags make together; all mistakes at once if it is not sound.
    pub fn into_config(self) -> Result<Config, Vec<Fault>> {
        let (mut config, mut mistakes) = match self.config.as_deref().map(read) {
            None => (Config::default(), Vec::new()),
            Some(Ok(config)) => (config, Vec::new()),
            Some(Err(fault)) => (Config::default(), vec![fault]),
        };
        put(&mut config.name, self.name);
        put(&mut config.listen, self.listen);
        put(&mut config.admin, self.admin);
        put(&mut config.data_dir, self.data_dir);
        put(&mut config.public_url, self.public_url);
        put(&mut config.access_log.to, self.access_log);
        put(&mut config.telemetry.filter, self.log);
        put(&mut config.telemetry.format, self.log_format);
        if self.tls_listen.is_some() || self.tls_certificate.is_some() || self.tls_key.is_some() {
            config.tls.get_or_insert_default();
        }
        if let Some(tls) = &mut config.tls {
            put(&mut tls.listen, self.tls_listen);
            put(&mut tls.certificate, self.tls_certificate);
            put(&mut tls.key, self.tls_key);
            tls.domains = self.tls_domains.or(tls.domains.take());
        }
        config.control_plane = self.control_plane.or(config.control_plane);
        config.addresses_file = self.addresses_file.or(config.addresses_file);
        config.telemetry.otlp_endpoint = self.otlp_endpoint.or(config.telemetry.otlp_endpoint);
        config.secure_cookies |= self.secure_cookies;
        config.telemetry.service = String::from("souk-router");
        config.telemetry.instance.clone_from(&config.name);
        mistakes.extend(config.mistakes());
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }
}

fn put<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

fn read(path: &Path) -> Result<Config, Fault> {
    let wrong = |why: String| {
        Fault::caller(Code::InvalidField, format!("{}: {}", path.display(), why.trim_end()))
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    toml::from_str(&text).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::Args;

    #[test]
    fn flags_win_over_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("router.toml");
        std::fs::write(
            &path,
            "name = \"router-7\"\nlisten = \"127.0.0.1:1\"\n[patience]\nread_ms = 5\n",
        )
        .unwrap();
        let path = path.to_str().unwrap();
        let args = Args::parse_from(["souk-router", "--config", path, "--listen", "127.0.0.1:2"]);
        let config = args.into_config().unwrap();
        assert_eq!((config.name.as_str(), config.listen.as_str()), ("router-7", "127.0.0.1:2"));
        assert_eq!(config.patience.read_ms, 5);
        assert_eq!(config.telemetry.instance, "router-7");
    }

    #[test]
    fn a_file_with_an_unknown_line_is_told_together_with_other_mistakes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("router.toml");
        std::fs::write(&path, "lisen = \"127.0.0.1:1\"\n").unwrap();
        let args = Args { config: Some(path), admin: Some("nowhere".into()), ..Args::default() };
        let mistakes = args.into_config().unwrap_err();
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
        assert!(mistakes[0].context().contains("unknown field `lisen`"));
    }
}

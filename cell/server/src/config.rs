//! Everything that can be set about a cell.

use std::{net::SocketAddr, path::PathBuf};

use base_ids::CellId;
use serde::{Deserialize, Serialize};

/// A cell's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The cell's name, unique in the fleet: 1 to 40 of `a-z`, `0-9` and `-`.
    pub name: CellId,
    /// Where routers reach the API. Port 0 takes any free one.
    pub edge: SocketAddr,
    /// Where other cells reach this one. Port 0 takes any free one.
    pub mesh: SocketAddr,
    /// Where health, metrics and administration are. Not to be reachable from outside. Port 0 takes any free one.
    pub admin: SocketAddr,
    /// Address by which others reach this machine, if it is not the one that is bound.
    pub advertise: Option<std::net::IpAddr>,
    /// Where the cell keeps what it must not lose.
    pub data_dir: PathBuf,
    /// The control plane, such as `http://10.0.0.5:7400`. Without it the table on disk is all there is.
    pub control_plane: Option<String>,
    /// Share of first homes that the cell takes, relative to the others; 0 takes none.
    pub weight: u32,
    /// Where the bound addresses are written as JSON, once the cell serves.
    pub addresses_file: Option<PathBuf>,
    /// The embedded engine. Its directory is `store` under `data_dir` unless it is given.
    pub store: cell_embedded::Config,
    /// Bounds of the runtime.
    pub runtime: cell_runtime::Config,
    /// Bounds of the API.
    pub limits: cell_edge::EdgeConfig,
    /// The outside world: mail, card payments, keys.
    pub providers: cell_providers::Config,
    /// How long names are held until they are confirmed.
    pub names: svc_names::Config,
    /// How long vendors may take to answer.
    pub orders: svc_orders::Config,
    /// How long each step of a checkout may take.
    pub checkout: svc_checkout::Config,
    /// Logs and traces.
    pub telemetry: base_telemetry::Config,
}

impl Default for Config {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            name: "cell-1".parse().expect("the name is valid"),
            edge: local(7410),
            mesh: local(7411),
            admin: local(7412),
            advertise: None,
            data_dir: "souk-cell".into(),
            control_plane: None,
            weight: 100,
            addresses_file: None,
            store: cell_embedded::Config { directory: PathBuf::new(), ..cell_embedded::Config::default() },
            runtime: cell_runtime::Config::default(),
            limits: cell_edge::EdgeConfig::default(),
            providers: cell_providers::Config::default(),
            names: svc_names::Config::default(),
            orders: svc_orders::Config::default(),
            checkout: svc_checkout::Config::default(),
            telemetry: base_telemetry::Config::default(),
        }
    }
}

impl Config {
    /// All values that make no sense, each with what would.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let ports = [("edge", self.edge), ("mesh", self.mesh), ("admin", self.admin)];
        for (nth, (name, address)) in ports.iter().enumerate() {
            for (other, taken) in &ports[..nth] {
                if address == taken && address.port() != 0 {
                    mistakes.push(format!("{other} and {name} are both {address}; they need a port each"));
                }
            }
        }
        if self.data_dir.as_os_str().is_empty() {
            mistakes.push("data_dir is empty; name a directory".to_owned());
        }
        if let Some(url) = &self.control_plane
            && !url.starts_with("http://")
        {
            mistakes.push(format!("control_plane is `{url}`; expected http://host:port"));
        }
        mistakes.extend(self.providers.mistakes());
        mistakes.extend(self.telemetry.mistakes().iter().map(ToString::to_string));
        mistakes
    }

    /// The engine's settings with its directory filled in.
    pub(crate) fn store(&self) -> cell_embedded::Config {
        let mut store = self.store.clone();
        if store.directory.as_os_str().is_empty() {
            store.directory = self.data_dir.join("store");
        }
        store
    }
}

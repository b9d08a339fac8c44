//! Everything that can be set about a cell.

use std::{net::SocketAddr, path::PathBuf};

use base_fault::{Fault, chain};
use base_identity::{Passport, Role, authorities_of, must_be_loopback};
use base_ids::{CellId, PodName};
use serde::{Deserialize, Serialize};

use crate::Roles;

/// The outside world.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outside {
    /// File with the platform's secret: at least 32 bytes, the same in every cell.
    pub secret_file: PathBuf,
    /// The cell's signing keys; they lie in `keys.json` under `data_dir`.
    pub keys: cell_providers::keys::Config,
    /// What a guess at a password costs.
    pub passwords: cell_providers::passwords::Config,
    /// How mail is sent; a folder `mail` under `data_dir` takes it where no server is named.
    pub mail: cell_providers::mail::Config,
    /// How cards are charged.
    pub cards: cell_providers::stripe::Config,
}

/// A cell's settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The cell's name, unique in the fleet: 1 to 40 of `a-z`, `0-9` and `-`.
    pub name: CellId,
    /// Which of the processes that serve the cell this one is, unique in the cell: 1 to 63 of `a-z`, `0-9` and `-`. Several need a
    /// store that they share; on Kubernetes it is the host name that a `StatefulSet` gives.
    pub pod: PodName,
    /// What this process does of the cell's work: `all`, or some of `edge`, `services`, `relay` and `indexer` with commas between them,
    /// where several processes share it.
    pub role: Roles,
    /// Who the cell is among the fleet's processes, which it then lets in by theirs. Without it `edge` and `mesh` speak plaintext.
    pub identity: Option<base_identity::Config>,
    /// Where routers reach the API. Port 0 takes any free one. Only on a loopback address without an identity.
    pub edge: SocketAddr,
    /// Where other cells and operators reach this one. Port 0 takes any free one. Only on a loopback address without an identity.
    pub mesh: SocketAddr,
    /// Where health and metrics are, in plaintext. Not to be reachable from outside. Port 0 takes any free one.
    pub admin: SocketAddr,
    /// Address by which others reach this machine, if it is not the one that is bound.
    pub advertise: Option<std::net::IpAddr>,
    /// Where the cell keeps what it must not lose.
    pub data_dir: PathBuf,
    /// The control plane, such as `https://10.0.0.5:7400`; `http://` on this machine without an identity. Several that are one are
    /// all named, with commas between them: the one that leads is found. Without it the table on disk is all there is.
    pub control_plane: Option<String>,
    /// Share of first homes that the cell takes, relative to the others; 0 takes none.
    pub weight: u32,
    /// Where the bound addresses are written as JSON, once the cell serves.
    pub addresses_file: Option<PathBuf>,
    /// The embedded engine. Its directory is `store` under `data_dir` unless it is given.
    pub store: cell_embedded::Config,
    /// ScyllaDB or Cassandra instead, for a cell of several processes. What is under `data_dir` beside the store stays there.
    pub scylla: Option<cell_scylla::Config>,
    /// Kafka between the pods of the cell: what its tenants tell each other goes over it. Without it each pod hears what it has told.
    pub kafka: Option<cell_kafka::Config>,
    /// Redis, for what several processes of a cell share for a while; one process keeps it in its memory.
    pub redis: Option<cell_redis::Config>,
    /// Where documents are: a directory, or S3 for a cell of several processes.
    pub blobs: cell_blobs::Config,
    /// Bounds of the runtime.
    pub runtime: cell_runtime::Config,
    /// Bounds of the API.
    pub limits: cell_edge::EdgeConfig,
    /// The outside world: secrets, mail, card payments.
    pub outside: Outside,
    /// How long names are held until they are confirmed.
    pub names: svc_names::Config,
    /// What is asked of sellers, and what they begin with.
    pub sellers: svc_sellers::Config,
    /// How long vendors may take to answer.
    pub orders: svc_orders::Config,
    /// How long each step of a checkout may take.
    pub checkout: svc_checkout::Waits,
    /// Which ways to pay there are where.
    pub payments: svc_payments::Config,
    /// Logs and traces.
    pub telemetry: base_telemetry::Config,
}

impl Default for Config {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            name: "cell-1".parse().expect("the name is valid"),
            pod: PodName::default(),
            role: Roles::default(),
            identity: None,
            edge: local(7410),
            mesh: local(7411),
            admin: local(7412),
            advertise: None,
            data_dir: "souk-cell".into(),
            control_plane: None,
            weight: 100,
            addresses_file: None,
            store: cell_embedded::Config {
                directory: PathBuf::new(),
                ..cell_embedded::Config::default()
            },
            scylla: None,
            kafka: None,
            redis: None,
            blobs: cell_blobs::Config::default(),
            runtime: cell_runtime::Config::default(),
            limits: cell_edge::EdgeConfig::default(),
            outside: Outside::default(),
            names: svc_names::Config::default(),
            sellers: svc_sellers::Config::default(),
            orders: svc_orders::Config::default(),
            checkout: svc_checkout::Waits::default(),
            payments: svc_payments::Config::default(),
            telemetry: base_telemetry::Config::default(),
        }
    }
}

impl Config {
    /// Reads the identity, if there is one.
    ///
    /// Errors: its files cannot be used, or are another process's.
    pub(crate) fn passport(&self) -> Result<Option<Passport>, Fault> {
        let read = |files| Passport::read(files, Role::Cell, Some(self.name.as_str()));
        self.identity.as_ref().map(read).transpose()
    }

    /// What the process calls itself where pods of one cell must not be mixed up: as its cell if it may be the only one.
    pub(crate) fn called(&self) -> String {
        if self.pod == PodName::default() {
            return self.name.to_string();
        }
        format!("{}-{}", self.name, self.pod)
    }

    /// Where the control planes are, as `host:port`.
    ///
    /// Errors: what is wrong with the setting.
    pub(crate) fn control_plane(&self) -> Result<Option<Vec<String>>, String> {
        let of = |urls: &String| authorities_of(urls, self.identity.is_some());
        let places = self.control_plane.as_ref().map(of).transpose();
        places.map_err(|problem| format!("control_plane: {problem}"))
    }

    /// What cannot be without an identity.
    fn unprotected(&self) -> Vec<String> {
        let advertised = self.advertise.map(|ip| SocketAddr::new(ip, self.mesh.port()));
        let places =
            [("edge", Some(self.edge)), ("mesh", Some(self.mesh)), ("advertise", advertised)];
        let problem = |(field, at): (&str, Option<_>)| {
            must_be_loopback(at?).map(|problem| format!("{field}: {problem}"))
        };
        places.into_iter().filter_map(problem).collect()
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

impl Config {
    /// Where the blobs are, with the directory or the prefix filled in.
    pub(crate) fn blobs(&self) -> cell_blobs::Config {
        let mut blobs = self.blobs.clone();
        match &mut blobs.s3 {
            Some(s3) if s3.prefix.is_empty() => s3.prefix = self.name.to_string(),
            None if blobs.directory.as_os_str().is_empty() => {
                blobs.directory = self.data_dir.join("blobs");
            }
            _ => {}
        }
        blobs
    }
}

impl base_program::Settings for Config {
    const PROGRAM: &'static str = "souk-cell";

    fn instance(&self) -> String {
        self.called()
    }

    fn telemetry(&mut self) -> &mut base_telemetry::Config {
        &mut self.telemetry
    }

    fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let ports = [("edge", self.edge), ("mesh", self.mesh), ("admin", self.admin)];
        for (nth, (name, address)) in ports.iter().enumerate() {
            for (other, taken) in &ports[..nth] {
                if address == taken && address.port() != 0 {
                    mistakes.push(format!(
                        "{other} and {name} are both {address}; they need a port each"
                    ));
                }
            }
        }
        if self.name.as_str().starts_with('-') {
            let text = "name begins with `-`; such names are kept for what a cell notes of itself";
            mistakes.push(text.to_owned());
        }
        if self.data_dir.as_os_str().is_empty() {
            mistakes.push("data_dir is empty; name a directory".to_owned());
        }
        match self.passport() {
            Ok(Some(_)) => {}
            Ok(None) => mistakes.extend(self.unprotected()),
            Err(fault) => mistakes.push(format!("identity: {}", chain(&fault))),
        }
        mistakes.extend(self.control_plane().err());
        if self.outside.secret_file.as_os_str().is_empty() {
            let text = "outside.secret_file is not set; make one with `head -c 32 /dev/urandom > platform.secret` and give every cell the same";
            mistakes.push(text.to_owned());
        }
        mistakes.extend(self.role.mistakes(self.scylla.is_some(), self.kafka.is_some()));
        let parts = [
            ("scylla", self.scylla.as_ref().map(cell_scylla::Config::mistakes)),
            ("kafka", self.kafka.as_ref().map(cell_kafka::Config::mistakes)),
            ("redis", self.redis.as_ref().map(cell_redis::Config::mistakes)),
            ("blobs", Some(self.blobs.mistakes())),
        ];
        for (section, wrong) in parts {
            let wrong = wrong.unwrap_or_default().into_iter();
            mistakes.extend(wrong.map(|mistake| format!("{section}: {mistake}")));
        }
        mistakes.extend(self.telemetry.mistakes().iter().map(ToString::to_string));
        mistakes
    }
}

//! Starts a cell as a process does: the store first, then services, then ports, then the link to the control plane.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use base_identity::{Door, Passport, Role};
use base_telemetry::{Admin, LogLevel, Metrics, Readiness, addresses};
use base_time::{Clock, SystemClock};
use cell_edge::{Edge, EdgeParts, InvalidContract};
use cell_providers::keys::SigningKeys;
use cell_runtime::{Cell, Parts, Seals};
use router_table::{Damaged, LastGood, LastGoodError, Snapshot, Table};
use serde::Serialize;
use souk_proto_fleet::{GRPC, incoming, v1::HeartbeatRequest};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinSet,
};

use crate::{
    admin::AdminService,
    between::Between,
    config::Config,
    control::{ControlLink, Introduction, control_planes},
    desk::CellDesk,
    engine::Engine,
    ephemeral,
    mesh::{GrpcMesh, MeshService},
    outside,
    phases::Phases,
    registry,
    roles::Work,
    shelf::{self, BlobShelf},
};

/// How long an idle connection between cells may be silent before it is asked whether it lives.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// How often it is looked whether a new signing key is due.
const RENEW: Duration = Duration::from_mins(5);

/// Who comes to the edge, and to the mesh.
const ROUTERS: &[Role] = &[Role::Router];
const CELLS_AND_OPERATORS: &[Role] = &[Role::Cell, Role::Operator];
/// What is spoken at the edge.
const HTTP: &[&str] = &["h2", "http/1.1"];

/// The addresses that were taken, as the addresses file tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Addresses {
    /// Where routers reach the API, if this process has the role.
    pub edge: Option<SocketAddr>,
    /// Where other cells and operators reach this one.
    pub mesh: SocketAddr,
    /// Where health and metrics are.
    pub admin: SocketAddr,
    /// Id of the process.
    pub pid: u32,
}

/// Why a cell does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The embedded store cannot be opened.
    #[error(transparent)]
    Store(#[from] cell_embedded::OpenRefusal),
    /// The keyspace cannot be opened.
    #[error(transparent)]
    Keyspace(#[from] cell_scylla::OpenRefusal),
    /// The queue between the cell's pods cannot be opened.
    #[error(transparent)]
    Queue(#[from] cell_kafka::OpenRefusal),
    /// Redis does not let the cell in.
    #[error(transparent)]
    Redis(#[from] cell_redis::OpenRefusal),
    /// The place of the documents cannot be opened.
    #[error(transparent)]
    Blobs(#[from] cell_blobs::OpenRefusal),
    /// The kept routing table cannot be read.
    #[error(
        "the routing table that was kept on disk cannot be read; delete it, and the control plane sends another"
    )]
    Table(#[source] LastGoodError),
    /// The outside world cannot be reached as configured, or the first steps fail.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The contract cannot be served: a bug in a `.proto`.
    #[error(transparent)]
    Contract(#[from] InvalidContract),
    /// A port cannot be had.
    #[error("cannot listen on {address} ({purpose})")]
    Port {
        /// Which address.
        address: SocketAddr,
        /// What it is for.
        purpose: &'static str,
        /// Why not.
        #[source]
        cause: io::Error,
    },
}

/// A cell that serves.
pub struct Running {
    cell: Cell,
    engine: Engine,
    between: Between,
    addresses: Addresses,
    tasks: JoinSet<String>,
    stop_edge: Option<oneshot::Sender<()>>,
    /// Tells the control plane; nobody listens without one.
    leave: oneshot::Sender<oneshot::Sender<()>>,
    passport: Option<Passport>,
    broken: watch::Receiver<Option<Fault>>,
}

/// Starts a cell.
pub async fn start(config: Config, level: Option<LogLevel>) -> Result<Running, StartError> {
    let mut phases = Phases::begin();
    let passport = config.passport()?;
    let control_plane =
        config.control_plane().map_err(|text| Fault::caller(Code::InvalidField, text))?;
    let engine = Engine::open(&config).await?;
    let between = Between::open(&config).await?;
    let blobs = shelf::open(&config).await?;
    phases.done("store");
    let last_good = LastGood::at(config.data_dir.join("table.last-good"));
    let kept = kept_table(&last_good)?;
    phases.done("table read");

    let (metrics, readiness) = (Metrics::new(), Readiness::new());
    let table = Snapshot::new(Table::empty());
    let runtime_metrics = counted(&metrics, &engine, &between, passport.as_ref());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ephemeral = ephemeral::open(&config, &metrics).await?;
    let (outside, keys, telling) =
        outside::open(&config, &engine.stores(), &ephemeral, &blobs, &clock)?;
    phases.done("keys and providers");
    let parts = Parts {
        id: config.name.clone(),
        config: config.runtime.clone(),
        stores: engine.stores(),
        clock: Arc::clone(&clock),
        table: table.clone(),
        mesh: Arc::new(GrpcMesh::new(config.name.clone(), table, passport.clone())),
        queue: between.queue(),
        feed: between.feed(),
        hears: config.role.has(Work::Relay),
        follows: config.role.has(Work::Indexer),
        mint: Arc::new(|| uuid::Uuid::now_v7().simple().to_string()),
        seals: Seals::new(outside.secret.answers_key()),
        metrics: runtime_metrics,
    };
    let cell = Cell::start(parts, registry::services(&config, &outside));
    phases.done("services");
    let table_held = readiness.register("table");
    match kept {
        Some(kept) => {
            cell.adopt(kept).await?;
            table_held.ready();
        }
        None => table_held.not_ready("no routing table yet: it comes from the control plane once enough cells have registered"),
    }

    phases.done("table adopted");
    let (leave, leaves) = oneshot::channel();
    let ports = Ports::take(&config).await?;
    phases.done("ports");

    let (mut tasks, mut stop_edge) = (JoinSet::new(), None);
    if let Some(listener) = ports.edge {
        let face = Edge::new(EdgeParts {
            desk: Arc::new(CellDesk::new(cell.clone())),
            shelf: Arc::new(BlobShelf::new(blobs)),
            descriptors: souk_proto::DESCRIPTORS,
            ephemeral,
            config: config.limits.clone(),
            clock,
            metrics: metrics.clone(),
        });
        let (face, door) = (face.await?, Door::new("edge", passport.as_ref(), ROUTERS, HTTP));
        let (stop, stopped) = oneshot::channel();
        stop_edge = Some(stop);
        tasks.spawn(async move {
            face.serve(listener, door, async move { drop(stopped.await) }).await;
            "edge ended".to_owned()
        });
    }
    phases.done("contract");
    tasks.spawn(renew_keys(Arc::clone(&keys)));
    if let Some(passport) = passport.clone() {
        tasks.spawn(keep_identity(passport));
    }
    tasks.spawn(serve_mesh(cell.clone(), passport.clone(), ports.mesh));
    phases.register(&metrics);
    let mut admin_server = Admin::new(metrics, readiness);
    if let Some(level) = level {
        admin_server = admin_server.with_level(level);
    }
    tasks.spawn(async move { ended("admin", admin_server.serve(ports.admin).await) });
    if let Some(places) = control_plane {
        let link = ControlLink {
            cell: cell.clone(),
            planes: control_planes(&places, passport.as_ref())?,
            introduction: introduction(&config, ports.addresses),
            keys,
            last_good,
            ready: table_held,
            leaves,
        };
        tasks.spawn(link.run(telling));
    }
    if let Some(path) = &config.addresses_file {
        addresses::publish(path, &ports.addresses)?;
    }
    tracing::info!(cell = %config.name, pod = %config.pod, role = %config.role, edge = ?ports.addresses.edge, mesh = %ports.addresses.mesh, admin = %ports.addresses.admin, start_ms = phases.text(), "serving");
    let (broken, addresses) = (engine.broken(), ports.addresses);
    Ok(Running { cell, engine, between, addresses, tasks, stop_edge, leave, passport, broken })
}

impl Running {
    /// The addresses that were taken.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The cell.
    pub fn cell(&self) -> &Cell {
        &self.cell
    }

    /// Looks at the files of the identity now, not only at the next beat.
    pub fn look_again(&self) {
        self.passport.iter().for_each(Passport::look_now);
    }

    /// Waits until the process cannot go on, and says why. Never completes while all is well.
    pub async fn failed(&mut self) -> String {
        let mut shut_out = self.between.broken();
        tokio::select! {
            Ok(broken) = self.broken.wait_for(Option::is_some) => {
                let why = broken.as_ref().map(|fault| base_fault::chain(fault)).unwrap_or_default();
                format!("the store failed, and nothing more is acknowledged: {why}")
            }
            Ok(shut_out) = shut_out.wait_for(Option::is_some) => {
                let why = shut_out.as_ref().map(|fault| base_fault::chain(fault)).unwrap_or_default();
                format!("the queue between the pods is lost: {why}")
            }
            Some(ended) = self.tasks.join_next() => ended.unwrap_or_else(|bug| format!("a server ended: {bug}")),
        }
    }

    /// Stops: routers are sent elsewhere, if others serve the cell; no new requests, those in flight end, then the relay, then the queue and the store.
    pub async fn stop(mut self) {
        let (left, gone) = oneshot::channel();
        if self.leave.send(left).is_ok() {
            // It ends by itself in time; without a link to the control plane nobody answers.
            let _ = gone.await;
        }
        if let Some(stop) = self.stop_edge.take() {
            let _ = stop.send(());
            // The edge is the only server that ends by being told to.
            let _ = self.tasks.join_next().await;
        }
        self.tasks.shutdown().await;
        self.cell.stop().await;
        self.between.close().await;
        if let Err(fault) = self.engine.close().await {
            tracing::error!(fault = base_fault::chain(&fault), "the store could not be closed");
        }
    }
}

/// What is counted by the runtime, the store and the identity; the runtime's counters are its to keep.
fn counted(
    metrics: &Metrics,
    engine: &Engine,
    between: &Between,
    passport: Option<&Passport>,
) -> cell_runtime::Metrics {
    let of_runtime = cell_runtime::Metrics::default();
    metrics.with(|registry| of_runtime.register(registry));
    engine.register(metrics);
    between.register(metrics);
    if let Some(passport) = passport {
        metrics.with(|registry| passport.counts().register(registry, "souk_cell"));
    }
    of_runtime
}

/// The routing table that was kept. One of another version is asked for anew.
fn kept_table(last_good: &LastGood) -> Result<Option<Table>, StartError> {
    match last_good.load() {
        Err(LastGoodError::Damaged { cause: Damaged::OtherVersion, path }) => {
            tracing::warn!(path = %path.display(), "the routing table on disk has the form of another version; the control plane is asked for another");
            Ok(None)
        }
        loaded => loaded.map_err(StartError::Table),
    }
}

/// Looks after the identity.
async fn keep_identity(passport: Passport) -> String {
    passport.keep().await;
    "the identity is no longer looked after".to_owned()
}

/// Makes the next signing key when it is time.
async fn renew_keys(keys: Arc<SigningKeys>) -> String {
    loop {
        tokio::time::sleep(RENEW).await;
        if let Err(fault) = keys.renew() {
            tracing::error!(
                fault = base_fault::chain(&fault),
                "signing keys could not be renewed; the old ones go on"
            );
        }
    }
}

/// Serves the other cells and operators.
async fn serve_mesh(cell: Cell, passport: Option<Passport>, listener: TcpListener) -> String {
    let door = Door::new("mesh", passport.as_ref(), CELLS_AND_OPERATORS, GRPC);
    let served = tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .add_service(MeshService::server(cell.clone(), door.clone()))
        .add_service(AdminService::server(cell, &door, passport))
        .serve_with_incoming(incoming(listener, door));
    ended("mesh", served.await)
}

fn ended(what: &str, how: Result<(), impl std::error::Error>) -> String {
    match how {
        Ok(()) => format!("{what} ended"),
        Err(error) => format!("{what} failed: {}", base_fault::chain(&error)),
    }
}

fn introduction(config: &Config, addresses: Addresses) -> Introduction {
    let reached = |address: SocketAddr| match config.advertise {
        Some(ip) => SocketAddr::new(ip, address.port()).to_string(),
        None => address.to_string(),
    };
    let heartbeat = HeartbeatRequest {
        cell: config.name.to_string(),
        boot: uuid::Uuid::new_v4().simple().to_string(),
        edge_address: addresses.edge.map(reached).unwrap_or_default(),
        mesh_address: reached(addresses.mesh),
        admin_address: reached(addresses.admin),
        weight: config.weight,
        signing_keys: Vec::new(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: 0,
        pod: config.pod.to_string(),
        leaves: false,
    };
    let works = config.role.told();
    Introduction { heartbeat, beats: addresses.edge.is_some(), works }
}

/// The ports that a process takes: the edge's only if it has the role.
struct Ports {
    edge: Option<TcpListener>,
    mesh: TcpListener,
    admin: TcpListener,
    addresses: Addresses,
}

impl Ports {
    async fn take(config: &Config) -> Result<Self, StartError> {
        let (mut edge, mut at_edge) = (None, None);
        if config.role.has(Work::Edge) {
            let (listener, at) = bind(config.edge, "edge: the API, for routers").await?;
            (edge, at_edge) = (Some(listener), Some(at));
        }
        let (mesh, at_mesh) = bind(config.mesh, "mesh: other cells and operators").await?;
        let (admin, at_admin) = bind(config.admin, "admin: health and metrics").await?;
        let pid = std::process::id();
        let addresses = Addresses { edge: at_edge, mesh: at_mesh, admin: at_admin, pid };
        Ok(Self { edge, mesh, admin, addresses })
    }
}

async fn bind(
    address: SocketAddr,
    purpose: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |cause| StartError::Port { address, purpose, cause };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let taken = listener.local_addr().map_err(refused)?;
    Ok((listener, taken))
}

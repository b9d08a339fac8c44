//! Which ports, and how it ends.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, routing::get};
use base_fault::Fault;
use base_identity::{Door, Passport, Role};
use base_telemetry::{Admin, LogLevel, Metrics, Readiness, addresses};
use base_time::Clock;
use cp_etcd::Client;
use cp_store::{OpenError, Store};
use serde::Serialize;
use souk_proto_fleet::{
    GRPC, Only, incoming,
    v1::{fleet_server::FleetServer, operator_server::OperatorServer},
};
use tokio::{net::TcpListener, runtime::Handle, task::JoinHandle};

use crate::{
    Config, ControlPlane, counters::PlaneCollector, fleet_service::FleetService,
    operator_service::OperatorService,
};

/// How long open calls may take to end once the process shall.
const DRAIN_MAX: Duration = Duration::from_secs(3);
/// How often an idle connection is asked whether it lives, and how long it may take to say so.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Who comes to the port, and for which of its services.
const MEMBERS: &[Role] = &[Role::Cell, Role::Router];
const OPERATORS: &[Role] = &[Role::Operator];
const CALLERS: &[Role] = &[Role::Cell, Role::Router, Role::Operator];

/// The addresses that were taken, as the addresses file tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Addresses {
    /// Where cells, routers and operators reach it.
    pub listen: SocketAddr,
    /// Where health, readiness and metrics are.
    pub admin: SocketAddr,
    /// Id of the process.
    pub pid: u32,
}

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The state does not make a table.
    #[error("the stored fleet does not make a routing table")]
    Table(#[from] router_table::InvalidTable),
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
    /// It cannot prove who it is.
    #[error("the identity cannot be used")]
    Identity(#[source] Fault),
    /// The addresses cannot be told.
    #[error(transparent)]
    AddressesFile(Fault),
}

/// A control plane that serves.
pub struct Running {
    plane: Arc<ControlPlane>,
    addresses: Addresses,
    grpc: JoinHandle<Result<(), tonic::transport::Error>>,
    admin: JoinHandle<io::Result<()>>,
    passport: Option<Passport>,
    looking: Option<JoinHandle<()>>,
    following: JoinHandle<()>,
}

/// Opens the state, takes the ports and serves. The state comes first: a damaged one never opens a port.
pub async fn start(
    config: Config,
    clock: Arc<dyn Clock>,
    level: Option<LogLevel>,
) -> Result<Running, StartError> {
    let passport = config.passport().map_err(StartError::Identity)?;
    let settings = config.clone();
    let opened = tokio::task::spawn_blocking(move || open(&settings)).await;
    let store = opened.expect("opening a store does not panic")?;
    let (metrics, readiness) = (Metrics::new(), Readiness::new());
    let store_flag = readiness.register("store");
    let plane = Arc::new(ControlPlane::new(config.clone(), clock, store, store_flag)?);
    plane.counters().register(&metrics);
    if let Some(passport) = &passport {
        metrics.with(|registry| passport.counts().register(registry, "souk_control_plane"));
    }
    metrics.with(|registry| {
        registry.register_collector(Box::new(PlaneCollector(Arc::downgrade(&plane))));
    });

    let (listener, listen) = bind(config.listen, "for cells, routers and operators").await?;
    let (admin_listener, admin_address) = bind(config.admin, "admin").await?;
    let addresses = Addresses { listen, admin: admin_address, pid: std::process::id() };
    let mut admin = Admin::new(metrics, readiness).with_routes(table_route(Arc::clone(&plane)));
    if let Some(level) = level {
        admin = admin.with_level(level);
    }
    let running = Running {
        grpc: tokio::spawn(serve_grpc(Arc::clone(&plane), passport.clone(), listener)),
        admin: tokio::spawn(admin.serve(admin_listener)),
        following: tokio::spawn(ControlPlane::follow(Arc::downgrade(&plane))),
        looking: passport.clone().map(|passport| tokio::spawn(passport.keep())),
        passport,
        plane,
        addresses,
    };
    // Whoever leads can be reached.
    running.plane.stand(config.advertise.unwrap_or_else(|| listen.to_string()));
    if let Some(path) = &config.addresses_file {
        addresses::publish(path, &addresses).map_err(StartError::AddressesFile)?;
    }
    let fleet = running.plane.fleet();
    tracing::info!(%listen, admin = %admin_address, epoch = fleet.epoch().0, cells = fleet.cells().len(), "serving");
    Ok(running)
}

impl Running {
    /// The addresses that were taken.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// What it decides with.
    pub fn plane(&self) -> &Arc<ControlPlane> {
        &self.plane
    }

    /// Looks at the files of the identity now, not only at the next beat.
    pub fn look_again(&self) {
        self.passport.iter().for_each(Passport::look_now);
    }

    /// Waits until it cannot go on, and says why. Never completes while all is well.
    pub async fn failed(&mut self) -> String {
        tokio::select! {
            () = self.plane.broken().cancelled() => "the store failed".to_owned(),
            ended = &mut self.grpc => format!("the port for cells and routers is lost: {ended:?}"),
            ended = &mut self.admin => format!("the admin port is lost: {ended:?}"),
        }
    }

    /// Ends streams and calls, and returns when the ports and the state are given back.
    pub async fn stop(mut self) {
        self.plane.resign().await;
        self.plane.stopping().cancel();
        self.following.abort();
        let _ = (&mut self.following).await;
        if tokio::time::timeout(DRAIN_MAX, &mut self.grpc).await.is_err() {
            tracing::warn!("calls were still open and have been cut");
            self.grpc.abort();
            // It ends with the abort; what it says about that is known.
            let _ = (&mut self.grpc).await;
        }
        self.admin.abort();
        let _ = (&mut self.admin).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.grpc.abort();
        self.admin.abort();
        self.following.abort();
        self.looking.iter().for_each(JoinHandle::abort);
    }
}

/// Opens the state where it lies. Blocks.
fn open(config: &Config) -> Result<Store, OpenError> {
    let Some(etcd) = &config.etcd else { return Store::open(&config.data_dir) };
    let client = Client::new(etcd).map_err(OpenError::Etcd)?;
    Store::on_etcd(etcd, client, Handle::current())
}

async fn bind(
    address: SocketAddr,
    purpose: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let refuse = |cause| StartError::Port { address, purpose, cause };
    let listener = TcpListener::bind(address).await.map_err(refuse)?;
    let taken = listener.local_addr().map_err(refuse)?;
    Ok((listener, taken))
}

async fn serve_grpc(
    plane: Arc<ControlPlane>,
    passport: Option<Passport>,
    listener: TcpListener,
) -> Result<(), tonic::transport::Error> {
    let stopping = plane.stopping().clone();
    let door = Door::new("listen", passport.as_ref(), CALLERS, GRPC);
    let (members, operators) = (Only::of(&door, MEMBERS), Only::of(&door, OPERATORS));
    let fleet = FleetService { plane: Arc::clone(&plane), door: door.clone() };
    tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .add_service(FleetServer::with_interceptor(fleet, members))
        .add_service(OperatorServer::with_interceptor(
            OperatorService { plane, passport },
            operators,
        ))
        .serve_with_incoming_shutdown(incoming(listener, door), stopping.cancelled_owned())
        .await
}

/// `/table`: the newest table in short, to compare with what a member shows under the same path.
fn table_route(plane: Arc<ControlPlane>) -> Router {
    async fn table(State(plane): State<Arc<ControlPlane>>) -> Json<serde_json::Value> {
        let (fleet, newest) = (plane.fleet(), plane.tables().newest());
        Json(serde_json::json!({
            "epoch": newest.epoch.0,
            "digest": format!("{:016x}", newest.digest),
            "cells": fleet.cells().map(|cell| cell.id.as_str()).collect::<Vec<_>>(),
            "slots": fleet.slots_by_cell(),
            "overrides": fleet.placed().len(),
        }))
    }
    Router::new().route("/table", get(table)).with_state(plane)
}

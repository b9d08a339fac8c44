//! Starts a router inside a tokio runtime and stops it again.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{Json, routing::get};
use base_fault::{Code, Fault, chain};
use base_identity::Passport;
use base_telemetry::{Admin, LogLevel, Metrics, Readiness, addresses};
use base_time::{Clock as _, SystemClock};
use ring::rand::{SecureRandom as _, SystemRandom};
use router_table::{LastGood, Snapshot, Table};
use souk_proto_fleet::Planes;
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::{JoinHandle, spawn_blocking},
};
use tokio_util::task::TaskTracker;
use tonic::transport::Endpoint;

use crate::{
    Config,
    access::Access,
    ask::Asker,
    count::Counts,
    doors::Doors,
    ended,
    guard::Guard,
    handover::{Inherited, Succession},
    hold::{Hold, HoldCounts},
    lasting::Lasting,
    ports::{Addresses, Ports},
    proxy::{Learnt, Proxy},
    tls,
    upstream::{self, Upstream},
    watch::{Watch, reachable},
};

/// File of the last known good table in the data directory.
const TABLE_FILE: &str = "routing-table";

/// The edge router.
#[derive(Debug)]
pub struct Router;

/// A router that serves. Dropped, it stops at once.
pub struct RunningRouter {
    addresses: Addresses,
    table: Snapshot,
    metrics: Metrics,
    access: Access,
    stop: watch::Sender<bool>,
    taking: Vec<JoinHandle<()>>,
    look_again: Arc<Notify>,
    succession: Succession,
    admin: JoinHandle<()>,
    passport: Option<Passport>,
    others: Vec<JoinHandle<()>>,
    in_flight: TaskTracker,
    lasting: Lasting,
    reconnect: Duration,
    open: TaskTracker,
    drain: Duration,
}

impl Router {
    /// Starts a router on the current tokio runtime. Serves at once with the table on disk; without one it answers 503
    /// until the control plane has pushed the first.
    pub async fn start(config: Config) -> Result<RunningRouter, Fault> {
        Self::start_with_level(config, None).await
    }

    /// Starts a router whose log filter can be changed on the admin port.
    pub async fn start_with_level(
        config: Config,
        level: Option<LogLevel>,
    ) -> Result<RunningRouter, Fault> {
        let checked = config.check().map_err(|mistakes| {
            let texts: Vec<_> = mistakes.iter().map(Fault::context).collect();
            Fault::caller(Code::InvalidField, texts.join("; "))
        })?;
        let metrics = Metrics::new();
        let counts = Counts::new(&metrics);
        let readiness = Readiness::new();
        let access = Access::open(&config.access_log, fresh_seed()?, &counts)?;
        let last_good = LastGood::at(config.data_dir.join(TABLE_FILE));
        let known = known_table(&config.data_dir, &last_good, &counts).await?;
        let known = reachable(known, checked.passport.is_some(), &counts);
        let table = Snapshot::new(known.unwrap_or_else(Table::empty));
        let acceptor = checked.certificates.clone().map(tls::acceptor).transpose()?;
        let mut inherited = inherit(&config, &table.load()).await?;
        let ports = Ports::open(&checked.places, &mut inherited)?;
        let (addresses, copies) = (ports.addresses()?, ports.copies()?);
        let connectors = Arc::new(upstream::connectors(config.identity.as_ref()));
        let (learnt, lasting) = (Arc::new(Learnt::new()), Lasting::default());
        let in_flight = TaskTracker::new();
        let epoch = table.load().epoch();
        let hold = Hold::new(config.hold.clone(), epoch, HoldCounts::new(&metrics));
        let watch = Watch {
            member: config.name.clone(),
            admin_address: addresses.admin.to_string(),
            beat: Duration::from_millis(config.beat_ms),
            table: table.clone(),
            last_good,
            learnt: Arc::clone(&learnt),
            hold: Arc::clone(&hold),
            lasting: lasting.clone(),
            reconnect: config.entrance.reconnect(),
            counts: counts.clone(),
            ready: readiness.register("table"),
            has_identity: checked.passport.is_some(),
        };
        watch.announce_held();
        let proxy = Proxy {
            table: table.clone(),
            learnt,
            hold,
            asker: Asker::new(&connectors),
            lasting: lasting.clone(),
            counts: counts.clone(),
            access: access.clone(),
            guard: Guard::new(&config, &metrics),
            upstream: Upstream::new(config.patience.clone(), checked.passport.clone()),
            entrance: config.entrance.clone(),
            public_url: config.public_url.clone(),
            secure_cookies: config.secure_cookies,
            drain: in_flight.clone(),
        };
        let (stop, stopped) = watch::channel(false);
        let doors = Arc::new(Doors::new(proxy, connectors, config.entrance.clone(), stopped));
        let mut admin_port =
            Admin::new(metrics.clone(), readiness).with_routes(table_page(&table, &counts));
        if let Some(level) = level {
            admin_port = admin_port.with_level(level);
        }
        let look_again = Arc::new(Notify::new());
        let admin_served = serve_admin(admin_port, ports.admin);
        let mut others = Vec::new();
        others.extend(checked.certificates.zip(config.tls.as_ref()).map(|(certificates, tls)| {
            let every = Duration::from_millis(tls.look_ms);
            let at_once = Arc::clone(&look_again);
            tokio::spawn(tls::watch(certificates, every, at_once, counts.clone()))
        }));
        others.extend(checked.passport.as_ref().map(|passport| kept(passport, &metrics)));
        others.extend(watching(watch, checked.control_plane, checked.passport.as_ref()));
        if let Some(path) = &config.addresses_file {
            addresses::publish(path, &addresses)?;
        }
        let mut taking = Vec::new();
        taking.extend(ports.plain.map(|port| tokio::spawn(Arc::clone(&doors).take(port, None))));
        let tls = ports.tls.zip(acceptor.map(Arc::new));
        taking
            .extend(tls.map(|(port, tls)| tokio::spawn(Arc::clone(&doors).take(port, Some(tls)))));
        let succession = Succession::begin(config.handover.as_deref(), inherited, copies).await?;
        let Addresses { http, https, admin } = addresses;
        tracing::info!(%http, ?https, %admin, epoch = %table.load().epoch(), "router serves");
        Ok(RunningRouter {
            addresses,
            table,
            metrics,
            access,
            stop,
            taking,
            look_again,
            succession,
            admin: admin_served,
            passport: checked.passport,
            others,
            in_flight,
            lasting,
            reconnect: config.entrance.reconnect(),
            open: doors.open.clone(),
            drain: checked.drain,
        })
    }
}

/// The ports of the process that this one follows, if it follows one.
async fn inherit(config: &Config, table: &Table) -> Result<Inherited, Fault> {
    let inherited = Inherited::of(config.handover.as_deref()).await?;
    if inherited.is_from_another() && table.cells().is_empty() {
        // It would answer everybody that it knows no cell.
        let directory = config.data_dir.display();
        let text = format!("no routing table in {directory}: the process before goes on");
        return Err(Fault::ours(Code::Unavailable, text));
    }
    Ok(inherited)
}

/// Something that nobody outside can guess.
fn fresh_seed() -> Result<u64, Fault> {
    let mut bytes = [0; 8];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Fault::ours(Code::Internal, "the system gives no random numbers"))?;
    Ok(u64::from_ne_bytes(bytes))
}

/// Looks after the identity.
fn kept(passport: &Passport, metrics: &Metrics) -> JoinHandle<()> {
    metrics.with(|registry| passport.counts().register(registry, "souk_router"));
    tokio::spawn(passport.clone().keep())
}

/// Follows what the control plane pushes.
fn watching(
    watch: Watch,
    control_plane: Option<Vec<String>>,
    passport: Option<&Passport>,
) -> Option<JoinHandle<()>> {
    let Some(places) = control_plane else {
        tracing::warn!("no control plane is configured: the table on disk is all there is");
        return None;
    };
    let shape = |endpoint: Endpoint| {
        endpoint
            .connect_timeout(Duration::from_secs(2))
            .http2_keep_alive_interval(Duration::from_secs(10))
            .keep_alive_timeout(Duration::from_secs(5))
            .keep_alive_while_idle(true)
    };
    let planes = Planes::new(&places, passport, shape).expect("places were read with the settings");
    let (router, same) = (watch.member.clone(), planes.clone());
    let ended = ended::follow(router, same, Arc::clone(&watch.learnt), watch.counts.clone());
    Some(tokio::spawn(async {
        tokio::join!(watch.run(planes), ended);
    }))
}

/// The table on disk. A damaged one is refused loudly and asked for anew.
async fn known_table(
    directory: &Path,
    last_good: &LastGood,
    counts: &Counts,
) -> Result<Table, Fault> {
    std::fs::create_dir_all(directory).map_err(|error| {
        let text = format!("the data directory {} cannot be made", directory.display());
        Fault::ours(Code::StoreBroken, text).because(error)
    })?;
    let file = last_good.clone();
    let loaded = spawn_blocking(move || file.load()).await;
    match loaded
        .map_err(|error| Fault::ours(Code::Internal, "the start was cut off").because(error))?
    {
        Ok(Some(table)) => Ok(table),
        Ok(None) => Ok(Table::empty()),
        Err(error) => {
            counts.table_refused("damaged_on_disk");
            let cause = chain(&error);
            tracing::error!(
                cause,
                "the routing table on disk is not used; the control plane is asked for another"
            );
            Ok(Table::empty())
        }
    }
}

fn serve_admin(admin: Admin, listener: TcpListener) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = admin.serve(listener).await {
            tracing::error!(%error, "the admin port is no longer served");
        }
    })
}

/// `/table`: which table the router holds.
fn table_page(table: &Snapshot, counts: &Counts) -> axum::Router {
    let (table, taken_ms) = (table.clone(), counts.table_taken_ms.clone());
    let page = move || {
        let (held, taken) = (table.load(), taken_ms.get());
        let age_ms = (taken > 0).then(|| SystemClock.now().as_millis() - taken);
        async move {
            Json(serde_json::json!({
                "epoch": held.epoch(),
                "digest": format!("{:016x}", held.digest()),
                // Since the control plane pushed it; null for the one that was on disk.
                "age_ms": age_ms,
                "cells": held.cells().iter().map(|cell| cell.id.as_str()).collect::<Vec<_>>(),
                "overrides": held.overrides_len(),
            }))
        }
    };
    axum::Router::new().route("/table", get(page))
}

impl RunningRouter {
    /// Where it serves.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The table that it routes by.
    pub fn table(&self) -> Arc<Table> {
        self.table.load()
    }

    /// Its counters.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Opens the file of the access log anew, after somebody has moved it away.
    pub async fn reopen_logs(&self) {
        self.access.reopen().await;
    }

    /// Looks at the files of the certificates and of the identity now, not only at the next beat.
    pub fn reread_certificates(&self) {
        self.look_again.notify_one();
        self.passport.iter().for_each(Passport::look_now);
    }

    /// Waits until another process serves in this one's place. Nothing is missed by giving up the wait.
    pub async fn followed(&self) {
        self.succession.followed().await;
    }

    /// Takes no more connections, lets requests in flight end, and stops. Streams that are still open after the configured
    /// time are cut.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if self.succession.end().await {
            // The one that follows answers there.
            self.admin.abort();
        }
        // Each ends as soon as its listener is closed.
        for taking in &mut self.taking {
            let _ = taking.await;
        }
        // Half of the time is left for those that are asked last.
        let span = self.reconnect.min(self.drain / 2);
        tokio::spawn(self.lasting.clone().close(span));
        self.in_flight.close();
        self.open.close();
        if tokio::time::timeout(self.drain, self.open.wait()).await.is_err() {
            tracing::warn!(
                left = self.in_flight.len(),
                "requests were cut at the end of the time to drain"
            );
        }
        self.access.end().await;
    }
}

impl Drop for RunningRouter {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        for other in self.taking.iter().chain(&self.others).chain([&self.admin]) {
            other.abort();
        }
    }
}

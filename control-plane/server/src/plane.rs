//! The control plane itself: what happens when a cell beats or an owner changes.

use std::sync::{Arc, Weak};

use base_fault::Fault;
use base_ids::{CellId, Epoch, Generation, Tenant};
use base_telemetry::Flag;
use base_time::{Clock, Timestamp};
use cp_model::{Asked, Deed, Fleet, Ownership, Place, PodRecord};
use cp_store::{ChangeError, Leader, Standing, Store};
use parking_lot::{Mutex, MutexGuard};
use souk_proto_fleet::{
    not_leading,
    v1::{HeartbeatRequest, HeartbeatResponse},
};
use tokio::{sync::watch, task::spawn_blocking};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::{
    Config,
    beats::{Beats, PodKey},
    counters::Counters,
    ended::Ended,
    heartbeat,
    members::Members,
    published::Tables,
    refused::refused,
};

/// What the services share.
pub struct ControlPlane {
    config: Config,
    clock: Arc<dyn Clock>,
    store: Store,
    store_flag: Flag,
    tables: Tables,
    beats: Mutex<Beats>,
    members: Mutex<Members>,
    ended: Ended,
    counters: Counters,
    stopping: CancellationToken,
    broken: CancellationToken,
}

impl ControlPlane {
    pub(crate) fn new(
        config: Config,
        clock: Arc<dyn Clock>,
        store: Store,
        store_flag: Flag,
    ) -> Result<Self, router_table::InvalidTable> {
        let tables = Tables::new(&store.fleet())?;
        store_flag.ready();
        Ok(Self {
            config,
            clock,
            store,
            store_flag,
            tables,
            beats: Mutex::default(),
            members: Mutex::default(),
            ended: Ended::default(),
            counters: Counters::default(),
            stopping: CancellationToken::new(),
            broken: CancellationToken::new(),
        })
    }

    /// The fleet as of the last change.
    pub fn fleet(&self) -> Arc<Fleet> {
        self.store.fleet()
    }

    /// Lets `owner` take over a slot or a tenant if its generation is still `expected`, and tells everybody.
    pub async fn claim(
        self: &Arc<Self>,
        place: Place,
        expected: Generation,
        owner: CellId,
    ) -> Result<Generation, ChangeError> {
        self.change("claim", move |store| store.claim(&place, expected, &owner)).await
    }

    /// Lets the writes of a slot or a tenant wait, and tells everybody. Returns the row and the epoch that says so.
    pub async fn hold(
        self: &Arc<Self>,
        place: Place,
        asked: Asked,
    ) -> Result<(Ownership, Epoch), ChangeError> {
        self.deed("hold", move |store| store.hold(&place, &asked)).await
    }

    /// Lets the writes of a slot or a tenant go on, and tells everybody. Returns the row and the epoch that says so.
    pub async fn release(
        self: &Arc<Self>,
        place: Place,
        asked: Asked,
    ) -> Result<(Ownership, Epoch), ChangeError> {
        self.deed("release", move |store| store.release(&place, &asked)).await
    }

    /// Places tenants by name where they live. Returns how many were not placed before, and the epoch that says so.
    pub async fn pin(
        self: &Arc<Self>,
        tenants: Vec<Tenant>,
        asked: Asked,
    ) -> Result<(usize, Epoch), ChangeError> {
        self.deed("pin", move |store| store.pin(&tenants, &asked)).await
    }

    /// A change that an operator asks for; refusals are worth a line, too.
    async fn deed<T: Send + 'static>(
        self: &Arc<Self>,
        kind: &'static str,
        write: impl FnOnce(&Store) -> Result<T, ChangeError> + Send + 'static,
    ) -> Result<(T, Epoch), ChangeError> {
        let done = self.change(kind, move |store| Ok((write(store)?, store.fleet().epoch()))).await;
        match &done {
            Ok((_, epoch)) => tracing::info!(kind, epoch = epoch.0, "an operator's deed is done"),
            Err(error) => {
                let why = base_fault::chain(error);
                tracing::info!(kind, why, "an operator's deed is refused");
            }
        }
        done
    }

    /// The last `limit` things that operators did, the newest first.
    pub(crate) async fn record(self: &Arc<Self>, limit: usize) -> Result<Vec<Deed>, Status> {
        let plane = Arc::clone(self);
        let read = spawn_blocking(move || plane.store.record(limit)).await;
        let read = read.expect("reading the record does not panic");
        read.map_err(|fault| Status::internal(base_fault::chain(&fault)))
    }

    /// A pod says that it lives, and what is new about it; or that it stops.
    pub(crate) async fn heartbeat(
        self: &Arc<Self>,
        request: &HeartbeatRequest,
    ) -> Result<HeartbeatResponse, Status> {
        let taken = self.take_heartbeat(request).await;
        match &taken {
            Ok(_) => self.counters.heartbeats.inc(),
            Err(status) => {
                tracing::warn!(cell = %request.cell, pod = request.pod, reason = status.message(), "heartbeat refused");
                self.counters.heartbeats_refused.inc()
            }
        };
        taken
    }

    async fn take_heartbeat(
        self: &Arc<Self>,
        request: &HeartbeatRequest,
    ) -> Result<HeartbeatResponse, Status> {
        let pod = heartbeat::who(request)?;
        let record = heartbeat::record(pod.pod.clone(), request)?;
        let admitted = self.beats.lock().admit(&pod, &request.boot);
        admitted.map_err(|superseded| Status::failed_precondition(superseded.to_string()))?;
        if request.leaves {
            self.beats.lock().stopped(&pod);
            tracing::info!(%pod, boot = request.boot, "pod stops");
            self.take_from_table(&pod).await.map_err(|error| refused(&error))?;
        } else {
            self.register(&pod, record).await.map_err(|error| refused(&error))?;
            self.settle().await.map_err(|error| refused(&error))?;
            let silence_max = self.config.silence_max();
            let (boot, now) = (&request.boot, self.now());
            if self.beats.lock().note(&pod, boot, request.commit, now, silence_max) {
                tracing::info!(%pod, boot, edge = request.edge_address, "pod has started");
            }
            self.part_with_silent(&pod).await.map_err(|error| refused(&error))?;
        }
        Ok(HeartbeatResponse { beat_ms: self.config.beat_ms, epoch: self.fleet().epoch().0 })
    }

    async fn register(
        self: &Arc<Self>,
        pod: &PodKey,
        record: PodRecord,
    ) -> Result<(), ChangeError> {
        let (cell, now) = (pod.cell.clone(), self.now());
        // Nearly every beat says nothing new; only those that do go to the disk.
        if self.fleet().register(&cell, record.clone(), now)?.is_some() {
            tracing::info!(%pod, edge = %record.edge, mesh = %record.mesh, admin = %record.admin,
                weight = record.weight, keys = record.signing_keys.len(), "pod registers");
            self.change("register", move |store| store.register(&cell, &record, now)).await?;
        }
        Ok(())
    }

    /// Takes pods from the table that fell silent while `living`, of the same cell, was heard.
    async fn part_with_silent(self: &Arc<Self>, living: &PodKey) -> Result<(), ChangeError> {
        let fleet = self.fleet();
        let Some(cell) = fleet.cell(&living.cell).filter(|cell| cell.pods.len() > 1) else {
            return Ok(());
        };
        for sibling in cell.pods.iter().filter(|pod| pod.name != living.pod) {
            let pod = PodKey { cell: living.cell.clone(), pod: sibling.name.clone() };
            let silence_max = self.config.silence_max();
            if !self.beats.lock().missed(&pod, living, silence_max) {
                continue;
            }
            if self.take_from_table(&pod).await? {
                tracing::warn!(%pod, %living, edge = %sibling.edge, "a pod fell silent and leaves the table; others of its cell go on");
                self.beats.lock().lost(&pod, self.now());
            }
        }
        Ok(())
    }

    /// Takes a pod from the table, unless it is the last one of its cell. Returns whether it was taken.
    async fn take_from_table(self: &Arc<Self>, pod: &PodKey) -> Result<bool, ChangeError> {
        let (pod, now) = (pod.clone(), self.now());
        if self.fleet().leave(&pod.cell, &pod.pod, now).is_none() {
            return Ok(false);
        }
        self.change("leave", move |store| store.leave(&pod.cell, &pod.pod, now)).await
    }

    /// Gives unheld slots their first homes, once enough cells have registered to share them.
    async fn settle(self: &Arc<Self>) -> Result<(), ChangeError> {
        let fleet = self.fleet();
        let enough = fleet.cells().len() >= self.config.settle_at as usize;
        if !enough || fleet.unheld().next().is_none() {
            return Ok(());
        }
        let plan = move || cp_planner::first_homes(&fleet);
        let plan = spawn_blocking(plan).await.expect("the planner does not panic");
        if plan.homes.is_empty() {
            return Ok(());
        }
        let settle = move |store: &Store| {
            let settled = store.settle(&plan.homes)?;
            tracing::info!(slots = settled, parent = plan.parent.0, "slots have their first homes");
            Ok(())
        };
        self.change("settle", settle).await
    }

    /// Makes a change away from the workers of the runtime. It is made whole even if whoever asked for it has left meanwhile:
    /// a change that is written and not published would never reach anybody.
    async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        kind: &'static str,
        write: impl FnOnce(&Store) -> Result<T, ChangeError> + Send + 'static,
    ) -> Result<T, ChangeError> {
        let plane = Arc::clone(self);
        let changed = spawn_blocking(move || {
            let written = write(&plane.store);
            match &written {
                Ok(_) => plane.publish(kind),
                Err(ChangeError::Broken(fault)) => plane.give_up(fault),
                Err(
                    ChangeError::Refused(_) | ChangeError::NotLeading { .. } | ChangeError::Away(_),
                ) => {}
            }
            written
        });
        changed.await.expect("neither store nor tables panic")
    }

    fn publish(&self, kind: &'static str) {
        self.counters.changed(kind);
        self.tell(kind);
    }

    /// Publishes the fleet as it is known by now.
    fn tell(&self, kind: &'static str) {
        match self.tables.publish(&self.fleet()) {
            Ok(published) => {
                tracing::debug!(kind, published, epoch = self.fleet().epoch().0, "changed");
            }
            Err(error) => tracing::error!(%error, "the table cannot be published"),
        }
    }

    fn give_up(&self, fault: &Fault) {
        let error = base_fault::chain(fault);
        tracing::error!(error, "the store failed; this process must end");
        self.store_flag.not_ready(error);
        self.broken.cancel();
    }

    /// Publishes what other control planes change, until the process ends.
    pub(crate) async fn follow(plane: Weak<Self>) {
        let Some(mut fleets) = plane.upgrade().map(|plane| plane.store.fleets()) else { return };
        while fleets.changed().await.is_ok() {
            let Some(plane) = plane.upgrade() else { return };
            let told = spawn_blocking(move || plane.tell("follow")).await;
            told.expect("neither store nor tables panic");
        }
    }

    /// Stands for leader, as who can be reached there. One that is alone leads anyway.
    pub(crate) fn stand(&self, address: String) {
        self.store.stand(Leader { name: self.config.name.clone(), address });
    }

    /// Gives the lead back, so that another one need not wait for it.
    pub(crate) async fn resign(self: &Arc<Self>) {
        let plane = Arc::clone(self);
        let resigned = spawn_blocking(move || plane.store.resign()).await;
        resigned.expect("giving the lead back does not panic");
    }

    /// Whether it leads, as of now.
    pub(crate) fn standing(&self) -> Standing {
        self.store.standing()
    }

    /// Tells whenever that changes; nothing for one that is alone.
    pub(crate) fn standings(&self) -> Option<watch::Receiver<Standing>> {
        self.store.standings()
    }

    /// Why the store cannot be asked at present.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.store.trouble()
    }

    /// Says who leads, if that is another one: who beats, which sessions have ended and who holds which table is known there. While
    /// nobody leads, whoever is asked answers as well as it can.
    pub(crate) fn unless_led_elsewhere(&self) -> Result<(), Status> {
        match self.standing() {
            Standing::Follows(leader) => {
                let text = format!("only the leading control plane can say: {leader} leads");
                Err(not_leading(&leader.address, text))
            }
            Standing::Leads | Standing::Leaderless => Ok(()),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn commit(&self) -> u64 {
        self.store.commit()
    }

    pub(crate) fn alive(&self, pod: &PodKey) -> bool {
        self.beats().alive(pod, self.now(), self.config.silence_max())
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    pub(crate) fn beats(&self) -> MutexGuard<'_, Beats> {
        self.beats.lock()
    }

    pub(crate) fn ended(&self) -> &Ended {
        &self.ended
    }

    pub(crate) fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock()
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Cancelled when the process shall end.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Cancelled when the store failed: only a new process can tell what it holds.
    pub(crate) fn broken(&self) -> &CancellationToken {
        &self.broken
    }
}

//! A cell's runtime: its services over its stores, among the other cells.

use std::{
    collections::{BTreeMap, HashMap},
    future::{Future, ready},
    sync::Arc,
    time::Duration,
};

use base_fault::{Code, Fault};
use base_ids::{CellId, Epoch, Generation, MessageId, StreamName, Tenant, Version};
use base_time::{Clock, Timestamp};
use cell_kernel::{Decider, No, Onward, Reading, Request, ServiceSpec};
use router_table::{Snapshot, Table};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    call::{Answered, Call, Unanswered},
    config::Config,
    feed::{Feed, Inboxes},
    intake::Intake,
    mesh::{Addressed, Delivery, Mesh},
    metrics::Metrics,
    ownership,
    port::{Append, Errand, OutboxEntry, OutboxKey, RowWrite, Stores},
    queue::Queue,
    relay::Relay,
    room::{Boxed, Changes, Hearing, Room, RoomOf, Served},
    seal::Seals,
    watch::Watched,
};

/// How many times a call may be passed on before it is a circle.
const ONWARD_MAX: usize = 4;
/// How often kept answers and notes of heard messages whose time is over are forgotten.
const SWEEP: Duration = Duration::from_mins(10);
/// Public messages that stay although newer ones supersede them, so that a follower that was away for a while sees every change.
const PUBLIC_KEPT: u64 = 10_000;

/// Gives fresh ids: 32 characters of `0-9a-f`, ordered by time.
pub type Mint = Arc<dyn Fn() -> String + Send + Sync>;

/// What a cell is made of.
pub struct Parts {
    /// The cell's name.
    pub id: CellId,
    /// Bounds.
    pub config: Config,
    /// Where everything is kept.
    pub stores: Stores,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The routing table.
    pub table: Snapshot,
    /// The other cells.
    pub mesh: Arc<dyn Mesh>,
    /// What lies between the cell's processes, where there are several. Without it each hears what it has told itself.
    pub queue: Option<Arc<dyn Queue>>,
    /// What lies between all cells: their public messages. Without it they are followed over the mesh.
    pub feed: Option<Arc<dyn Feed>>,
    /// Whether it hears what the queue brings. Without a queue it hears what it has told, whatever this says.
    pub hears: bool,
    /// Whether it follows public messages into the replicas. Of a cell's processes at least one has to.
    pub follows: bool,
    /// Fresh ids.
    pub mint: Mint,
    /// Closes the answers that are kept under idempotency keys.
    pub seals: Seals,
    /// Counters.
    pub metrics: Metrics,
}

/// The services of a cell, before it starts.
#[derive(Default)]
pub struct Services {
    config: Config,
    rooms: BTreeMap<&'static str, Arc<dyn Room>>,
}

impl Services {
    /// No services yet.
    pub fn new(config: Config) -> Self {
        Self { config, rooms: BTreeMap::new() }
    }

    /// Adds a service.
    pub fn with<D: Decider>(mut self, spec: ServiceSpec<D>) -> Self {
        let before = self.rooms.insert(D::SERVICE, Arc::new(RoomOf::new(spec, &self.config)));
        debug_assert!(before.is_none(), "{} is registered twice", D::SERVICE);
        self
    }
}

/// A running cell. Clones share it.
#[derive(Clone)]
pub struct Cell {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) id: CellId,
    pub(crate) config: Config,
    pub(crate) stores: Stores,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) table: Snapshot,
    pub(crate) mesh: Arc<dyn Mesh>,
    pub(crate) queue: Option<Arc<dyn Queue>>,
    pub(crate) feed: Option<Arc<dyn Feed>>,
    pub(crate) inboxes: Inboxes,
    pub(crate) metrics: Metrics,
    pub(crate) seals: Seals,
    pub(crate) rooms: BTreeMap<&'static str, Arc<dyn Room>>,
    pub(crate) watched: Watched,
    pub(crate) relay: Relay,
    methods: HashMap<String, (Arc<dyn Room>, usize)>,
    reading: Reading,
    mint: Mint,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What follows a commit, kept aside while the append is on its way.
pub(crate) struct After {
    tenant: Tenant,
    rows: Vec<(cell_kernel::Table, String)>,
    outbox: Vec<OutboxEntry>,
}

impl After {
    /// What is to be done once the append is durable.
    pub(crate) fn of(append: &Append) -> Self {
        let rows = append.rows.iter().map(|write| (write.table, write.key.clone())).collect();
        Self { tenant: append.stream.tenant.clone(), rows, outbox: append.outbox.clone() }
    }
}

impl Cell {
    /// Starts a cell: from now on it serves calls, relays and keeps time; hears and follows, if it is to. Call it inside a tokio runtime.
    pub fn start(parts: Parts, services: Services) -> Self {
        let mut methods = HashMap::new();
        for room in services.rooms.values() {
            for (index, name) in room.method_names().into_iter().enumerate() {
                methods.insert(name, (Arc::clone(room), index));
            }
        }
        let inner = Arc::new(Inner {
            reading: Reading::new(Arc::clone(&parts.stores.rows)),
            id: parts.id,
            config: parts.config,
            stores: parts.stores,
            clock: parts.clock,
            table: parts.table,
            mesh: parts.mesh,
            queue: parts.queue,
            feed: parts.feed,
            inboxes: Inboxes::default(),
            metrics: parts.metrics,
            seals: parts.seals,
            rooms: services.rooms,
            watched: Watched::default(),
            relay: Relay::default(),
            methods,
            mint: parts.mint,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        inner.spawn(Arc::clone(&inner).scan());
        if parts.follows {
            inner.spawn(Arc::clone(&inner).follow_all());
        }
        inner.spawn(Arc::clone(&inner).sweep());
        if let Some(feed) = &inner.feed {
            if parts.follows {
                inner.spawn(Arc::clone(&inner).hear_feed(Arc::clone(feed)));
            }
            inner.spawn(Arc::clone(&inner).tell_feed(Arc::clone(feed)));
        }
        if let Some(queue) = inner.queue.as_ref().filter(|_| parts.hears) {
            let intake = Intake::new(Arc::clone(queue), inner.config.intake_max);
            inner.spawn(intake.run(Arc::clone(&inner)));
        }
        Self { inner }
    }

    /// Stops everything that runs by itself and waits for it. What was not finished goes on at the next start.
    pub async fn stop(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// The cell's name.
    pub fn id(&self) -> &CellId {
        &self.inner.id
    }

    /// Full names of all methods.
    pub fn method_names(&self) -> impl Iterator<Item = &str> {
        self.inner.methods.keys().map(String::as_str)
    }

    /// Carries out a call for whoever asks at the edge: here, or at the cell that it has to go on to.
    pub async fn serve(&self, call: Call) -> Result<Answered, Unanswered> {
        let deadline = call.deadline;
        let inner = Arc::clone(&self.inner);
        // In a task of its own: a client that goes away must not break off an append half-way.
        let task = self.inner.tasks.spawn(async move { inner.serve_on(call).await });
        match tokio::time::timeout(deadline, task).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(bug)) => Err(Fault::ours(Code::Internal, "the call failed inside the cell")
                .because(bug)
                .into()),
            Err(_) => {
                let text = "the answer did not come in time; repeat the request with the same idempotency key";
                Err(Fault::downstream(Code::DeadlineExceeded, Duration::ZERO, text).into())
            }
        }
    }

    /// Whether the cell would serve a tenant now, for reads only or for `writes` too; under which generation, by which table.
    pub fn owns(&self, tenant: &Tenant, writes: bool) -> Result<(Generation, Epoch), Unanswered> {
        let table = self.inner.table.load();
        let generation = ownership::owned(&table, &self.inner.id, tenant, writes)?;
        Ok((generation, table.epoch()))
    }

    /// Follows a row for whoever asks at the edge.
    pub async fn watch(&self, call: Call) -> Result<Changes, Unanswered> {
        let (room, method) = self.inner.method(&call)?;
        room.watch(&self.inner, method, call).await
    }

    /// Takes messages that another cell delivers: one outcome each, in order.
    pub async fn receive(&self, messages: Vec<Addressed>) -> Vec<Delivery> {
        // All are queued before the first is begun, so that those for one stream are heard together.
        let queued: Vec<_> =
            messages.into_iter().map(|message| self.inner.receive_one(message)).collect();
        let tasks: Vec<_> =
            queued.into_iter().map(|hearing| self.inner.tasks.spawn(hearing)).collect();
        let mut outcomes = Vec::with_capacity(tasks.len());
        for task in tasks {
            outcomes.push(task.await.unwrap_or_else(|bug| {
                Delivery::Retry(
                    Fault::ours(Code::Internal, "hearing the message failed").because(bug),
                )
            }));
        }
        outcomes
    }

    /// Takes over a routing table: its fences first, then its routes. False if a newer one is held.
    pub async fn adopt(&self, table: Table) -> Result<bool, Fault> {
        if table.epoch() < self.inner.table.load().epoch() {
            return Ok(false);
        }
        let set = ownership::fence(&*self.inner.stores.fences, &self.inner.id, &table).await?;
        let epoch = table.epoch();
        let adopted = self.inner.table.advance(table).is_ok();
        tracing::info!(%epoch, fences = set, adopted, "routing table");
        Ok(adopted)
    }

    /// The table that the cell routes by.
    pub fn table(&self) -> Arc<Table> {
        self.inner.table.load()
    }

    /// The cell's stores, for those who look after it.
    pub fn stores(&self) -> &Stores {
        &self.inner.stores
    }

    /// Rows of this cell.
    pub fn reading(&self) -> &Reading {
        &self.inner.reading
    }

    /// Messages that wait in memory for each other cell, and under this cell's own name for its queue: how many, and since when.
    pub fn waiting(&self) -> Vec<(CellId, usize, Option<Timestamp>)> {
        self.inner.waiting()
    }

    /// How many messages, timers and calls are on their way now.
    pub fn on_way(&self) -> usize {
        self.inner.relay.on_way()
    }

    /// Puts a dead letter back on its way. False if there is none with this id.
    pub async fn replay_dead(&self, id: MessageId) -> Result<bool, Fault> {
        let found = self.inner.stores.outbox.replay(id).await?;
        self.inner.relay.rescan();
        Ok(found)
    }

    /// What the rows of a stream's views must be, replayed from its events alone: the last change of each row. Nothing is written.
    pub async fn refold(&self, stream: &StreamName) -> Result<Vec<RowWrite>, Fault> {
        let room = self.inner.rooms.get(&*stream.service).ok_or_else(|| {
            Fault::caller(Code::NotFound, format!("this cell has no service `{}`", stream.service))
        })?;
        let events = self.inner.stores.journal.events(stream, Version(0), usize::MAX).await?;
        room.refold(stream, &events)
    }

    /// Forgets the streams that are held in memory; the next command of each loads it anew.
    pub fn forget(&self) {
        for room in self.inner.rooms.values() {
            room.forget();
        }
    }
}

impl Inner {
    /// Runs something until it ends or the cell stops.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let _ = stop.run_until_cancelled(work).await;
        });
    }

    /// What runs until it ends, even if the cell stops.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// The call as its method sees it.
    pub(crate) fn request(&self, call: &Call) -> Request {
        Request {
            tenant: call.tenant.clone(),
            caller: call.caller.clone(),
            at: self.clock.now(),
            reading: self.reading.clone(),
            mint: Arc::clone(&self.mint),
            idempotency_key: call.idempotency_key.clone(),
            went_to: None,
        }
    }

    fn method(&self, call: &Call) -> Result<(&Arc<dyn Room>, usize), Unanswered> {
        let found = self.methods.get(&*call.method).map(|(room, index)| (room, *index));
        let text = || format!("there is no method {}", call.method);
        found.ok_or_else(|| Fault::caller(Code::RouteUnknown, text()).into())
    }

    /// Serves a call here, then wherever it says that it goes on.
    async fn serve_on(self: Arc<Self>, mut call: Call) -> Result<Answered, Unanswered> {
        for _ in 0..ONWARD_MAX {
            let (room, method) = self.method(&call)?;
            let (caller, key, trace) =
                (call.caller.clone(), call.idempotency_key.clone(), call.trace);
            let deadline = call.deadline;
            let Onward { tenant, method, request } = match room.serve(&self, method, call).await? {
                Served::Answered(answered) => return Ok(answered),
                Served::Onward(onward) => onward,
            };
            call = Call {
                tenant,
                method: method.into(),
                request,
                caller,
                idempotency_key: key,
                if_match: None,
                trace,
                deadline,
            };
            match ownership::generation(&self.table, &self.id, &call.tenant) {
                Ok(_) => {}
                Err(Unanswered::NotMine { owner: Some(owner), .. }) => {
                    return self.mesh.call(&owner, call).await;
                }
                Err(no) => return Err(no),
            }
        }
        Err(No::Fault(Fault::ours(Code::Internal, "the call was passed on in a circle")).into())
    }

    /// Queues a message at its stream, at once; what it returns sees it through.
    fn receive_one(
        self: &Arc<Self>,
        addressed: Addressed,
    ) -> impl Future<Output = Delivery> + Send + use<> {
        let hearing = self.hear_received(&addressed);
        let cell = Arc::clone(self);
        async move { cell.delivered(addressed, hearing.await).await }
    }

    /// Queues a message that lies in no outbox of this process at its stream, at once; what it returns sees it through.
    pub(crate) fn hear_received(
        self: &Arc<Self>,
        addressed: &Addressed,
    ) -> Boxed<'static, Hearing> {
        let Addressed { to, service, message } = addressed;
        match self.rooms.get(service.as_str()).cloned() {
            _ if ownership::generation(&self.table, &self.id, to).is_err() => {
                Box::pin(ready(Hearing::NotMine))
            }
            None => {
                let why = format!("this cell has no service `{service}`");
                Box::pin(ready(Hearing::Poison(why)))
            }
            Some(room) => room.hear(self, to, message, None, false),
        }
    }

    async fn delivered(&self, addressed: Addressed, hearing: Hearing) -> Delivery {
        match hearing {
            Hearing::Heard { .. } => Delivery::Applied,
            Hearing::NotMine => Delivery::NotMine,
            Hearing::Retry(fault) => Delivery::Retry(fault),
            Hearing::Poison(why) => {
                let Addressed { to, service, message } = addressed;
                let errand = Errand::Deliver { to, service, message };
                if self.park(None, errand, why, 1).await {
                    Delivery::Parked
                } else {
                    Delivery::Retry(Fault::ours(
                        Code::StoreBroken,
                        "the dead letter could not be parked",
                    ))
                }
            }
        }
    }

    /// The append is durable: its messages set out, and whoever follows its rows is told.
    pub(crate) fn committed(self: &Arc<Self>, after: After, commit: u64) {
        self.watched.changed(&after.tenant, after.rows);
        let key_of = |(ordinal, entry): (usize, OutboxEntry)| {
            let due_ms = entry.due.map_or(0, |due| u64::try_from(due.as_millis()).unwrap_or(0));
            (
                OutboxKey { due_ms, commit, ordinal: u16::try_from(ordinal).unwrap_or(u16::MAX) },
                entry,
            )
        };
        self.post(after.outbox.into_iter().enumerate().map(key_of).collect());
    }

    async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(SWEEP).await;
            match self.stores.journal.sweep(self.clock.now()).await {
                Ok(forgotten) => {
                    tracing::debug!(
                        forgotten,
                        "kept answers and heard messages whose time is over"
                    );
                }
                Err(fault) => tracing::warn!(
                    fault = base_fault::chain(&fault),
                    "the store could not be swept"
                ),
            }
            match self.stores.public.forget_superseded(PUBLIC_KEPT).await {
                Ok(forgotten) => tracing::debug!(forgotten, "superseded public messages"),
                Err(fault) => tracing::warn!(
                    fault = base_fault::chain(&fault),
                    "superseded public messages could not be forgotten"
                ),
            }
        }
    }
}

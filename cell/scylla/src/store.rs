//! One pod's part of a cell on ScyllaDB or Cassandra: what its ports share, and the work that goes on behind them.

use std::{sync::Arc, time::Instant};

use base_fault::{Code, Fault};
use base_ids::{StreamName, Tenant};
use base_time::{Clock, SystemClock};
use cell_runtime::port::{Fence, Stores};
use parking_lot::Mutex;
use scylla::{
    client::{
        PoolSize, execution_profile::ExecutionProfile, session::Session,
        session_builder::SessionBuilder,
    },
    statement::{Consistency, SerialConsistency},
};
use tokio::task::JoinHandle;

use crate::{
    commits::{Commit, Commits},
    config::Config,
    counts::Counts,
    cql::Cql,
    doubts::Doubts,
    ground::Statics,
    keeping::Keeping,
    known::Known,
    locks::Locks,
    marks::Marks,
    mishaps::Mishaps,
    pods::{self, Identity, Pods},
    ports::Ports,
    post::Post,
    public::Log,
    refusal::OpenRefusal,
    schema,
    statements::Statements,
};

/// What the ports of one process share.
pub(crate) struct Store {
    pub(crate) cql: Cql,
    pub(crate) config: Config,
    clock: Arc<dyn Clock>,
    pub(crate) locks: Locks,
    pub(crate) commits: Commits,
    pub(crate) pods: Pods,
    pub(crate) marks: Marks,
    pub(crate) post: Post,
    pub(crate) known: Mutex<Known>,
    pub(crate) doubts: Doubts,
    pub(crate) keeping: Keeping,
    pub(crate) log: Log,
    /// One look at the others at a time.
    looking: tokio::sync::Mutex<()>,
    /// One round of replicas at a time.
    pub(crate) following: tokio::sync::Mutex<()>,
}

/// A cell's stores on ScyllaDB or Cassandra, open in this process: one of the cell's pods.
///
/// Dropped, it ends as a crash does, and another pod takes over what it left after [`Config::silent_ms_max`]; after
/// [`Scylla::close`] at once.
pub struct Scylla {
    store: Arc<Store>,
    /// Whoever writes the public log, then those who look after the pod.
    tasks: Vec<JoinHandle<()>>,
}

impl Scylla {
    /// Connects, lays the keyspace out if it is new or older, and takes over what pods that have left have left behind. Waits for an
    /// engine that does not answer yet or has too much to do, up to [`Config::patience_ms`].
    ///
    /// Errors: see [`OpenRefusal`]; each says what to check.
    pub async fn open(config: &Config) -> Result<Self, OpenRefusal> {
        Self::open_by(config, Arc::new(SystemClock)).await
    }

    /// The same in a process that has another clock, which may be wrong.
    ///
    /// Errors: those of [`Scylla::open`].
    pub async fn open_by(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, OpenRefusal> {
        let begun = Instant::now();
        loop {
            match Box::pin(Self::open_now(config, clock.clone())).await {
                Err(refusal) if refusal.is_passing() && begun.elapsed() < config.patience() => {
                    tracing::warn!(why = base_fault::chain(&refusal), "waits for the engine");
                    tokio::time::sleep(config.beat()).await;
                }
                opened => return opened,
            }
        }
    }

    async fn open_now(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, OpenRefusal> {
        let mistakes = config.mistakes();
        if !mistakes.is_empty() {
            return Err(OpenRefusal::Settings(mistakes.join("; ")));
        }
        let cql = Box::pin(connect(config)).await?;
        let behind = Commits::of(clock.clone(), 0, Commit(0)).now();
        let (me, floor) = pods::claim(&cql, behind).await?;
        let (log, writer) = Log::open(&cql).await?;
        let store = Arc::new(Store {
            locks: Locks::default(),
            commits: Commits::of(clock.clone(), me.number, floor),
            pods: Pods::new(me),
            marks: Marks::default(),
            post: Post::new(config.held_max),
            known: Mutex::default(),
            doubts: Doubts::default(),
            keeping: Keeping::default(),
            log,
            looking: tokio::sync::Mutex::default(),
            following: tokio::sync::Mutex::default(),
            config: config.clone(),
            clock,
            cql,
        });
        // What is taken over may have to be told to everyone.
        let writing = tokio::spawn(writer.run(Arc::downgrade(&store)));
        let mut open = Self { store, tasks: vec![writing] };
        open.store.look_after().await?;
        open.tasks.push(tokio::spawn(open.store.clone().look_after_all()));
        open.tasks.push(tokio::spawn(open.store.clone().stay_seen()));
        Ok(open)
    }

    /// Takes a cell's keyspace away with everything in it, if it is there; no process may have it open.
    ///
    /// Errors: the engine cannot be reached, or the user may not.
    pub async fn wipe(config: &Config) -> Result<(), OpenRefusal> {
        let nodes = config.nodes.join(", ");
        let session = Box::pin(session(config, &nodes)).await?;
        schema::wipe(&session, config, &nodes).await
    }

    /// The ports.
    pub fn stores(&self) -> Stores {
        let ports = Arc::new(Ports(self.store.clone()));
        Stores {
            journal: ports.clone(),
            rows: ports.clone(),
            outbox: ports.clone(),
            public: ports.clone(),
            fences: ports,
            shared: true,
        }
    }

    /// What this pod has asked of the engine.
    pub fn counts(&self) -> Counts {
        self.store.cql.counts.clone()
    }

    /// Where tests make calls to the engine end badly.
    pub fn mishaps(&self) -> &Mishaps {
        &self.store.cql.mishaps
    }

    /// Ends this pod in order: what it has is taken over at once by others, or by the next one.
    ///
    /// Errors: the engine cannot be told; then others take over after a while.
    pub async fn close(mut self) -> Result<(), Fault> {
        // Whoever looks after the pod would take it for dead when it has left; the writer is needed until then.
        for task in self.tasks.drain(1..) {
            task.abort();
            // It was told to end; how it did is of no interest.
            let _ = task.await;
        }
        self.store.leave().await
    }
}

impl Drop for Scylla {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn session(config: &Config, nodes: &str) -> Result<Session, OpenRefusal> {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .serial_consistency(Some(SerialConsistency::LocalSerial))
        .request_timeout(Some(config.call_max()))
        .build();
    let mut builder = SessionBuilder::new()
        .known_nodes(&config.nodes)
        .default_execution_profile_handle(profile.into_handle())
        .pool_size(PoolSize::PerShard(std::num::NonZeroUsize::MIN))
        .connection_timeout(config.call_max())
        .schema_agreement_interval(std::time::Duration::from_millis(10))
        // Once is enough: when the keyspace is laid out.
        .refresh_metadata_on_auto_schema_agreement(false)
        .keyspaces_to_fetch([&config.keyspace]);
    if let Some(user) = &config.user {
        builder = builder.user(user, config.password.expose());
    }
    if let Some(datacenter) = &config.datacenter {
        builder = builder.prefer_datacenter(datacenter.clone());
    }
    let refused = |error| OpenRefusal::session(nodes, config.user.as_deref(), error);
    builder.build().await.map_err(refused)
}

async fn connect(config: &Config) -> Result<Cql, OpenRefusal> {
    let nodes = config.nodes.join(", ");
    let session = session(config, &nodes).await?;
    schema::lay_out(&session, config, &nodes).await?;
    let say = Statements::prepare(&session).await.map_err(|cause| OpenRefusal::Schema {
        keyspace: config.keyspace.clone(),
        nodes: nodes.clone(),
        what: "read",
        cause: Box::new(cause),
    })?;
    let (counts, mishaps) = (Counts::default(), Mishaps::default());
    Ok(Cql { session, say, nodes, counts, mishaps })
}

impl Store {
    /// Whether nothing is left to be made true of a stream's newest append, while the stream's lock is held.
    pub(crate) fn is_spread(&self, stream: &StreamName, last: &Statics, fence: Fence) -> bool {
        if self.known.lock().get(stream) == Some(last.counter) {
            return true;
        }
        if last.generation != fence.generation() {
            return false;
        }
        let finished = if last.commit.pod() == self.pods.me().number {
            !self.doubts.hold(stream) && last.commit <= self.commits.now()
        } else {
            self.pods.is_finished(last.commit)
        };
        if finished {
            self.known.lock().set(stream, last.counter);
        }
        finished
    }

    /// Whether this pod relays what that number has posted.
    pub(crate) fn keeps(&self, number: i32) -> bool {
        self.pods.me().number == number || self.keeping.has(number)
    }

    /// Makes sure that the others can have seen lately that this pod lives: nobody takes its number while it writes under it.
    ///
    /// Errors: the engine cannot be reached.
    pub(crate) async fn is_seen(&self) -> Result<(), Fault> {
        if self.pods.unseen_for() < self.config.silent_max() / 2 {
            return Ok(());
        }
        self.look().await.map(drop)
    }

    /// Goes on for as long as the process lives.
    async fn look_after_all(self: Arc<Self>) {
        let mut turns = tokio::time::interval(self.config.beat());
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            let (looked, tidied) = (self.look_after().await, self.tidy().await);
            for fault in [looked.err(), tidied.err()].into_iter().flatten() {
                tracing::warn!(
                    fault = base_fault::chain(&fault),
                    "a pod cannot look after what it has; it tries again"
                );
            }
        }
    }

    /// Says that this pod lives while taking over from another takes long.
    async fn stay_seen(self: Arc<Self>) {
        let late = self.config.beat() * 2;
        loop {
            tokio::time::sleep(self.config.beat()).await;
            if self.pods.unseen_for() >= late
                && let Err(fault) = self.look().await
            {
                tracing::debug!(fault = %fault, "a pod cannot say that it lives");
            }
        }
    }

    /// Says that this pod lives, looks at the others, and takes over from whoever does not.
    async fn look_after(&self) -> Result<(), Fault> {
        for seat in self.look().await? {
            self.adopt(seat).await?;
        }
        self.sweep_kept().await
    }

    /// Says that this pod lives, and looks at the others. Takes no stream's lock, for an append may be waiting for it. Returns from whom
    /// this pod has to take over.
    async fn look(&self) -> Result<Vec<pods::Seat>, Fault> {
        let _turn = self.looking.lock().await;
        let begun = Instant::now();
        let Identity { number, incarnation } = self.pods.me();
        let floor = self.commits.floor().as_clock();
        let turn = self.clock.now().as_millis();
        let values = (incarnation, turn, floor);
        self.cql.write("give a sign of life", &self.cql.say.beat, values).await?;
        let seats = pods::seats(&self.cql).await?;
        let beats: Vec<(uuid::Uuid, Option<i64>, Option<i64>)> =
            self.cql.read("read who lives", &self.cql.say.beats, ()).await?;
        let beats = beats.into_iter().map(|(who, turn, floor)| {
            (who, turn.unwrap_or(-1), Commit::from_clock(floor.unwrap_or(0)))
        });
        let mine = seats.iter().find(|seat| seat.number == number);
        let is_mine = mine.is_some_and(|seat| {
            seat.incarnation == incarnation && seat.state == pods::State::Alive
        });
        let orphans = self.pods.look(&seats, beats.collect(), self.config.silent_max());
        if is_mine {
            self.pods.was_seen(begun);
        } else {
            self.begin_anew(number).await?;
        }
        Ok(orphans)
    }

    /// Others have taken this pod for dead: it goes on under another number, and takes back what it had.
    async fn begin_anew(&self, lost: i32) -> Result<(), Fault> {
        tracing::warn!(
            number = lost,
            "this pod was silent for so long that others took over from it; it goes on as a new one"
        );
        let begun = Instant::now();
        let claimed = pods::claim(&self.cql, self.commits.now()).await;
        let (me, floor) = claimed.map_err(|refusal| match refusal {
            OpenRefusal::Fault(fault) => fault,
            other => Fault::ours(Code::Internal, "this pod finds no place to go on").because(other),
        })?;
        self.commits.go_on_as(me.number, floor);
        self.pods.become_another(me, begun);
        let seats = pods::seats(&self.cql).await?;
        match seats.into_iter().find(|seat| seat.number == lost) {
            Some(seat) => self.adopt(seat).await,
            None => Ok(()),
        }
    }

    /// What is done now and then: settles doubts, takes away what is over.
    async fn tidy(&self) -> Result<(), Fault> {
        self.resolve_doubts().await?;
        self.flush_settled().await?;
        self.drop_done_buckets().await?;
        self.clean().await?;
        self.free_kept().await
    }

    async fn drop_done_buckets(&self) -> Result<(), Fault> {
        let done = self.post.take_done(self.commits.now(), self.clock.now());
        for (bucket, clock) in done {
            // Should this fail, the rows stay, and are heard again by whoever takes over.
            let values = (clock, bucket.pod, bucket.kind, bucket.number);
            self.cql.write("drop a bucket", &self.cql.say.drop_entries, values).await?;
            self.cql.write("forget a bucket", &self.cql.say.drop_bucket, values).await?;
        }
        Ok(())
    }

    /// Says that this pod has left and that nothing it did is unfinished. If something is, it leaves as if it had crashed.
    async fn leave(&self) -> Result<(), Fault> {
        self.tidy().await?;
        let Identity { number, incarnation } = self.pods.me();
        if self.doubts.are_none() && self.marks.are_idle() {
            let floor = self.commits.floor().as_clock();
            let values = (floor, number, incarnation);
            self.cql.write_if("leave", &self.cql.say.leave, values).await?;
            self.cql.write("leave", &self.cql.say.end_beat, (incarnation,)).await?;
        }
        Ok(())
    }

    /// The fence that holds for a tenant.
    pub(crate) async fn fence_of(&self, tenant: &Tenant) -> Result<Option<Fence>, Fault> {
        self.read_fence(tenant).await
    }
}

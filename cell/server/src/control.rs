//! The link to the control plane: heartbeats out, routing tables in. While it is broken the cell goes on with what it has.

use std::{sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use base_identity::Passport;
use base_telemetry::Flag;
use cell_providers::keys::{PublicKey, SigningKeys};
use cell_runtime::Cell;
use router_table::{Delta, LastGood, Table};
use souk_proto_fleet::{
    Plane, Planes, leader_of,
    v1::{
        HeartbeatRequest, SigningKey, TableDelta, TableHeld, TableUpdate, Work,
        fleet_client::FleetClient, table_held::Role,
    },
    why,
};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{Status, transport::Endpoint};

use crate::readers::Telling;

/// Waits between tries to reach the control plane.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// How often the cell says which table it holds, changed or not.
const HELD_BEAT: Duration = Duration::from_secs(2);
/// How long one heartbeat may take.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// Longest wait between heartbeats, whatever the control plane asks for.
const BEAT_MAX: Duration = Duration::from_secs(30);
/// How long a stop waits for the control plane to hear of it, and for the table that says so.
const LEAVE: Duration = Duration::from_secs(1);
/// How often it looks for that table.
const LOOK: Duration = Duration::from_millis(20);
/// A routing table with a million overrides fits in this many bytes.
const TABLE_MAX: usize = 256 << 20;

/// How an update was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Well,
    /// It does not fit the table that is held: a whole one is needed.
    Misfit,
}

/// What the cell says about itself.
#[derive(Clone, Debug)]
pub(crate) struct Introduction {
    /// The heartbeat as it is sent; keys and commit are filled in each time.
    pub(crate) heartbeat: HeartbeatRequest,
    /// Whether the process beats at all: one that answers nobody is not among the pods of the table, which it follows all the same.
    pub(crate) beats: bool,
    /// What the process does of the cell's work.
    pub(crate) works: Vec<Work>,
}

/// The control planes at these places, each `host:port`.
///
/// Errors: a place is none.
pub(crate) fn control_planes(
    places: &[String],
    passport: Option<&Passport>,
) -> Result<Planes, Fault> {
    let shape = |endpoint: Endpoint| endpoint.connect_timeout(Duration::from_secs(1));
    let planes = Planes::new(places, passport, shape);
    planes.map_err(|text| Fault::caller(Code::InvalidField, format!("control_plane: {text}")))
}

/// Keeps the link for as long as the process runs.
pub(crate) struct ControlLink {
    /// The cell.
    pub(crate) cell: Cell,
    /// The control planes.
    pub(crate) planes: Planes,
    /// What the cell says about itself.
    pub(crate) introduction: Introduction,
    /// Its public signing keys.
    pub(crate) keys: Arc<SigningKeys>,
    /// Where the last good table is kept.
    pub(crate) last_good: LastGood,
    /// Raised once a table is held.
    pub(crate) ready: Flag,
    /// Tells that the process stops; answered once nobody is sent here any more.
    pub(crate) leaves: Leaves,
}

/// Where a stop is told, with the way to answer.
pub(crate) type Leaves = oneshot::Receiver<oneshot::Sender<()>>;

impl ControlLink {
    /// Heartbeats, follows the table, and tells of ended sessions until the task is dropped.
    pub(crate) async fn run(mut self, ended: Telling) -> String {
        let mut leaves = std::mem::replace(&mut self.leaves, oneshot::channel().1);
        let link = &self;
        let beating = async move {
            if !link.introduction.beats {
                return;
            }
            tokio::select! {
                () = link.beat() => {}
                Ok(answer) = &mut leaves => {
                    link.leave().await;
                    // Who asked may have lost patience.
                    let _ = answer.send(());
                }
            }
        };
        tokio::join!(beating, self.follow_table(), ended.run(self.planes.clone()));
        "control plane link ended".to_owned()
    }

    async fn beat(&self) {
        let mut silent = false;
        loop {
            let heartbeat = self.introduce();
            let plane = self.planes.current();
            let mut client = FleetClient::new(plane.channel.clone());
            let answer = tokio::time::timeout(HEARTBEAT, client.heartbeat(heartbeat)).await;
            let answer =
                answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
            let wait = match answer {
                Ok(answer) => {
                    silent = false;
                    Duration::from_millis(u64::from(answer.into_inner().beat_ms))
                        .clamp(RETRY_MIN, BEAT_MAX)
                }
                Err(status) => {
                    self.planes.failed(&plane, &status);
                    // Who leads is asked at once.
                    if leader_of(&status).is_some() {
                        RETRY_MIN
                    } else {
                        said_once(&mut silent, &why(&status));
                        RETRY_MAX / 5
                    }
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    fn introduce(&self) -> HeartbeatRequest {
        let signing_keys = self.keys.public().into_iter().map(public_key).collect();
        HeartbeatRequest { signing_keys, ..self.introduction.heartbeat.clone() }
    }

    /// Says that the process stops, and waits until the table sends nobody here, if others serve the cell.
    async fn leave(&self) {
        let mut client = FleetClient::new(self.planes.current().channel);
        let last = HeartbeatRequest { leaves: true, ..self.introduce() };
        let told = tokio::time::timeout(LEAVE, client.heartbeat(last)).await;
        if !matches!(told, Ok(Ok(_))) {
            tracing::warn!(
                "the control plane could not be told of the stop; routers find out by themselves"
            );
            return;
        }
        let gone = async {
            while self.is_one_of_several() {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(LEAVE, gone).await.is_err() {
            tracing::warn!(
                "requests may still be sent here; routers go to another pod once they find nobody"
            );
        }
    }

    /// Whether the table lists this process and others of the cell.
    fn is_one_of_several(&self) -> bool {
        let (table, own) = (self.cell.table(), &self.introduction.heartbeat);
        let cell = table.cells().iter().find(|cell| cell.id.as_str() == own.cell);
        cell.is_some_and(|cell| {
            cell.pods.len() > 1 && cell.pods.iter().any(|pod| pod.name.as_str() == own.pod)
        })
    }

    async fn follow_table(&self) {
        let mut wait = RETRY_MIN;
        loop {
            let plane = self.planes.current();
            match self.follow_once(&plane).await {
                Ok(()) => wait = RETRY_MIN,
                Err(fault) => {
                    tracing::debug!(
                        fault = base_fault::chain(&fault),
                        "the routing table is not followed"
                    );
                    wait = (wait * 2).min(RETRY_MAX);
                }
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn follow_once(&self, plane: &Plane) -> Result<(), Fault> {
        let client = FleetClient::new(plane.channel.clone());
        let mut client = client.max_decoding_message_size(TABLE_MAX);
        let (held, receiver) = mpsc::channel(4);
        let _ = held.send(self.held()).await;
        let answer = client.watch_table(ReceiverStream::new(receiver)).await.map_err(|status| {
            self.planes.failed(plane, &status);
            Fault::downstream(
                Code::Unavailable,
                RETRY_MIN,
                format!("the control plane says no: {}", why(&status)),
            )
        })?;
        let mut updates = answer.into_inner().timeout_repeating(tokio::time::interval(HELD_BEAT));
        loop {
            // Never while a table is taken.
            let next = tokio::select! {
                next = updates.next() => next,
                () = self.planes.left(plane) => None,
            };
            let Some(next) = next else { return Ok(()) };
            let mut wants_whole = false;
            match next {
                Err(_beat) => {}
                Ok(Ok(update)) => wants_whole = self.take(update).await? == Taken::Misfit,
                Ok(Err(status)) => {
                    self.planes.failed(plane, &status);
                    let text = format!("the table stream broke: {}", why(&status));
                    return Err(Fault::downstream(Code::Unavailable, RETRY_MIN, text));
                }
            }
            let now = TableHeld { wants_whole, ..self.held() };
            if held.send(now).await.is_err() {
                return Ok(());
            }
        }
    }

    async fn take(&self, update: TableUpdate) -> Result<Taken, Fault> {
        let TableUpdate { table, delta } = update;
        let table = match (table, delta) {
            (_, Some(delta)) => match self.apply(delta).await? {
                Some(table) => table,
                None => return Ok(Taken::Misfit),
            },
            (Some(table), None) => Table::try_from(table).map_err(|error| {
                Fault::caller(Code::Malformed, "the pushed routing table is refused").because(error)
            })?,
            (None, None) => return Ok(Taken::Well),
        };
        self.adopt(table).await?;
        Ok(Taken::Well)
    }

    /// The table that a delta leads to; nothing if it does not fit the one that is held.
    async fn apply(&self, pushed: TableDelta) -> Result<Option<Table>, Fault> {
        let delta = Delta::try_from(pushed).map_err(|error| {
            let text = "the pushed change of the routing table is refused";
            Fault::caller(Code::Malformed, text).because(error)
        })?;
        let held = self.cell.table();
        let applied = tokio::task::spawn_blocking(move || held.apply(&delta)).await;
        let applied = applied.map_err(|error| {
            Fault::ours(Code::Internal, "a change of the routing table was cut off").because(error)
        })?;
        if let Err(misfit) = &applied {
            tracing::warn!(%misfit, "a change of the routing table is not applied; the whole one is asked for");
        }
        Ok(applied.ok())
    }

    async fn adopt(&self, table: Table) -> Result<(), Fault> {
        if !self.cell.adopt(table).await? {
            return Ok(());
        }
        self.ready.ready();
        let (last_good, table) = (self.last_good.clone(), self.cell.table());
        let saved = tokio::task::spawn_blocking(move || last_good.save(&table)).await;
        if let Ok(Err(error)) = saved {
            tracing::warn!(%error, "the routing table could not be kept on disk; a restart without the control plane would lack it");
        }
        Ok(())
    }

    fn held(&self) -> TableHeld {
        let table = self.cell.table();
        TableHeld {
            member: self.introduction.heartbeat.cell.clone(),
            role: Role::Cell.into(),
            admin_address: self.introduction.heartbeat.admin_address.clone(),
            epoch: table.epoch().0,
            digest: if table.epoch().0 == 0 { 0 } else { table.digest() },
            takes_deltas: true,
            wants_whole: false,
            pod: self.introduction.heartbeat.pod.clone(),
            works: self.introduction.works.iter().map(|work| i32::from(*work)).collect(),
        }
    }
}

fn public_key(key: PublicKey) -> SigningKey {
    let accepted_until_ms = key.accepted_until.as_millis();
    SigningKey { kid: key.kid, public_key: key.public_key.into(), accepted_until_ms }
}

fn said_once(silent: &mut bool, why: &str) {
    if !*silent {
        tracing::warn!(why, "the control plane cannot be reached; trading goes on");
        *silent = true;
    }
}

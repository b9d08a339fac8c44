//! Takes the routing table from the control plane as it is pushed, says what it holds, and keeps the last good one on disk.

use std::{sync::Arc, time::Duration};

use base_fault::chain;
use base_telemetry::Flag;
use base_time::{Clock as _, SystemClock};
use ring::rand::{SecureRandom as _, SystemRandom};
use router_table::{Delta, LastGood, Misfit, Pod, Snapshot, Table};
use souk_proto_fleet::{
    Plane, Planes,
    v1::{self, fleet_client::FleetClient, table_held::Role},
    why,
};
use tokio::{sync::mpsc, task::spawn_blocking, time::MissedTickBehavior};
use tokio_stream::wrappers::ReceiverStream;

use crate::{count::Counts, hold::Hold, lasting::Lasting, proxy::Learnt};

/// First and longest pause between two tries to reach the control plane.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A table of a million overrides takes about 60 MB on the wire.
const TABLE_BYTES_MAX: usize = 256 << 20;

/// The router's end of the table stream.
pub(crate) struct Watch {
    pub(crate) member: String,
    pub(crate) admin_address: String,
    pub(crate) beat: Duration,
    pub(crate) table: Snapshot,
    pub(crate) last_good: LastGood,
    pub(crate) learnt: Arc<Learnt>,
    pub(crate) hold: Arc<Hold>,
    pub(crate) lasting: Lasting,
    pub(crate) reconnect: Duration,
    pub(crate) counts: Counts,
    pub(crate) ready: Flag,
    pub(crate) has_identity: bool,
}

/// Why a stream of tables ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the control plane cannot be reached, or ended the stream: {}", why(.0))]
    Broken(tonic::Status),
    #[error("the control plane closed the stream")]
    Closed,
    #[error("a table that was pushed cannot be used")]
    BadTable(#[from] souk_proto_fleet::BadTable),
    #[error("another control plane is spoken to")]
    Left,
    #[error("the router stops")]
    Stopping,
}

/// How an update was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Well,
    /// It does not fit the table that is held: a whole one is needed.
    Misfit,
}

/// Why what changed does not lead to a table.
#[derive(Debug, thiserror::Error)]
enum BadDelta {
    #[error("it cannot be read")]
    Unreadable(#[from] souk_proto_fleet::BadTable),
    #[error("it does not lead to the control plane's table")]
    Misfit(#[from] Misfit),
}

impl From<tonic::Status> for Ended {
    fn from(status: tonic::Status) -> Self {
        Self::Broken(status)
    }
}

impl Watch {
    /// Shows what is held from the start on, before the control plane says anything.
    pub(crate) fn announce_held(&self) {
        let table = self.table.load();
        self.counts.table_epoch.set(table.epoch().0);
        if table.cells().is_empty() {
            self.ready.not_ready("no routing table yet");
        } else {
            self.ready.ready();
        }
    }

    /// Follows the control plane for ever; comes back to it after any failure.
    pub(crate) async fn run(self, planes: Planes) {
        let mut pause = PAUSE_MIN;
        loop {
            let taken = self.counts.table_taken_ms.get();
            let plane = planes.current();
            let Err(ended) = self.follow(&planes, &plane).await;
            match &ended {
                Ended::Broken(status) => planes.failed(&plane, status),
                Ended::Closed => planes.failed(&plane, &tonic::Status::unavailable("closed")),
                Ended::Left => {
                    let address = planes.current().address;
                    tracing::info!(address, "another control plane leads");
                    continue;
                }
                Ended::BadTable(_) | Ended::Stopping => {}
            }
            self.counts.watching.set(0);
            if self.counts.table_taken_ms.get() != taken {
                pause = PAUSE_MIN;
            }
            tracing::warn!(epoch = %self.table.load().epoch(), cause = chain(&ended), "no table stream, trying again");
            tokio::time::sleep(jittered(pause)).await;
            pause = (2 * pause).min(PAUSE_MAX);
        }
    }

    async fn follow(
        &self,
        planes: &Planes,
        plane: &Plane,
    ) -> Result<std::convert::Infallible, Ended> {
        let client = FleetClient::new(plane.channel.clone());
        let mut client = client.max_decoding_message_size(TABLE_BYTES_MAX);
        let (said, held_stream) = mpsc::channel(4);
        let say = async || said.send(self.held()).await.map_err(|_| Ended::Closed);
        say().await?;
        let answer = client.watch_table(ReceiverStream::new(held_stream)).await?;
        let mut updates = answer.into_inner();
        self.counts.watching.set(1);
        let mut beat = tokio::time::interval(self.beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                update = updates.message() => {
                    let update = update?.ok_or(Ended::Closed)?;
                    let wants_whole = self.take(update).await? == Taken::Misfit;
                    let held = v1::TableHeld { wants_whole, ..self.held() };
                    said.send(held).await.map_err(|_| Ended::Closed)?;
                }
                _ = beat.tick() => say().await?,
                () = planes.left(plane) => return Err(Ended::Left),
            }
        }
    }

    fn held(&self) -> v1::TableHeld {
        let table = self.table.load();
        v1::TableHeld {
            member: self.member.clone(),
            role: Role::Router.into(),
            admin_address: self.admin_address.clone(),
            epoch: table.epoch().0,
            digest: table.digest(),
            takes_deltas: true,
            wants_whole: false,
            ..v1::TableHeld::default()
        }
    }

    /// Takes what is pushed: a whole table, or what changed since the one that is held.
    async fn take(&self, update: v1::TableUpdate) -> Result<Taken, Ended> {
        let v1::TableUpdate { table, delta } = update;
        if let Some(delta) = delta {
            return self.apply(delta).await;
        }
        if let Some(pushed) = table {
            let converted = spawn_blocking(|| Table::try_from(pushed)).await;
            let table = converted.map_err(|_| Ended::Stopping)?.inspect_err(|_| {
                self.counts.table_refused("damaged");
            })?;
            self.take_over(table).await?;
        }
        Ok(Taken::Well)
    }

    /// Applies what changed since the table that is held. What does not lead to the sender's table changes nothing.
    async fn apply(&self, pushed: v1::TableDelta) -> Result<Taken, Ended> {
        let held = self.table.load();
        let applied = spawn_blocking(move || {
            let delta = Delta::try_from(pushed)?;
            held.apply(&delta).map_err(BadDelta::from)
        });
        match applied.await.map_err(|_| Ended::Stopping)? {
            Ok(table) => {
                self.take_over(table).await?;
                Ok(Taken::Well)
            }
            Err(error) => {
                self.counts.table_refused("delta");
                let cause = chain(&error);
                tracing::warn!(
                    cause,
                    "a change of the routing table is not applied; the whole one is asked for"
                );
                Ok(Taken::Misfit)
            }
        }
    }

    /// Routes by `table` from now on, unless it is older. The acknowledgement follows the copy on disk.
    async fn take_over(&self, table: Table) -> Result<(), Ended> {
        let epoch = table.epoch().0;
        if table == *self.table.load() {
            return Ok(());
        }
        let Some(table) = reachable(table, self.has_identity, &self.counts) else {
            return Ok(());
        };
        if let Err(older) = self.table.advance(table) {
            self.counts.table_refused("older");
            tracing::error!(%older, "the control plane pushed an older table, which is not taken over");
            return Ok(());
        }
        self.learnt.forget();
        self.hold.news(self.table.load().epoch());
        tokio::spawn(self.lasting.clone().follow(self.table.clone(), self.reconnect));
        self.counts.table_taken_ms.set(SystemClock.now().as_millis());
        self.announce_held();
        tracing::info!(epoch, "routing table taken over");
        let (last_good, table) = (self.last_good.clone(), self.table.load());
        let saved = spawn_blocking(move || last_good.save(&table)).await;
        match saved.map_err(|_| Ended::Stopping)? {
            Ok(()) => {}
            Err(error) => {
                self.counts.table_refused("not_saved");
                let path = self.last_good.path().display();
                tracing::error!(%error, %path, "the routing table cannot be kept on disk");
            }
        }
        Ok(())
    }
}

/// The table, unless it names a cell on another machine and the router has no identity: it would speak plaintext over a network.
pub(crate) fn reachable(table: Table, has_identity: bool, counts: &Counts) -> Option<Table> {
    let far = |pod: &&Pod| !pod.edge.ip().is_loopback();
    let found = table.cells().iter().find_map(|cell| Some((cell, cell.pods.iter().find(far)?)));
    let Some((cell, pod)) = found.filter(|_| !has_identity) else {
        return Some(table);
    };
    counts.table_refused("no_identity");
    let (cell, edge) = (&cell.id, pod.edge);
    tracing::error!(%cell, %edge, "a table names a cell on another machine, and the router has no identity to speak to it with; the table is not taken over");
    None
}

/// Somewhere between half and all of `pause`, so that routers do not come back all at once.
fn jittered(pause: Duration) -> Duration {
    let mut byte = [0];
    // Without chance the pause is merely not spread.
    let _ = SystemRandom::new().fill(&mut byte);
    pause / 2 + pause * u32::from(byte[0]) / 512
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::jittered;

    #[test]
    fn pauses_are_spread_but_bounded() {
        let pause = Duration::from_secs(2);
        for _ in 0..100 {
            assert!((pause / 2..=pause).contains(&jittered(pause)));
        }
    }
}

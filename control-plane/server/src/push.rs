//! One member's stream: what changed since the table that it holds, or the whole one; and the whole again when it differs from ours.

use std::sync::Arc;

use base_ids::Epoch;
use souk_proto_fleet::v1::{TableHeld, TableUpdate};
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt as _};
use tonic::Status;

use crate::{
    ControlPlane,
    beats::PodKey,
    members::{MemberKey, Role},
    published::Published,
};

/// Most bytes in a member's name or address.
const TEXT_LEN_MAX: usize = 100;

/// What a member says on its stream.
pub(crate) trait Reports:
    Stream<Item = Result<TableHeld, Status>> + Send + Unpin + 'static
{
}

impl<S: Stream<Item = Result<TableHeld, Status>> + Send + Unpin + 'static> Reports for S {}

/// Whether who opened the stream may speak for the member of a role and a name.
pub(crate) trait MayJoin:
    Fn(base_identity::Role, &str) -> Result<(), Status> + Send + 'static
{
}

impl<F: Fn(base_identity::Role, &str) -> Result<(), Status> + Send + 'static> MayJoin for F {}

/// Answers what a member says on its stream; ends when the member's side ends or the control plane stops.
pub(crate) fn push(
    plane: Arc<ControlPlane>,
    reports: impl Reports,
    may_join: impl MayJoin,
) -> impl Stream<Item = Result<TableUpdate, Status>> + Send + 'static {
    async_stream::try_stream! {
        if let Some(mut push) = Push::open(&plane, reports, may_join).await? {
            while let Some(update) = push.next().await? {
                yield update;
            }
        }
    }
}

/// One member's stream.
struct Push<R> {
    seat: Seat,
    reports: R,
    tables: watch::Receiver<Arc<Published>>,
}

impl<R: Reports> Push<R> {
    /// Waits for the member to say who it is; nothing if it leaves without.
    async fn open(
        plane: &Arc<ControlPlane>,
        mut reports: R,
        may_join: impl MayJoin,
    ) -> Result<Option<Self>, Status> {
        let Some(first) = reports.next().await.transpose()? else {
            return Ok(None);
        };
        let (role, _) = key_of(&first)?;
        may_join(role.identity(), &first.member)?;
        let mut seat = Seat::take(plane, &first)?;
        let mut tables = plane.tables().subscribe();
        // A table comes first, whatever the member holds.
        tables.mark_changed();
        let verdict = seat.note(&first);
        // What it holds on from an earlier stream is where a delta may start.
        if verdict == Verdict::Fine && first.epoch != 0 {
            seat.sent = Some(Epoch(first.epoch));
        }
        Ok(Some(Self { seat, reports, tables }))
    }

    /// Waits until the member must get a table; nothing once its side has ended.
    async fn next(&mut self) -> Result<Option<TableUpdate>, Status> {
        loop {
            tokio::select! {
                () = self.seat.plane.stopping().cancelled() => {
                    return Err(Status::unavailable("the control plane is stopping"));
                }
                changed = self.tables.changed() => {
                    if changed.is_err() {
                        return Ok(None);
                    }
                    let newest = Arc::clone(&self.tables.borrow_and_update());
                    if let Some(update) = self.seat.send_on(&newest) {
                        return Ok(Some(update));
                    }
                }
                report = self.reports.next() => {
                    let Some(report) = report.transpose()? else {
                        return Ok(None);
                    };
                    self.seat.must_be_the_same(&report)?;
                    if self.seat.note(&report) == Verdict::SendAgain {
                        let newest = self.seat.plane.tables().newest();
                        return Ok(Some(self.seat.send(&newest)));
                    }
                }
            }
        }
    }
}

/// A member's place among those that watch; given back when its stream ends, however it ends.
struct Seat {
    plane: Arc<ControlPlane>,
    key: MemberKey,
    /// Epoch of the table that it was sent last, or said to hold at first.
    sent: Option<Epoch>,
    takes_deltas: bool,
    /// Whether it was sent anything on this stream.
    greeted: bool,
    /// Whether the last report was already behind the table that was sent before it.
    behind: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    SendAgain,
}

impl Seat {
    fn take(plane: &Arc<ControlPlane>, first: &TableHeld) -> Result<Self, Status> {
        let key = key_of(first)?;
        plane.members().join(&key, plane.now());
        tracing::info!(
            role = key.0.as_str(),
            member = key.1,
            epoch = first.epoch,
            "watches the table"
        );
        let takes_deltas = first.takes_deltas;
        Ok(Self {
            plane: Arc::clone(plane),
            key,
            sent: None,
            takes_deltas,
            greeted: false,
            behind: false,
        })
    }

    fn must_be_the_same(&self, report: &TableHeld) -> Result<(), Status> {
        if key_of(report)? == self.key {
            Ok(())
        } else {
            Err(Status::invalid_argument("a stream belongs to one member; open another one"))
        }
    }

    /// What changed since the table that was sent last, or the whole one if that is not known; nothing if it has this one.
    fn send_on(&mut self, table: &Published) -> Option<TableUpdate> {
        let Some(since) = self.sent.filter(|_| self.takes_deltas) else {
            return Some(self.send(table));
        };
        // The first update says that all is well, even if it changes nothing.
        if std::mem::replace(&mut self.greeted, true) && since >= table.epoch {
            return None;
        }
        let Some(update) = self.plane.tables().delta(since) else {
            return Some(self.send(table));
        };
        // It may lead to a table that is newer still.
        self.sent = update.delta.as_ref().map(|delta| Epoch(delta.epoch));
        self.behind = false;
        self.plane.counters().deltas_sent.inc();
        Some(update)
    }

    /// The whole table.
    fn send(&mut self, table: &Published) -> TableUpdate {
        self.sent = Some(table.epoch);
        self.greeted = true;
        self.behind = false;
        self.plane.counters().tables_sent.inc();
        table.update()
    }

    /// Notes what the member holds, and says whether it must get the table again.
    fn note(&mut self, report: &TableHeld) -> Verdict {
        let epoch = Epoch(report.epoch);
        let tables = self.plane.tables();
        let agrees = tables.agrees(epoch, report.digest);
        self.plane.members().note(&self.key, report, agrees, self.plane.now());
        let (role, member) = (self.key.0.as_str(), &self.key.1);
        if !agrees {
            self.plane.counters().digests_disagreed.inc();
            tracing::warn!(
                role,
                member,
                epoch = epoch.0,
                digest = format_args!("{:016x}", report.digest),
                newest = tables.newest().epoch.0,
                "holds another table than ours; gets the whole one again"
            );
            return Verdict::SendAgain;
        }
        if report.wants_whole {
            tracing::warn!(
                role,
                member,
                epoch = epoch.0,
                "cannot apply a delta; gets the whole table"
            );
            return Verdict::SendAgain;
        }
        // A report may cross a table on its way; only the second one behind it says that it was not applied.
        let behind = self.sent.is_some_and(|sent| epoch < sent);
        if behind && std::mem::replace(&mut self.behind, behind) {
            tracing::warn!(
                role,
                member,
                epoch = epoch.0,
                "did not apply the table that it was sent; gets it again"
            );
            return Verdict::SendAgain;
        }
        self.behind = behind;
        Verdict::Fine
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.plane.members().leave(&self.key);
        tracing::info!(
            role = self.key.0.as_str(),
            member = self.key.1,
            "no longer watches the table"
        );
    }
}

fn key_of(report: &TableHeld) -> Result<MemberKey, Status> {
    let refuse = |text: &str| Status::invalid_argument(text.to_owned());
    let role = Role::of(report.role())
        .ok_or_else(|| refuse("role is not set: expected ROUTER or CELL"))?;
    if report.member.is_empty() || report.member.len() > TEXT_LEN_MAX {
        return Err(refuse("member must have 1 to 100 bytes, such as router-1"));
    }
    if report.admin_address.len() > TEXT_LEN_MAX {
        return Err(refuse("admin_address has more than 100 bytes"));
    }
    let name = match role {
        Role::Router => report.member.clone(),
        Role::Cell => PodKey::read(&report.member, &report.pod)?.to_string(),
    };
    Ok((role, name))
}

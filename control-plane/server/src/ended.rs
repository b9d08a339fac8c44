//! Sessions that were ended while access tokens of theirs may still be about: kept until the last of those has run out, and pushed to
//! every router.
//!
//! In memory only. Routers keep what they have heard; what a control plane forgets by dying is missing only in a router that starts
//! before those tokens have run out.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use base_ids::{ResourceId, Tenant};
use base_time::Timestamp;
use cp_store::Standing;
use parking_lot::Mutex;
use souk_proto_fleet::v1::{EndedSession, EndedSessions};
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::Status;

use crate::ControlPlane;

/// Most sessions in one message.
const BATCH_MAX: usize = 1_000;
/// Most that are kept; past them the oldest are forgotten.
const KEPT_MAX: usize = 1 << 20;
/// No token lives longer; a later time is a cell's mistake.
const UNTIL_MAX: Duration = Duration::from_hours(1);

/// The ended sessions, in the order in which they were told.
#[derive(Debug)]
pub(crate) struct Ended {
    kept: Mutex<Kept>,
    /// Changes when more are told.
    told: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Number of the first one in the list.
    first: u64,
    list: VecDeque<EndedSession>,
}

impl Default for Ended {
    fn default() -> Self {
        Self { kept: Mutex::default(), told: watch::Sender::new(()) }
    }
}

impl Ended {
    /// Takes what a cell says; all or nothing.
    pub(crate) fn take(&self, sessions: Vec<EndedSession>, now: Timestamp) -> Result<(), Status> {
        if sessions.len() > BATCH_MAX {
            let text = format!("{} sessions: at most {BATCH_MAX} in one message", sessions.len());
            return Err(Status::invalid_argument(text));
        }
        let sessions = sessions.into_iter().map(|session| checked(session, now));
        let sessions = sessions.collect::<Result<Vec<_>, _>>()?;
        let mut kept = self.kept.lock();
        kept.forget_run_out(now);
        kept.list.extend(sessions);
        kept.forget_past(KEPT_MAX);
        drop(kept);
        self.told.send_replace(());
        Ok(())
    }

    /// The next ones from that number on, as many as fit in a message, and the number after them.
    fn from(&self, number: u64, now: Timestamp) -> (Vec<EndedSession>, u64) {
        let mut kept = self.kept.lock();
        kept.forget_run_out(now);
        let skipped = number.saturating_sub(kept.first);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX).min(kept.list.len());
        let next: Vec<_> = kept.list.iter().skip(skipped).take(BATCH_MAX).cloned().collect();
        let after = kept.first + (skipped + next.len()) as u64;
        (next, after)
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.lock().list.len()
    }
}

impl Kept {
    /// Forgets those at the front whose tokens have run out. All tokens live equally long, so hardly any hides behind another.
    fn forget_run_out(&mut self, now: Timestamp) {
        let over = |session: &EndedSession| session.tokens_until_ms <= now.as_millis();
        while self.list.pop_front_if(|session| over(session)).is_some() {
            self.first += 1;
        }
    }

    fn forget_past(&mut self, len_max: usize) {
        let past = self.list.len().saturating_sub(len_max);
        self.list.drain(..past);
        self.first += past as u64;
    }
}

/// Waits until the control plane is something else among its like; for ever if there are none.
async fn changed(standings: &mut Option<watch::Receiver<Standing>>) {
    let Some(standings) = standings else { return std::future::pending().await };
    if standings.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn checked(session: EndedSession, now: Timestamp) -> Result<EndedSession, Status> {
    let refuse = |what: &str, text: &str| {
        Status::invalid_argument(format!(
            "{what} `{text}` is not one: nothing of the message is kept"
        ))
    };
    session.user.parse::<Tenant>().map_err(|_| refuse("user", &session.user))?;
    session.session.parse::<ResourceId>().map_err(|_| refuse("session", &session.session))?;
    let latest = now.after(UNTIL_MAX).as_millis();
    Ok(EndedSession { tokens_until_ms: session.tokens_until_ms.min(latest), ..session })
}

/// Pushes ended sessions to a router until the control plane stops.
pub(crate) fn push(
    plane: Arc<ControlPlane>,
) -> impl Stream<Item = Result<EndedSessions, Status>> + Send + 'static {
    let (told, standings) = (plane.ended().told.subscribe(), plane.standings());
    let mut push = Push { told, standings, plane, number: 0 };
    async_stream::try_stream! {
        loop {
            yield push.next().await?;
        }
    }
}

/// One router's stream.
struct Push {
    plane: Arc<ControlPlane>,
    told: watch::Receiver<()>,
    /// Nothing where one control plane is alone.
    standings: Option<watch::Receiver<Standing>>,
    /// Number of the first session that it has not been sent.
    number: u64,
}

impl Push {
    /// Waits until there is something to send.
    async fn next(&mut self) -> Result<EndedSessions, Status> {
        loop {
            self.told.mark_unchanged();
            let (sessions, after) = self.plane.ended().from(self.number, self.plane.now());
            self.number = after;
            if !sessions.is_empty() {
                return Ok(EndedSessions { sessions });
            }
            tokio::select! {
                () = self.plane.stopping().cancelled() => {
                    return Err(Status::unavailable("the control plane is stopping"));
                }
                // The senders live as long as the control plane.
                _ = self.told.changed() => {}
                // Sessions are told to the one that leads, so whoever wants to hear of them goes there.
                () = changed(&mut self.standings) => self.plane.unless_led_elsewhere()?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base_time::Timestamp;
    use souk_proto_fleet::v1::EndedSession;

    use super::{BATCH_MAX, Ended, Kept};

    fn session(number: i64, until: i64) -> EndedSession {
        EndedSession {
            user: "users/u1".to_owned(),
            session: format!("s{number}"),
            tokens_until_ms: until,
        }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn each_is_read_once_and_forgotten_when_its_tokens_have_run_out() {
        let ended = Ended::default();
        ended.take((0..3).map(|number| session(number, 100 + number)).collect(), at(0)).unwrap();
        let (first, after) = ended.from(0, at(0));
        assert_eq!((first.len(), after), (3, 3));
        ended.take(vec![session(3, 200)], at(101)).unwrap();
        assert_eq!(ended.from(after, at(101)), (vec![session(3, 200)], 4));
        let left: Vec<_> = ended.from(0, at(101)).0;
        assert_eq!(left, [session(2, 102), session(3, 200)], "for a router that starts now");
        assert_eq!((ended.from(0, at(300)), ended.len()), ((vec![], 4), 0));
    }

    #[test]
    fn messages_are_bounded_and_a_bad_one_leaves_nothing() {
        let ended = Ended::default();
        let many = |len| vec![session(0, 100); len];
        for _ in 0..2 {
            ended.take(many(BATCH_MAX), at(0)).unwrap();
        }
        let (first, after) = ended.from(0, at(0));
        assert_eq!((first.len(), after), (BATCH_MAX, BATCH_MAX as u64));
        let refused = ended.take(many(BATCH_MAX + 1), at(0)).unwrap_err();
        assert!(refused.message().contains("at most 1000"), "{refused}");
        let odd = EndedSession { user: "nobody".to_owned(), ..session(1, 100) };
        assert!(ended.take(vec![session(0, 100), odd], at(0)).is_err());
        assert_eq!(ended.len(), 2 * BATCH_MAX);
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_in_time() {
        let mut kept = Kept { first: 7, list: (0..5).map(|number| session(number, 9)).collect() };
        kept.forget_past(3);
        assert_eq!((kept.first, kept.list[0].session.as_str()), (9, "s2"));
        let ended = Ended::default();
        ended.take(vec![session(0, i64::MAX)], at(0)).unwrap();
        assert_eq!(ended.from(0, at(3_600_000)).0.len(), 0);
    }
}

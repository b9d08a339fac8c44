//! What one process keeps for itself: the whole of it where a cell is one process, and what is left where the others cannot be reached.

use std::{
    future::ready,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use moka::{Expiry, ops::compute::Op, sync::Cache};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128, xxh3_128_with_seed};

use super::{Arrival, Ephemeral, Pace, Welcome};

/// How much is kept at most; what was used least goes first.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Paces and ended sessions.
    pub notes: u64,
    /// Bytes of answers, their keys included.
    pub answer_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { notes: 100_000, answer_bytes: 32 << 20 }
    }
}

/// What is forgotten at a point in time.
#[derive(Clone)]
struct Until<T> {
    what: T,
    until: Instant,
}

struct AtItsTime;

impl<K, T> Expiry<K, Until<T>> for AtItsTime {
    fn expire_after_create(&self, _: &K, kept: &Until<T>, now: Instant) -> Option<Duration> {
        Some(kept.until.saturating_duration_since(now))
    }

    fn expire_after_update(
        &self,
        _: &K,
        kept: &Until<T>,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.until.saturating_duration_since(now))
    }
}

/// In the memory of this process.
pub struct Local {
    /// Until when what somebody has asked for counts, by a hash of who.
    paces: Cache<u128, Until<()>>,
    /// Sessions that were ended, by a hash of whose and which.
    ended: Cache<u128, Until<()>>,
    answers: Cache<String, Until<Vec<u8>>>,
}

impl Default for Local {
    fn default() -> Self {
        Self::new(Bounds::default())
    }
}

impl Local {
    /// Nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        let weigh = |key: &String, kept: &Until<Vec<u8>>| {
            u32::try_from(key.len() + kept.what.len()).unwrap_or(u32::MAX)
        };
        Self {
            paces: Cache::builder().max_capacity(bounds.notes).expire_after(AtItsTime).build(),
            ended: Cache::builder().max_capacity(bounds.notes).expire_after(AtItsTime).build(),
            answers: Cache::builder()
                .max_capacity(bounds.answer_bytes)
                .weigher(weigh)
                .expire_after(AtItsTime)
                .build(),
        }
    }

    fn is_over(&self, who: &str, session: &str) -> bool {
        let ended = self.ended.get(&session_key(who, session));
        ended.is_some_and(|note| note.until > Instant::now())
    }

    /// The generic cell rate algorithm: each call lengthens what counts by its part of the pace; what counts is never longer than a
    /// burst.
    fn take(&self, who: &str, pace: Pace) -> Welcome {
        let now = Instant::now();
        let mut welcome = Welcome::Come;
        self.paces.entry(xxh3_128(who.as_bytes())).and_compute_with(|kept| {
            let counts = kept.map_or(now, |kept| kept.into_value().until.max(now));
            let after = counts + pace.each();
            let too_soon = after.saturating_duration_since(now).saturating_sub(pace.whole());
            if too_soon.is_zero() {
                Op::Put(Until { what: (), until: after })
            } else {
                welcome = Welcome::After(too_soon);
                Op::Nop
            }
        });
        welcome
    }

    fn judge(&self, arrival: Arrival<'_>) -> Welcome {
        let Arrival { who, session, pace } = arrival;
        if session.is_some_and(|session| self.is_over(who, session)) {
            return Welcome::SessionEnded;
        }
        pace.map_or(Welcome::Come, |pace| self.take(who, pace))
    }
}

fn session_key(who: &str, session: &str) -> u128 {
    xxh3_128_with_seed(session.as_bytes(), xxh3_64(who.as_bytes()))
}

impl Ephemeral for Local {
    fn welcome<'a>(&'a self, arrival: Arrival<'a>) -> BoxFuture<'a, Welcome> {
        Box::pin(ready(self.judge(arrival)))
    }

    fn end_session<'a>(
        &'a self,
        who: &'a str,
        session: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, ()> {
        let note = Until { what: (), until: Instant::now() + lasts };
        self.ended.insert(session_key(who, session), note);
        Box::pin(ready(()))
    }

    fn recall<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Vec<u8>>> {
        let kept = self.answers.get(key).filter(|kept| kept.until > Instant::now());
        Box::pin(ready(kept.map(|kept| kept.what)))
    }

    fn remember<'a>(
        &'a self,
        key: &'a str,
        answer: &'a [u8],
        lasts: Duration,
    ) -> BoxFuture<'a, ()> {
        let kept = Until { what: answer.to_vec(), until: Instant::now() + lasts };
        self.answers.insert(key.to_owned(), kept);
        Box::pin(ready(()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bounds, Local};
    use crate::{
        conformance::ephemeral::{EphemeralSubject, laws},
        ephemeral::{Arrival, Ephemeral, Pace, Welcome},
    };

    struct One(Local, Local);

    impl EphemeralSubject for One {
        type Store = Local;

        fn pods(&self) -> [&Local; 2] {
            [&self.0, &self.0]
        }

        fn other_cell(&self) -> &Local {
            &self.1
        }

        async fn forget(&mut self) {
            self.0 = Local::default();
        }
    }

    #[tokio::test]
    async fn one_process_keeps_every_law() {
        assert_eq!(laws(async || One(Local::default(), Local::default())).await, 6);
    }

    #[tokio::test]
    async fn memory_is_bounded() {
        let local = Local::new(Bounds { notes: 100, answer_bytes: 10_000 });
        let pace = Some(Pace { per_minute: 1, burst: 1 });
        let long = Duration::from_hours(1);
        for number in 0..5_000 {
            let who = format!("users/u{number}");
            local.remember(&who, &[0; 500], long).await;
            local.end_session(&who, "s", long).await;
            let came = local.welcome(Arrival { who: &who, session: None, pace }).await;
            assert_eq!(came, Welcome::Come);
        }
        local.answers.run_pending_tasks();
        local.paces.run_pending_tasks();
        local.ended.run_pending_tasks();
        assert!(local.answers.weighted_size() <= 10_000);
        assert!(local.paces.entry_count() <= 100 && local.ended.entry_count() <= 100);
    }
}

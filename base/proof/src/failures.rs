//! Failures in a row: from the fifth on, each makes the next try wait longer.

use std::time::Duration;

use base_time::Timestamp;
use serde::{Deserialize, Serialize};

/// Failures are forgotten after this long without one.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);
/// The failure in a row from which on there is a lock.
const LOCK_FROM: u32 = 5;
/// How long the first lock lasts; each further failure doubles it.
const LOCK_MIN: Duration = Duration::from_mins(1);
/// How long a lock lasts at most: a stranger must not be able to keep the owner out for long.
const LOCK_MAX: Duration = Duration::from_hours(1);

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last: Timestamp,
    /// Until when nothing is looked at.
    pub locked_until: Option<Timestamp>,
}

impl Failures {
    /// Whether nothing is looked at now.
    pub fn locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| now < until)
    }

    /// One failure more.
    pub fn and_one(&self, now: Timestamp) -> Self {
        let before = if now.since(self.last) < FORGOTTEN_AFTER { self.count } else { 0 };
        let count = before.saturating_add(1);
        let doublings = count.saturating_sub(LOCK_FROM).min(16);
        let wait = LOCK_MIN.saturating_mul(1 << doublings).min(LOCK_MAX);
        let locked_until = (count >= LOCK_FROM).then(|| now.after(wait));
        Self { count, last: now, locked_until }
    }

    /// Whether this is the first of them that locks: the moment to tell the owner.
    pub fn begin_to_lock(&self) -> bool {
        self.count == LOCK_FROM
    }
}

#[cfg(test)]
mod tests {
    use base_time::Timestamp;

    use super::Failures;

    const MINUTE: i64 = 60_000;

    #[test]
    fn waits_grow_to_an_hour_and_are_forgotten_after_a_day() {
        let (mut failures, mut now, mut waits) = (Failures::default(), 0, Vec::new());
        for _ in 0..13 {
            failures = failures.and_one(Timestamp::from_millis(now));
            let wait = failures.locked_until.map_or(0, |until| until.as_millis() - now);
            waits.push(wait / MINUTE);
            now += wait;
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let next_day = failures.and_one(Timestamp::from_millis(now + 24 * 60 * MINUTE));
        assert_eq!((next_day.count, next_day.locked_until), (1, None));
    }

    #[test]
    fn somebody_who_never_rests_has_few_guesses_a_day() {
        let (mut failures, mut guesses) = (Failures::default(), 0);
        for minute in 0..24 * 60 {
            let now = Timestamp::from_millis(minute * MINUTE);
            while !failures.locked(now) {
                failures = failures.and_one(now);
                guesses += 1;
            }
        }
        assert_eq!(guesses, 33);
    }
}

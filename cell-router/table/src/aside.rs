//! A pod that could not be reached is passed over for a short while, longer each time; then one request finds out whether it is back.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// How long a pod is passed over the first time; doubled with each failure after that.
const FIRST_MS: u64 = 250;
/// How long it is passed over at most.
const MOST_MS: u64 = 5_000;
/// Doublings that lead beyond the most.
const TIMES_MAX: u64 = 8;

/// What is remembered of one pod's failures, in one word. Whoever asks brings the time, measured from any point that stays the same.
#[derive(Debug, Default)]
pub struct Aside(AtomicU64);

/// The word, read: 0 while nothing is held against the pod.
#[derive(Clone, Copy)]
struct Word {
    /// Until then it is passed over.
    until_ms: u64,
    /// Whether one request is finding out.
    probed: bool,
    /// How often in a row it was put aside.
    times: u64,
}

impl Word {
    fn read(word: u64) -> Self {
        Self { until_ms: word >> 8, probed: word & 0x80 != 0, times: word & 0x7f }
    }

    fn written(self) -> u64 {
        self.until_ms << 8 | u64::from(self.probed) << 7 | self.times
    }

    /// Passed over from `now_ms` on, as long as it has deserved.
    fn aside(self, now_ms: u64) -> Self {
        let span = (FIRST_MS << self.times.saturating_sub(1)).min(MOST_MS);
        Self { until_ms: now_ms + span, ..self }
    }
}

impl Aside {
    /// Whether it may be sent something. If its time aside has just ended, one asker hears yes, and nobody else until it is known how
    /// that went; if that is never known, for as long as if it had failed.
    pub fn may_try(&self, now: Duration) -> bool {
        let (word, now_ms) = (self.0.load(Ordering::Acquire), millis(now));
        if word == 0 {
            return true;
        }
        let known = Word::read(word);
        if now_ms < known.until_ms {
            return false;
        }
        let times = (known.times + u64::from(known.probed)).min(TIMES_MAX);
        let probed = Word { times, probed: true, ..known }.aside(now_ms).written();
        self.0.compare_exchange(word, probed, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Whether anything is held against it: what it is sent finds out whether it is back.
    pub fn is_doubted(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }

    /// Whether it is passed over at `now`.
    pub fn is_aside(&self, now: Duration) -> bool {
        Word::read(self.0.load(Ordering::Acquire)).until_ms > millis(now)
    }

    /// It could not be reached, or broke off. What fails while it is passed over was sent before, and counts no more.
    pub fn failed(&self, now: Duration) {
        let now_ms = millis(now);
        let next = |word| {
            let known = Word::read(word);
            let counts = known.probed || known.until_ms <= now_ms;
            let times = (known.times + 1).min(TIMES_MAX);
            counts.then(|| Word { times, probed: false, ..known }.aside(now_ms).written())
        };
        // Somebody else may have counted the same failure.
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
    }

    /// It answered: nothing is held against it any more.
    pub fn answered(&self) {
        if self.0.load(Ordering::Acquire) != 0 {
            self.0.store(0, Ordering::Release);
        }
    }
}

fn millis(now: Duration) -> u64 {
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX >> 8)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Aside;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_pod_of_which_nothing_bad_is_known_may_always_be_tried() {
        let pod = Aside::default();
        assert!((0..10).all(|_| pod.may_try(ms(0))));
        assert!(!pod.is_aside(ms(0)));
    }

    #[test]
    fn a_pod_that_failed_is_passed_over_and_then_one_request_finds_out() {
        let pod = Aside::default();
        pod.failed(ms(1_000));
        assert!(pod.is_aside(ms(1_249)) && !pod.may_try(ms(1_249)));
        assert!(pod.is_doubted());
        assert!(pod.may_try(ms(1_250)), "one finds out");
        assert!(!pod.may_try(ms(1_250)), "and only one");
        pod.answered();
        assert!(pod.may_try(ms(1_251)) && pod.may_try(ms(1_251)));
        assert!(!pod.is_doubted());
    }

    #[test]
    fn a_pod_that_stays_away_is_asked_less_and_less_often_within_a_bound() {
        let (pod, mut now, mut spans) = (Aside::default(), 0, Vec::new());
        for _ in 0..20 {
            // All that were in flight fail together.
            (0..5).for_each(|_| pod.failed(ms(now)));
            let back = (now..=now + 10_000).find(|later| pod.may_try(ms(*later))).unwrap();
            spans.push(back - now);
            now = back;
        }
        assert_eq!(spans[..6], [250, 500, 1_000, 2_000, 4_000, 5_000]);
        assert!(spans[6..].iter().all(|span| *span == 5_000));
        pod.answered();
        pod.failed(ms(now));
        assert!(pod.may_try(ms(now + 250)), "it begins anew");
    }

    #[test]
    fn a_request_that_finds_out_and_never_ends_is_followed_by_another() {
        let pod = Aside::default();
        pod.failed(ms(0));
        assert!(pod.may_try(ms(300)));
        assert!(!pod.may_try(ms(549)));
        assert!(pod.may_try(ms(550)), "as long as the first time");
        assert!(!pod.may_try(ms(1_049)));
        assert!(pod.may_try(ms(1_050)), "and then twice as long");
    }
}

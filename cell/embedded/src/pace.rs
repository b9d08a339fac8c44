//! Where the time of a group goes, phase by phase: for whoever asks why a write was slow.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// What the writer does for a group, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waits for those who come back with their next write.
    Gather,
    /// Checks each write and puts the batch together.
    Check,
    /// Writes the log, syncs it and fills the memtable, while nothing is written out or merged.
    Commit,
    /// The same while tables are written out or merged.
    CommitBeside,
    /// Writes the mark; every so often syncs it.
    Mark,
    /// Changes the memtable; most groups do not.
    Rotate,
    /// Sends the answers.
    Answer,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Gather,
        Self::Check,
        Self::Commit,
        Self::CommitBeside,
        Self::Mark,
        Self::Rotate,
        Self::Answer,
    ];
}

/// Steps per power of two: what is read from a histogram is at most an eighth too much.
const STEPS: u32 = 8;
/// Up to 2^24 µs, 17 seconds; what took longer counts as that.
const BUCKETS: usize = 24 * STEPS as usize;

/// How long each phase took, of all groups so far.
pub(crate) struct Pace {
    buckets: [[AtomicU64; BUCKETS]; Phase::ALL.len()],
    total_ns: [AtomicU64; Phase::ALL.len()],
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            buckets: array::from_fn(|_| array::from_fn(|_| AtomicU64::new(0))),
            total_ns: array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl Pace {
    /// Notes that a phase began at `since` and has ended; returns when.
    pub(crate) fn note(&self, phase: Phase, since: Instant) -> Instant {
        let now = Instant::now();
        let took = now - since;
        let place = phase as usize;
        self.buckets[place][bucket(took)].fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.total_ns[place].fetch_add(nanos, Ordering::Relaxed);
        now
    }

    pub(crate) fn read(&self, phase: Phase) -> Durations {
        let place = phase as usize;
        Durations {
            counts: self.buckets[place].iter().map(|count| count.load(Ordering::Relaxed)).collect(),
            total: Duration::from_nanos(self.total_ns[place].load(Ordering::Relaxed)),
        }
    }
}

fn bucket(took: Duration) -> usize {
    let us = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
    if us < STEPS {
        return us as usize;
    }
    // Between two powers of two lie `STEPS` buckets of the same width.
    let power = us.ilog2();
    let step = (us >> (power - STEPS.ilog2())) - STEPS;
    let place = (power - STEPS.ilog2() + 1) * STEPS + step;
    (place as usize).min(BUCKETS - 1)
}

/// The longest time that falls into a bucket.
fn bound(bucket: usize) -> Duration {
    let (power, step) = (bucket as u64 / u64::from(STEPS), bucket as u64 % u64::from(STEPS));
    let us = match power.checked_sub(1) {
        None => step + 1,
        Some(shift) => (u64::from(STEPS) + step + 1) << shift,
    };
    Duration::from_micros(us)
}

/// How often something took how long.
#[derive(Clone, Debug)]
pub struct Durations {
    counts: Vec<u64>,
    total: Duration,
}

impl Durations {
    /// How often it happened.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How long it took altogether.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// The time within which `per_mille` of a thousand ended; at most an eighth too long. Zero if it never happened.
    pub fn within(&self, per_mille: u64) -> Duration {
        let wanted = (self.count() * per_mille).div_ceil(1000);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted && seen > 0
        });
        found.map_or(Duration::ZERO, bound)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BUCKETS, Pace, Phase, bound, bucket};

    #[test]
    fn a_time_falls_into_the_bucket_whose_bound_is_next_above_it() {
        for us in (0..200).chain([1_000, 4_095, 4_096, 65_537, 9_999_999]) {
            let took = Duration::from_micros(us);
            let above = bound(bucket(took));
            assert!(took < above, "{us}: {above:?}");
            assert!(above <= took + took / 8 + Duration::from_micros(1), "{us}: {above:?}");
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }

    #[test]
    fn of_what_never_happened_there_is_nothing_to_tell() {
        let never = Pace::default().read(Phase::Mark);
        assert_eq!((never.count(), never.within(990)), (0, Duration::ZERO));
    }
}

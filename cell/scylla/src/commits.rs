//! Numbers of commits: milliseconds, then the pod, then a sequence; rising within a pod whatever its clock does.

use std::{collections::BTreeSet, sync::Arc};

use base_time::{Clock, Timestamp};
use parking_lot::Mutex;

/// Most pods that a cell can have at once.
pub(crate) const PODS_MAX: i32 = 1 << POD_BITS;
/// Since when commits count milliseconds: the first of January 2024.
const SINCE: i64 = 1_704_067_200_000;
const POD_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;
const SEQUENCE: u64 = (1 << SEQUENCE_BITS) - 1;

/// A commit's number, as the stores of a cell know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Commit(pub(crate) u64);

impl Commit {
    pub(crate) fn first_of(millis: u64, pod: i32) -> Self {
        let pod = u64::from(pod.unsigned_abs()) & ((1 << POD_BITS) - 1);
        Self(millis << (POD_BITS + SEQUENCE_BITS) | pod << SEQUENCE_BITS)
    }

    /// Which pod made it.
    pub(crate) fn pod(self) -> i32 {
        let pod = self.0 >> SEQUENCE_BITS & ((1 << POD_BITS) - 1);
        i32::try_from(pod).expect("ten bits fit")
    }

    /// The minute of it.
    pub(crate) fn minute(self) -> i64 {
        i64::try_from(self.millis() / 60_000).expect("42 bits fit")
    }

    /// The last one of a minute, of any pod.
    pub(crate) fn last_of(minute: i64) -> Self {
        let next = u64::try_from(minute + 1).unwrap_or(0) * 60_000;
        Self((next << (POD_BITS + SEQUENCE_BITS)).saturating_sub(1))
    }

    fn millis(self) -> u64 {
        self.0 >> (POD_BITS + SEQUENCE_BITS)
    }

    /// As the engine keeps it, and as the clock of what it brings with it. Times until 2093 fit.
    pub(crate) fn as_clock(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    pub(crate) fn from_clock(clock: i64) -> Self {
        Self(u64::try_from(clock).unwrap_or(0))
    }
}

/// Numbers the commits of one pod, and knows which of them are not finished.
pub(crate) struct Commits {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

struct State {
    pod: i32,
    last: u64,
    open: BTreeSet<Commit>,
}

impl Commits {
    /// For that pod, behind everything that its place has numbered before.
    pub(crate) fn of(clock: Arc<dyn Clock>, pod: i32, behind: Commit) -> Self {
        let state = State { pod, last: behind.0, open: BTreeSet::new() };
        Self { state: Mutex::new(state), clock }
    }

    /// Goes on under another pod's number, behind everything that it and this one have numbered.
    pub(crate) fn go_on_as(&self, pod: i32, behind: Commit) {
        let mut state = self.state.lock();
        (state.pod, state.last) = (pod, state.last.max(behind.0));
    }

    /// The next number, of a commit that is begun.
    pub(crate) fn begin(&self) -> Commit {
        let mut state = self.state.lock();
        let next = state.next(&*self.clock);
        state.last = next.0;
        state.open.insert(next);
        next
    }

    /// A commit is finished: nothing of it is left to be made true.
    pub(crate) fn end(&self, commit: Commit) {
        self.state.lock().open.remove(&commit);
    }

    /// Every commit up to this one is finished, and every later one is above it.
    pub(crate) fn floor(&self) -> Commit {
        let state = self.state.lock();
        let next = state.open.first().copied().unwrap_or_else(|| state.next(&*self.clock));
        Commit(next.0 - 1)
    }

    /// What the next number would be.
    pub(crate) fn now(&self) -> Commit {
        self.state.lock().next(&*self.clock)
    }
}

impl State {
    fn next(&self, clock: &dyn Clock) -> Commit {
        after((self.pod, self.last), clock.now())
    }
}

fn after((pod, last): (i32, u64), now: Timestamp) -> Commit {
    let millis = u64::try_from(now.as_millis() - SINCE).unwrap_or(0);
    let fresh = Commit::first_of(millis, pod);
    let last = Commit(last);
    if fresh > last {
        fresh
    } else if last.pod() == pod && last.0 & SEQUENCE < SEQUENCE {
        Commit(last.0 + 1)
    } else {
        // The clock stands or went back: time goes on here alone.
        Commit::first_of(last.millis() + 1, pod)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base_time::{SystemClock, Timestamp};

    use super::{Commit, SEQUENCE, after};

    const NOON: i64 = 1_795_262_400_000;

    fn of(pod: i32) -> super::Commits {
        super::Commits::of(Arc::new(SystemClock), pod, Commit(0))
    }

    #[test]
    fn a_commit_tells_its_pod_and_its_minute() {
        let commit = after((513, 0), Timestamp::from_millis(NOON));
        assert_eq!(commit.pod(), 513);
        assert_eq!(commit.minute(), (NOON - super::SINCE) / 60_000);
        assert_eq!(Commit::from_clock(commit.as_clock()), commit);
        let last = Commit::last_of(commit.minute());
        assert!(last >= commit && last.minute() == commit.minute());
        assert_eq!(Commit(last.0 + 1).minute(), commit.minute() + 1);
    }

    #[test]
    fn numbers_rise_while_the_clock_stands_runs_or_goes_back() {
        let mut last = 0;
        for (turn, millis) in [0, 0, 5, -300_000, -300_000, 6].into_iter().enumerate() {
            for _ in 0..3 * SEQUENCE {
                let next = after((7, last), Timestamp::from_millis(NOON + millis));
                assert!(next.0 > last, "turn {turn}");
                assert_eq!(next.pod(), 7);
                last = next.0;
            }
        }
    }

    #[test]
    fn another_pod_goes_on_behind_both() {
        let commits = of(3);
        let before = commits.begin();
        commits.go_on_as(1, Commit(before.0 + (1 << 40)));
        let next = commits.begin();
        assert!(next.0 > before.0 + (1 << 40));
        assert_eq!(next.pod(), 1);
    }

    #[test]
    fn the_floor_waits_for_what_is_not_finished() {
        let commits = of(3);
        let (first, second) = (commits.begin(), commits.begin());
        commits.end(second);
        assert!(commits.floor() < first);
        commits.end(first);
        let floor = commits.floor();
        assert!(floor >= second && commits.begin() > floor);
    }
}

//! The circuit breaker of one cell: closed while it answers, open while it does not, half-open to find out whether it does again.
//!
//! Only what says that the cell is not there counts as a failure: no connection, a connection that broke, no answer in time. An
//! answer, whatever its status, is a success: a bug in one route must not take the cell from all its tenants.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerConfig {
    /// Failures in a row that open it.
    pub failures_in_a_row: u32,
    /// Percentage of failures in the window that opens it, once there were `requests_least` since the first failure.
    pub failures_percent: u32,
    /// Requests in the window that make a percentage worth looking at.
    pub requests_least: u32,
    /// Length of the window, in milliseconds.
    pub window_ms: u64,
    /// How long it stays open the first time, in milliseconds; doubled each time that a probe fails.
    pub open_ms: u64,
    /// How long it stays open at most, in milliseconds.
    pub open_ms_max: u64,
    /// Requests that are let through at once to find out, and that must succeed for it to close.
    pub probes: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failures_in_a_row: 8,
            failures_percent: 50,
            requests_least: 40,
            window_ms: 10_000,
            open_ms: 500,
            open_ms_max: 10_000,
            probes: 3,
        }
    }
}

/// Whether a request may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Pass,
    /// It may, and finds out whether the cell answers; how it ended must be told, or that it never began.
    Probe,
    /// It may not; try again after this long.
    Open(Duration),
}

/// A circuit breaker.
#[derive(Debug)]
pub struct Breaker {
    config: BreakerConfig,
    /// While false there is nothing to remember, and success costs no lock.
    troubled: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    in_a_row: u32,
    since: Duration,
    failed: u32,
    ended: u32,
    /// How often in a row it opened without closing.
    times: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Duration },
    HalfOpen { out: u32, good: u32 },
}

impl Breaker {
    /// A closed breaker.
    pub fn new(config: BreakerConfig) -> Self {
        let inner = Inner {
            state: State::Closed,
            in_a_row: 0,
            since: Duration::ZERO,
            failed: 0,
            ended: 0,
            times: 0,
        };
        Self { config, troubled: AtomicBool::new(false), inner: Mutex::new(inner) }
    }

    /// Asks to pass.
    pub fn ask(&self, now: Duration) -> Verdict {
        if !self.troubled.load(Ordering::Acquire) {
            return Verdict::Pass;
        }
        let mut inner = self.inner.lock();
        match inner.state {
            State::Closed => Verdict::Pass,
            State::Open { until } if now < until => Verdict::Open(until.saturating_sub(now)),
            State::Open { .. } => {
                inner.state = State::HalfOpen { out: 1, good: 0 };
                Verdict::Probe
            }
            State::HalfOpen { out, good } if out + good < self.config.probes.max(1) => {
                inner.state = State::HalfOpen { out: out + 1, good };
                Verdict::Probe
            }
            State::HalfOpen { .. } => Verdict::Open(Duration::from_millis(self.config.open_ms)),
        }
    }

    /// A request was answered.
    pub fn succeeded(&self, probe: bool, now: Duration) {
        if !self.troubled.load(Ordering::Acquire) {
            return;
        }
        let mut inner = self.inner.lock();
        inner.in_a_row = 0;
        match inner.state {
            State::HalfOpen { out, good } if probe => {
                let good = good + 1;
                inner.state = State::HalfOpen { out: out.saturating_sub(1), good };
                if good >= self.config.probes.max(1) {
                    inner.close();
                    self.troubled.store(false, Ordering::Release);
                }
            }
            State::Closed => {
                inner.ended = inner.ended.saturating_add(1);
                // A window without trouble: nothing is left to remember.
                if now.saturating_sub(inner.since) >= Duration::from_millis(self.config.window_ms) {
                    inner.close();
                    self.troubled.store(false, Ordering::Release);
                }
            }
            _ => {}
        }
    }

    /// A request found nobody, or no answer. Returns whether that opened the breaker.
    pub fn failed(&self, probe: bool, now: Duration) -> bool {
        let mut inner = self.inner.lock();
        self.troubled.store(true, Ordering::Release);
        inner.in_a_row = inner.in_a_row.saturating_add(1);
        match inner.state {
            State::HalfOpen { .. } if probe => self.open(&mut inner, now),
            State::Closed => {
                if now.saturating_sub(inner.since) >= Duration::from_millis(self.config.window_ms) {
                    (inner.since, inner.failed, inner.ended) = (now, 0, 0);
                }
                inner.failed += 1;
                inner.ended = inner.ended.saturating_add(1);
                let percent = inner.failed.saturating_mul(100) / inner.ended.max(1);
                let mostly = inner.ended >= self.config.requests_least
                    && percent >= self.config.failures_percent;
                if mostly || inner.in_a_row >= self.config.failures_in_a_row.max(1) {
                    self.open(&mut inner, now);
                    return true;
                }
                return false;
            }
            // Sent before it opened.
            _ => return false,
        }
        true
    }

    /// A probe ended without saying anything about the cell: its client left.
    pub fn abandoned(&self) {
        let mut inner = self.inner.lock();
        if let State::HalfOpen { out, good } = inner.state {
            inner.state = State::HalfOpen { out: out.saturating_sub(1), good };
        }
    }

    /// Whether requests are refused at `now`.
    pub fn is_open(&self, now: Duration) -> bool {
        matches!(self.inner.lock().state, State::Open { until } if now < until)
    }

    fn open(&self, inner: &mut Inner, now: Duration) {
        let longer = 1_u64.checked_shl(inner.times).unwrap_or(u64::MAX);
        let millis = self.config.open_ms.saturating_mul(longer).min(self.config.open_ms_max);
        inner.times = (inner.times + 1).min(32);
        inner.state = State::Open { until: now + Duration::from_millis(millis) };
    }
}

impl Inner {
    fn close(&mut self) {
        *self = Self {
            state: State::Closed,
            in_a_row: 0,
            since: Duration::ZERO,
            failed: 0,
            ended: 0,
            times: 0,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Breaker, BreakerConfig, Verdict};

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn breaker() -> Breaker {
        Breaker::new(BreakerConfig::default())
    }

    fn opened() -> Breaker {
        let breaker = breaker();
        let opened = (0..8).filter(|_| breaker.failed(false, ms(1000))).count();
        assert_eq!(opened, 1);
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_answers_between_them_do_not() {
        let breaker = breaker();
        for _ in 0..100 {
            for _ in 0..5 {
                // Five of fourteen are below a half.
                assert!(!breaker.failed(false, ms(0)));
            }
            for _ in 0..9 {
                breaker.succeeded(false, ms(0));
            }
        }
        assert_eq!(breaker.ask(ms(0)), Verdict::Pass);
        let breaker = opened();
        assert_eq!(breaker.ask(ms(1200)), Verdict::Open(ms(300)));
        assert!(breaker.is_open(ms(1200)) && !breaker.is_open(ms(1500)));
    }

    #[test]
    fn a_cell_that_fails_every_second_time_opens_it() {
        let breaker = breaker();
        let opened = (0..100).any(|_| {
            breaker.succeeded(false, ms(5));
            breaker.failed(false, ms(5))
        });
        assert!(opened);
    }

    #[test]
    fn a_few_probes_find_out_and_close_it() {
        let breaker = opened();
        for _ in 0..3 {
            assert_eq!(breaker.ask(ms(1500)), Verdict::Probe);
        }
        assert!(matches!(breaker.ask(ms(1500)), Verdict::Open(_)), "not more at once");
        breaker.succeeded(true, ms(1510));
        breaker.succeeded(true, ms(1510));
        assert!(matches!(breaker.ask(ms(1510)), Verdict::Open(_)));
        breaker.succeeded(true, ms(1510));
        assert_eq!(breaker.ask(ms(1510)), Verdict::Pass);
    }

    #[test]
    fn a_probe_that_fails_opens_it_for_longer_and_one_that_is_given_up_makes_room() {
        let breaker = opened();
        assert_eq!(breaker.ask(ms(1500)), Verdict::Probe);
        assert!(breaker.failed(true, ms(1500)));
        assert_eq!(breaker.ask(ms(1500)), Verdict::Open(ms(1000)));
        for _ in 0..20 {
            assert_eq!(breaker.ask(ms(2500)), Verdict::Probe);
            breaker.abandoned();
        }
        let mut now = 2500;
        for _ in 0..10 {
            assert_eq!(breaker.ask(ms(now)), Verdict::Probe);
            breaker.failed(true, ms(now));
            now += 10_000;
        }
        breaker.ask(ms(now));
        breaker.failed(true, ms(now));
        assert_eq!(breaker.ask(ms(now)), Verdict::Open(ms(10_000)), "and no longer than that");
    }

    #[test]
    fn what_was_sent_before_it_opened_says_nothing_new() {
        let breaker = opened();
        assert!(!breaker.failed(false, ms(1100)));
        breaker.succeeded(false, ms(1100));
        assert_eq!(breaker.ask(ms(1200)), Verdict::Open(ms(300)));
    }

    proptest! {
        /// Whatever happens, after its longest time it lets somebody find out, and a cell that answers gets all requests again.
        #[test]
        fn it_never_stays_shut(steps in prop::collection::vec((0_u8..4, 0_u64..2_000), 0..400)) {
            let breaker = breaker();
            let (mut now, mut probes) = (0, 0_u32);
            for (step, gap) in steps {
                now += gap;
                match step {
                    0 => { breaker.failed(false, ms(now)); }
                    1 => breaker.succeeded(false, ms(now)),
                    _ => if breaker.ask(ms(now)) == Verdict::Probe {
                        probes += 1;
                        if step == 2 { breaker.failed(true, ms(now)); } else { breaker.abandoned(); }
                    },
                }
            }
            prop_assert!(probes <= 400);
            now += 10_000;
            for _ in 0..3 {
                if breaker.ask(ms(now)) == Verdict::Probe {
                    breaker.succeeded(true, ms(now));
                }
            }
            prop_assert_eq!(breaker.ask(ms(now)), Verdict::Pass);
        }
    }
}

//! How many requests a cell is given at once: an adaptive concurrency limit by the gradient of its latency (Gradient2).
//!
//! Each window's mean latency is set against a long average of the same class of routes, so that a change of the mix of routes is
//! not taken for a change of the cell. While the cell is as fast as usual the limit grows by its square root; when it is more than
//! `tolerance` times slower, the limit shrinks by the ratio; when the cell says that it has too much to do, or says nothing at all,
//! it shrinks by a tenth. A cell that is not near its limit tells nothing, and the limit stays.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::RouteClass;

/// Bounds of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GradientConfig {
    /// Requests at once that a cell is always given.
    pub least: u32,
    /// Requests at once that a cell is given before anything is known of it.
    pub first: u32,
    /// Requests at once that a cell is given at most.
    pub most: u32,
    /// How many times slower than usual, in percent, a cell may be before it is given less.
    pub tolerance_percent: u32,
}

impl Default for GradientConfig {
    fn default() -> Self {
        Self { least: 16, first: 256, most: 1_024, tolerance_percent: 200 }
    }
}

/// Shortest window, and fewest answers in one.
const WINDOW: Duration = Duration::from_millis(100);
const ANSWERS_LEAST: u32 = 16;
/// Weight of a window in the long average: about 600 windows, a minute or more.
const LONG: f64 = 2.0 / 601.0;
/// Weight of a window in the limit.
const SMOOTHING: f64 = 0.2;
const CLASSES: usize = RouteClass::ALL.len();

/// The adaptive limit of one cell.
#[derive(Debug)]
pub struct Gradient {
    config: GradientConfig,
    limit: f64,
    /// Usual latency by class, in seconds; 0 while it is not known.
    usual: [f64; CLASSES],
    since: Duration,
    window: Window,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    sum: [f64; CLASSES],
    count: [u32; CLASSES],
    at_once_max: u32,
    overloaded: bool,
}

impl Gradient {
    /// The limit of a cell of which nothing is known yet.
    pub fn new(config: GradientConfig) -> Self {
        let limit = f64::from(config.first.clamp(config.least, config.most));
        let since = Duration::ZERO;
        Self { config, limit, usual: [0.0; CLASSES], since, window: Window::default() }
    }

    /// Requests at once that the cell is given.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between least and most"
    )]
    pub fn limit(&self) -> u32 {
        self.limit as u32
    }

    /// The cell answered a request of `class` after `latency`, while it had `at_once` in all. Returns the limit.
    pub fn answered(
        &mut self,
        class: RouteClass,
        latency: Duration,
        at_once: u32,
        now: Duration,
    ) -> u32 {
        self.window.sum[class.index()] += latency.as_secs_f64();
        self.window.count[class.index()] += 1;
        self.close_if_over(at_once, now)
    }

    /// The cell said that it has too much to do, or did not answer in time. Returns the limit.
    pub fn overloaded(&mut self, at_once: u32, now: Duration) -> u32 {
        self.window.overloaded = true;
        self.close_if_over(at_once, now)
    }

    fn close_if_over(&mut self, at_once: u32, now: Duration) -> u32 {
        self.window.at_once_max = self.window.at_once_max.max(at_once);
        let answers: u32 = self.window.count.iter().sum();
        let long_enough = now.saturating_sub(self.since) >= WINDOW;
        if long_enough && (answers >= ANSWERS_LEAST || self.window.overloaded) {
            let window = std::mem::take(&mut self.window);
            self.since = now;
            self.learn(&window);
        }
        self.limit()
    }

    fn learn(&mut self, window: &Window) {
        let slower = self.slower(window);
        let (least, most) = (f64::from(self.config.least), f64::from(self.config.most));
        if window.overloaded {
            self.limit *= 0.9;
        } else if f64::from(window.at_once_max) * 2.0 >= self.limit {
            let tolerance = f64::from(self.config.tolerance_percent.max(100)) / 100.0;
            let gradient = (tolerance / slower).clamp(0.5, 1.0);
            let next = self.limit * gradient + self.limit.sqrt();
            self.limit = self.limit * (1.0 - SMOOTHING) + next * SMOOTHING;
        }
        self.limit = self.limit.clamp(least, most);
    }

    /// How many times slower than usual the window was; takes it into what is usual.
    fn slower(&mut self, window: &Window) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for class in 0..CLASSES {
            if window.count[class] == 0 {
                continue;
            }
            let answers = f64::from(window.count[class]);
            let mean = window.sum[class] / answers;
            let usual = &mut self.usual[class];
            if *usual <= 0.0 {
                *usual = mean.max(f64::MIN_POSITIVE);
            }
            sum += answers * (mean / *usual);
            count += answers;
            // A cell that has become faster is known as such at once; one that has become slower, only slowly.
            *usual = if mean < *usual {
                f64::midpoint(*usual, mean)
            } else {
                *usual + LONG * (mean - *usual)
            };
            *usual = usual.max(f64::MIN_POSITIVE);
        }
        if count > 0.0 { sum / count } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Gradient, GradientConfig};
    use crate::RouteClass;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// `windows` windows of 20 answers that took `latency` while `at_once` were out; the limit after them.
    fn feed(
        gradient: &mut Gradient,
        now: &mut u64,
        windows: u32,
        latency: u64,
        at_once: u32,
    ) -> u32 {
        for _ in 0..windows {
            *now += 100;
            for _ in 0..20 {
                gradient.answered(RouteClass::Read, ms(latency), at_once, ms(*now));
            }
        }
        gradient.limit()
    }

    #[test]
    fn it_grows_while_the_cell_keeps_up_and_shrinks_when_it_does_not() {
        let (mut gradient, mut now) = (Gradient::new(GradientConfig::default()), 0);
        let grown = feed(&mut gradient, &mut now, 50, 10, 256);
        assert!(grown > 256, "{grown}");
        let shrunk = feed(&mut gradient, &mut now, 30, 100, grown);
        assert!(shrunk < grown / 2, "{shrunk} after {grown}");
        let back = feed(&mut gradient, &mut now, 60, 10, shrunk.max(200));
        assert!(back > shrunk, "{back} after {shrunk}");
    }

    #[test]
    fn a_cell_with_little_to_do_tells_nothing() {
        let (mut gradient, mut now) = (Gradient::new(GradientConfig::default()), 0);
        feed(&mut gradient, &mut now, 10, 1, 2);
        assert_eq!(feed(&mut gradient, &mut now, 50, 500, 2), 256);
    }

    #[test]
    fn a_dearer_mix_of_routes_is_no_slower_cell() {
        let (mut gradient, mut now) = (Gradient::new(GradientConfig::default()), 0_u64);
        feed(&mut gradient, &mut now, 10, 1, 256);
        let before = gradient.limit();
        for _ in 0..30 {
            now += 100;
            for _ in 0..20 {
                gradient.answered(RouteClass::Checkout, ms(80), 256, ms(now));
            }
        }
        assert!(gradient.limit() >= before);
    }

    #[test]
    fn silence_and_busy_shrink_it_once_a_window() {
        let mut gradient = Gradient::new(GradientConfig::default());
        for _ in 0..100 {
            gradient.overloaded(10, ms(100));
        }
        assert_eq!(gradient.limit(), 230);
        for window in 2..200 {
            gradient.overloaded(10, ms(100 * window));
        }
        assert_eq!(gradient.limit(), 16, "and never below the least");
    }

    proptest! {
        #[test]
        fn it_stays_within_its_bounds(steps in prop::collection::vec((0_u64..5_000, 0_u32..5_000, any::<bool>()), 0..500)) {
            let mut gradient = Gradient::new(GradientConfig::default());
            let mut now = 0;
            for (latency, at_once, overloaded) in steps {
                now += 37;
                if overloaded {
                    gradient.overloaded(at_once, ms(now));
                } else {
                    gradient.answered(RouteClass::Write, ms(latency), at_once, ms(now));
                }
                prop_assert!((16..=1_024).contains(&gradient.limit()));
            }
        }
    }
}

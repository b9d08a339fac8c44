//! Time that stands still until everybody waits for it, and then jumps.

use std::time::Duration;

use base_time::{Clock, Timestamp};
use tokio::time::Instant;

/// When every world begins: a Monday morning in Casablanca.
pub(crate) const BEGINNING: Timestamp = Timestamp::from_millis(1_795_420_800_000);

/// The runtime's paused time, counted from a day that the world has reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VirtualClock {
    began: Timestamp,
    start: Instant,
}

impl VirtualClock {
    /// It is `now`. Call it inside a runtime whose time is paused.
    pub(crate) fn at(now: Timestamp) -> Self {
        Self { began: now, start: Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.began.after(self.start.elapsed())
    }
}

/// Waits.
pub(crate) async fn millis(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

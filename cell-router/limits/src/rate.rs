//! A rate: so many a second on average, so many at once.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How much a token bucket holds and how fast it fills again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests a second in the long run; more than 0.
    pub per_second: u32,
    /// Requests at once, when nothing was asked for a while; more than 0.
    pub burst: u32,
}

const NANOS: u64 = 1_000_000_000;

impl Rate {
    /// A rate.
    pub const fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second, burst }
    }

    /// What is wrong with it, if anything.
    pub fn mistake(self) -> Option<&'static str> {
        match (self.per_second, self.burst) {
            (0, _) => Some("per_second must be more than 0"),
            (_, 0) => Some("burst must be more than 0"),
            (1_000_001.., _) | (_, 1_000_001..) => Some("must be at most 1000000"),
            _ => None,
        }
    }

    /// How long one request takes to be forgotten, in nanoseconds.
    pub(crate) fn each(self) -> u64 {
        NANOS / u64::from(self.per_second.max(1))
    }

    /// How long a full burst takes to be forgotten, in nanoseconds.
    pub(crate) fn whole(self) -> u64 {
        self.each() * u64::from(self.burst.max(1))
    }

    /// How long an empty bucket takes to be full.
    pub fn window(self) -> Duration {
        Duration::from_nanos(self.whole())
    }
}

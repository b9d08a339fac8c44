//! The runtime's bounds: how much waits, how long, how often.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The runtime's bounds. Every one is enforced; what is over a bound is refused with a clear word or waits in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Streams that each service holds in memory.
    pub streams_in_memory_max: usize,
    /// Commands of one service that run or wait at once; more are refused as busy.
    pub commands_per_service_max: usize,
    /// How often a command that lost a race is decided again.
    pub races_max: u32,
    /// Milliseconds that gathering the facts of one decision may take.
    pub gather_ms_max: u64,
    /// How often a message or call that fails for its own reason is tried before it is parked. Unreachable cells do not count, nor
    /// does what asks to be tried later.
    pub tries_max: u32,
    /// First wait before another try, in milliseconds; doubled each time.
    pub retry_ms_min: u64,
    /// Longest wait before another try, in milliseconds.
    pub retry_ms_max: u64,
    /// Longest wait before another try of what asks to be tried later (an outage of somebody we depend on), in milliseconds.
    pub outage_ms_max: u64,
    /// How old what asks to be tried later may become before it is parked, in hours.
    pub outage_hours_max: u64,
    /// Outbox entries that are on their way at once; more wait in the store.
    pub errands_max: usize,
    /// Messages that wait in memory for one cell; more wait in the store.
    pub lane_max: usize,
    /// Messages in one delivery to another cell.
    pub delivery_max: usize,
    /// Messages from the queue between the cell's processes that are heard or wait to be heard at once; more wait in the queue.
    pub intake_max: usize,
    /// Calls to the outside world at once, per service.
    pub effects_max: usize,
    /// Hours that the answer under an idempotency key is kept.
    pub reply_hours: u64,
    /// Events behind a snapshot before a new one is taken, at least.
    pub snapshot_events_min: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            streams_in_memory_max: 20_000,
            commands_per_service_max: 4_096,
            races_max: 8,
            gather_ms_max: 5_000,
            tries_max: 10,
            retry_ms_min: 20,
            retry_ms_max: 5_000,
            outage_ms_max: 60_000,
            outage_hours_max: 72,
            errands_max: 50_000,
            lane_max: 10_000,
            delivery_max: 128,
            intake_max: 4_096,
            effects_max: 64,
            reply_hours: 24,
            snapshot_events_min: 200,
        }
    }
}

impl Config {
    /// How long to wait before try number `tries` (from 1). `salt` spreads the tries of many messages.
    pub(crate) fn retry_after(&self, tries: u32, salt: u64) -> Duration {
        let doubled = self.retry_ms_min.saturating_mul(1 << tries.min(16).saturating_sub(1));
        let wait = doubled.clamp(1, self.retry_ms_max);
        Duration::from_millis(wait - (salt % (wait / 4 + 1)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Config;

    #[test]
    fn waits_grow_and_stay_bounded() {
        let config = Config::default();
        assert_eq!(config.retry_after(1, 0), Duration::from_millis(20));
        assert_eq!(config.retry_after(3, 0), Duration::from_millis(80));
        assert_eq!(config.retry_after(u32::MAX, 0), Duration::from_secs(5));
        assert!(config.retry_after(9, 12_345) >= Duration::from_millis(3_750));
    }
}

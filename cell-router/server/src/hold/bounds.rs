//! How many requests may wait, how large, how long.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bounds of what waits for held tenants. A request that finds no room is answered 503 with Retry-After.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HoldBounds {
    /// Requests of one tenant that wait at a time.
    pub tenant_requests_max: usize,
    /// Bytes that the waiting requests of one tenant take: their heads, and of each body what is kept for another try.
    pub tenant_bytes_max: usize,
    /// Requests of all tenants that wait at a time.
    pub requests_max: usize,
    /// Bytes that the waiting requests of all tenants take.
    pub bytes_max: usize,
    /// How long a request waits at most, in milliseconds.
    pub wait_ms: u64,
}

impl Default for HoldBounds {
    fn default() -> Self {
        Self {
            tenant_requests_max: 512,
            tenant_bytes_max: 4 << 20,
            requests_max: 4_096,
            bytes_max: 32 << 20,
            wait_ms: 5_000,
        }
    }
}

impl HoldBounds {
    pub(crate) fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }

    /// Bounds that leave no room at all, or the room of one tenant larger than that of all.
    pub(crate) fn mistakes(&self) -> Vec<(&'static str, &'static str)> {
        let mut mistakes = Vec::new();
        let mut check = |field, right: bool, problem| {
            if !right {
                mistakes.push((field, problem));
            }
        };
        let above = "must be more than 0";
        check("hold.tenant_requests_max", self.tenant_requests_max > 0, above);
        check("hold.tenant_bytes_max", self.tenant_bytes_max > 0, above);
        check("hold.wait_ms", self.wait_ms > 0, above);
        let over = "is less than what one tenant may have";
        check("hold.requests_max", self.requests_max >= self.tenant_requests_max, over);
        check("hold.bytes_max", self.bytes_max >= self.tenant_bytes_max, over);
        mistakes
    }
}

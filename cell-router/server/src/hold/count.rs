//! What is counted about waiting; no label names a tenant.

use base_telemetry::Metrics;
use prometheus_client::metrics::{
    counter::Counter,
    family::Family,
    gauge::Gauge,
    histogram::{Histogram, exponential_buckets},
};

/// Counters of the hold. Clones share them.
#[derive(Clone)]
pub(crate) struct HoldCounts {
    /// Requests that wait now.
    pub(super) waiting: Gauge,
    /// Bytes that they take.
    pub(super) waiting_bytes: Gauge,
    /// Requests that have waited, or wait.
    pub(super) held: Counter,
    /// How long those waited that went on.
    pub(crate) waited: Histogram,
    refused: Family<[(&'static str, &'static str); 1], Counter>,
}

impl HoldCounts {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let counts = Self {
            waiting: Gauge::default(),
            waiting_bytes: Gauge::default(),
            held: Counter::default(),
            // 1 ms to 8 s in factors of two.
            waited: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            refused: Family::default(),
        };
        metrics.with(|all| {
            let all = all.sub_registry_with_prefix("souk_router_hold");
            let waiting = "requests that wait for a held tenant";
            all.register("waiting", waiting, counts.waiting.clone());
            let bytes = "bytes that waiting requests take";
            all.register("waiting_bytes", bytes, counts.waiting_bytes.clone());
            let held = "requests that had to wait for a held tenant";
            all.register("requests", held, counts.held.clone());
            let waited = "time that requests waited before they went on";
            all.register("waited_seconds", waited, counts.waited.clone());
            let refused = "requests for which a bound left no room, by bound";
            all.register("refused", refused, counts.refused.clone());
        });
        counts
    }

    pub(super) fn refused(&self, bound: &'static str) {
        self.refused.get_or_create(&[("bound", bound)]).inc();
    }
}

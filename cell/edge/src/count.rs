//! What the edge counts. No tenant in a label.

use std::{sync::Arc, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// Labels: how which method was called, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    method: Arc<str>,
    protocol: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    method: Arc<str>,
}

/// Counters, and the name under which requests to no method count.
pub(crate) struct Count {
    ended: Family<Ended, Counter>,
    seconds: Family<Called, Histogram, fn() -> Histogram>,
    streams: Gauge,
    panics: Counter,
    at_hand: Counter,
    no_method: Arc<str>,
}

impl Count {
    pub(crate) fn new(registry: &mut Registry) -> Self {
        // 50 µs to 13 s.
        let histogram: fn() -> Histogram =
            || Histogram::new(exponential_buckets(0.000_05, 2.0, 19));
        let count = Self {
            ended: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            streams: Gauge::default(),
            panics: Counter::default(),
            at_hand: Counter::default(),
            no_method: "none".into(),
        };
        let registry = registry.sub_registry_with_prefix("cell_edge");
        registry.register(
            "requests",
            "Requests by method, protocol and status",
            count.ended.clone(),
        );
        registry.register(
            "seconds",
            "From a request's head to its answer's",
            count.seconds.clone(),
        );
        registry.register("streams", "Streams that are open", count.streams.clone());
        registry.register(
            "panics",
            "Panics caught while a request was served",
            count.panics.clone(),
        );
        registry.register(
            "at_hand",
            "Answers that were at hand, made for somebody else a moment before",
            count.at_hand.clone(),
        );
        count
    }

    pub(crate) fn ended(
        &self,
        method: Option<&Arc<str>>,
        protocol: &'static str,
        status: u16,
        took: Duration,
    ) {
        let method = Arc::clone(method.unwrap_or(&self.no_method));
        self.seconds
            .get_or_create(&Called { method: Arc::clone(&method) })
            .observe(took.as_secs_f64());
        self.ended.get_or_create(&Ended { method, protocol, status }).inc();
    }

    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }

    pub(crate) fn at_hand(&self) {
        self.at_hand.inc();
    }

    /// Counts a stream until the guard is dropped.
    pub(crate) fn stream(&self) -> OpenStream {
        self.streams.inc();
        OpenStream(self.streams.clone())
    }
}

/// An open stream.
pub(crate) struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

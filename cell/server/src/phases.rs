//! How long each part of the start took: in one line of the log, and on the admin port.

use std::{
    fmt::Write as _,
    sync::atomic::AtomicU64,
    time::{Duration, Instant},
};

use base_telemetry::Metrics;
use prometheus_client::metrics::{family::Family, gauge::Gauge};

/// The parts of a start so far.
pub(crate) struct Phases {
    since: Instant,
    done: Vec<(&'static str, Duration)>,
}

impl Phases {
    /// The first part begins.
    pub(crate) fn begin() -> Self {
        Self { since: Instant::now(), done: Vec::new() }
    }

    /// What began when the one before ended has ended.
    pub(crate) fn done(&mut self, part: &'static str) {
        let now = Instant::now();
        self.done.push((part, now - self.since));
        self.since = now;
    }

    /// All parts in one line, in milliseconds.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (part, took) in &self.done {
            // Writing to a string does not fail.
            let _ = write!(text, "{part} {:.1}, ", took.as_secs_f64() * 1000.0);
        }
        let total: Duration = self.done.iter().map(|(_, took)| *took).sum();
        let _ = write!(text, "together {:.1}", total.as_secs_f64() * 1000.0);
        text
    }

    /// Registers them as `cell_start_seconds`.
    pub(crate) fn register(&self, metrics: &Metrics) {
        let parts = Family::<Vec<(&str, &str)>, Gauge<f64, AtomicU64>>::default();
        for (part, took) in &self.done {
            parts.get_or_create(&vec![("part", *part)]).set(took.as_secs_f64());
        }
        metrics.with(|registry| {
            registry.register("cell_start_seconds", "How long each part of the start took", parts);
        });
    }
}

#[cfg(test)]
mod tests {
    use base_telemetry::Metrics;

    use super::Phases;

    #[test]
    fn each_part_is_told_once_in_order() {
        let mut phases = Phases::begin();
        phases.done("store");
        phases.done("services");
        let text = phases.text();
        assert!(text.starts_with("store ") && text.contains("services "), "{text}");
        let metrics = Metrics::new();
        phases.register(&metrics);
        let told = metrics.text();
        assert!(told.contains("cell_start_seconds{part=\"store\"} "), "{told}");
    }
}

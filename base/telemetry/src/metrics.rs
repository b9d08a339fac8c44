//! The numbers of a process, in one registry that the admin port prints.

use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::{encoding::text::encode, registry::Registry};

use crate::process::ProcessCollector;

/// The registry of a process. Clones share it. Names start with the process: `souk_router_…`, `souk_cell_…`.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// A registry that already holds CPU, memory and open files of this process.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(ProcessCollector));
        Self(Arc::new(Mutex::new(registry)))
    }

    /// Lets `register` add metrics; returns what it returns, usually the handles to count with.
    pub fn with<T>(&self, register: impl FnOnce(&mut Registry) -> T) -> T {
        register(&mut self.0.lock())
    }

    /// All metrics as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string fails only if a collector reports so; what was written so far still helps.
        if encode(&mut text, &self.0.lock()).is_err() {
            tracing::error!("a collector could not write its metrics");
        }
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::Metrics;

    #[test]
    fn what_is_registered_is_printed_beside_the_numbers_of_the_process() {
        let metrics = Metrics::new();
        let pushes: Counter = Counter::default();
        metrics.with(|registry| {
            registry.register("souk_test_pushes", "tables pushed", pushes.clone());
        });
        pushes.inc_by(3);
        let text = metrics.text();
        assert!(text.contains("souk_test_pushes_total 3"), "{text}");
        assert!(text.contains("\nprocess_cpu_seconds_total "), "{text}");
        assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
    }
}

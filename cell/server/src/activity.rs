//! The engines' own numbers, on the admin port: read when somebody asks for them.

use std::fmt;

use base_telemetry::Metrics;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::counter::ConstCounter,
};

/// Name, meaning and value of a counter.
pub(crate) type Counted = (&'static str, &'static str, u64);

/// Registers what an engine counts by itself.
pub(crate) fn register(metrics: &Metrics, read: impl Fn() -> Vec<Counted> + Send + Sync + 'static) {
    metrics.with(|registry| registry.register_collector(Box::new(Counters(read))));
}

struct Counters<F>(F);

impl<F> fmt::Debug for Counters<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counters")
    }
}

impl<F: Fn() -> Vec<Counted> + Send + Sync + 'static> Collector for Counters<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, help, count) in (self.0)() {
            let counter = ConstCounter::new(count);
            counter.encode(encoder.encode_descriptor(
                name,
                help,
                None,
                counter.metric_type(),
            )?)?;
        }
        Ok(())
    }
}

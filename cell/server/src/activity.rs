//! The engines' own numbers, on the admin port: read when somebody asks for them; calls to one elsewhere by what they are for.

use std::fmt;

use base_telemetry::Metrics;
use cell_scylla::Counts;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter},
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

/// Registers the calls to ScyllaDB or Cassandra as `cell_store_calls`, by what they cost and what they are for.
pub(crate) fn register_calls(metrics: &Metrics, counts: Counts) {
    metrics.with(|registry| registry.register_collector(Box::new(Calls(counts))));
}

#[derive(Debug)]
struct Calls(Counts);

impl Collector for Calls {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Calls to ScyllaDB or Cassandra";
        let mut family =
            encoder.encode_descriptor("cell_store_calls", help, None, MetricType::Counter)?;
        for (call, what, times) in self.0.all() {
            let labels = [("call", call.as_str()), ("what", what)];
            ConstCounter::new(times).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

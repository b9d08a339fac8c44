//! What is counted: records that went and came, and how far behind we are. No tenant in a label.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use rdkafka::Statistics;

/// A label: which part of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfPartition {
    topic: String,
    partition: i32,
}

/// The counters. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) sent: Counter,
    pub(crate) send_failures: Counter,
    pub(crate) received: Counter,
    pub(crate) acknowledged: Counter,
    pub(crate) unreadable: Counter,
    pub(crate) dead_shown: Counter,
    pub(crate) told: Counter,
    pub(crate) heard: Counter,
    pub(crate) trimmed: Counter,
    pub(crate) shares: Counter,
    pub(crate) errors: Counter<u64, AtomicU64>,
    lag: Family<OfPartition, Gauge>,
}

impl Metrics {
    /// Registers everything under `cell_kafka_…`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("cell_kafka");
        let counters = [
            ("sent", "Messages that enough brokers have", &self.sent),
            ("send_failures", "Calls that may not have put their messages in", &self.send_failures),
            ("received", "Messages that came to this process", &self.received),
            ("acknowledged", "Messages that had their effect", &self.acknowledged),
            ("unreadable", "Records that nobody can read", &self.unreadable),
            ("dead_shown", "Dead letters shown in their topic", &self.dead_shown),
            ("told", "Stretches of public messages that were told", &self.told),
            ("heard", "Stretches of public messages that came", &self.heard),
            ("trimmed", "Records forgotten because all have acknowledged them", &self.trimmed),
            ("shares", "How often this process got another share", &self.shares),
            ("errors", "What the brokers or the way to them said went wrong", &self.errors),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        let help = "Records behind what this process has acknowledged, in its share";
        registry.register("lag", help, self.lag.clone());
    }

    /// Notes how far behind this process is, in what it reads.
    pub(crate) fn lags(&self, statistics: &Statistics) {
        for (name, topic) in &statistics.topics {
            for partition in topic.partitions.values().filter(|part| part.fetch_state == "active") {
                // Nothing may be acknowledged yet; then all that is there is behind.
                let over = partition.stored_offset.max(partition.committed_offset);
                let over = if over < 0 { partition.lo_offset } else { over };
                if partition.hi_offset >= 0 {
                    let label = OfPartition { topic: name.clone(), partition: partition.partition };
                    self.lag.get_or_create(&label).set((partition.hi_offset - over).max(0));
                }
            }
        }
    }

    /// Another process may read what this one has read.
    pub(crate) fn share_ends(&self) {
        self.lag.clear();
    }
}

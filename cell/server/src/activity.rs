//! The embedded engine's own numbers, on the admin port: appends, events, groups, syncs.

use std::fmt;

use base_telemetry::Metrics;
use cell_embedded::Embedded;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::counter::ConstCounter,
};

/// Registers them under `cell_store_…`.
pub(crate) fn register(metrics: &Metrics, store: &Embedded) {
    let collector = StoreCollector(store.clone());
    metrics.with(|registry| registry.register_collector(Box::new(collector)));
}

#[derive(Clone)]
struct StoreCollector(Embedded);

impl fmt::Debug for StoreCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreCollector")
    }
}

impl Collector for StoreCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let activity = self.0.activity();
        let counted = [
            ("cell_store_appends", "Appends that became durable", activity.appends),
            ("cell_store_events", "Events in them", activity.events),
            ("cell_store_groups", "Groups of writes that shared a sync", activity.groups),
            ("cell_store_syncs", "Syncs of any file", activity.syncs),
        ];
        for (name, help, count) in counted {
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

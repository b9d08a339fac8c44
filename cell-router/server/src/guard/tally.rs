//! What the guard counts, and what it shows of each cell's gate when it is asked. No label ever names a tenant or an address.

use std::{sync::Arc, time::Instant};

use base_ids::CellId;
use base_telemetry::Metrics;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _},
    metrics::{counter::Counter, family::Family, gauge::ConstGauge},
};

use super::pods::{Known, KnownPod};
use crate::count::AboutCell;

/// Requests over a limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Over {
    /// `address`, `route` or `tenant`.
    limit: &'static str,
    class: &'static str,
}

/// Requests that a cell was spared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Spared {
    cell: String,
    class: &'static str,
    /// `broken` or `full`.
    cause: &'static str,
}

/// The guard's counters.
#[derive(Clone, Default)]
pub(super) struct Tally {
    limited: Family<Over, Counter>,
    shed: Family<Spared, Counter>,
    opened: Family<AboutCell, Counter>,
    fallbacks: Family<AboutCell, Counter>,
    pub(super) retries_refused: Counter,
    pub(super) clients_untold: Counter,
}

impl Tally {
    pub(super) fn register(&self, metrics: &Metrics, known: &Known, started: Instant) {
        let (tally, gates) = (self.clone(), Gates { known: Arc::clone(known), started });
        metrics.with(|all| {
            let all = all.sub_registry_with_prefix("souk_router");
            all.register("limited", "requests over a limit, by limit and class", tally.limited);
            all.register("shed", "requests that a cell was spared, by class and cause", tally.shed);
            all.register(
                "breakers_opened",
                "how often a pod of a cell was given up on",
                tally.opened,
            );
            all.register(
                "fallbacks",
                "requests that went to another pod of their cell than their tenant prefers",
                tally.fallbacks,
            );
            all.register(
                "retries_refused",
                "retries that were not made because the budget was spent",
                tally.retries_refused,
            );
            all.register(
                "clients_untold",
                "requests of which the proxies in front did not say whose they are",
                tally.clients_untold,
            );
            all.register_collector(Box::new(gates));
        });
    }

    pub(super) fn limited(&self, limit: &'static str, class: &'static str) {
        self.limited.get_or_create(&Over { limit, class }).inc();
    }

    pub(super) fn shed(&self, cell: &CellId, class: &'static str, cause: &'static str) {
        self.shed.get_or_create(&Spared { cell: cell.to_string(), class, cause }).inc();
    }

    pub(super) fn fell_back(&self, cell: &CellId) {
        self.fallbacks.get_or_create(&cell.into()).inc();
    }

    pub(super) fn opened(&self, cell: &CellId) {
        self.opened.get_or_create(&cell.into()).inc();
    }
}

/// A pod of a cell.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AboutPod {
    cell: String,
    pod: String,
}

/// The gates as they are at the moment of asking.
#[derive(Debug)]
struct Gates {
    known: Known,
    started: Instant,
}

impl Collector for Gates {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let (known, now) = (self.known.load(), self.started.elapsed());
        let out = |pod: &KnownPod| pod.gate.out();
        let limit = |pod: &KnownPod| pod.gate.limit();
        let broken = |pod: &KnownPod| u32::from(pod.gate.is_open(now));
        let aside = |pod: &KnownPod| u32::from(pod.aside.is_aside(now) || pod.gate.is_open(now));
        let sum = |pods: &[u32]| pods.iter().sum::<u32>();
        // A cell is given up on once each of its pods is.
        let all = |pods: &[u32]| pods.iter().copied().min().unwrap_or(0);
        let of_cells: [(&str, &str, Read<'_>, &dyn Fn(&[u32]) -> u32); 3] = [
            ("cell_requests", "requests that a cell has now", &out, &sum),
            ("cell_requests_max", "requests at once that a cell is given", &limit, &sum),
            ("cell_broken", "1 while every pod of a cell is given up on", &broken, &all),
        ];
        for (name, help, read, together) in of_cells {
            let gauge = ConstGauge::<u64>::new(0);
            let mut family = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            for (cell, pods) in &**known {
                let of_pods: Vec<_> = pods.iter().map(|pod| read(pod)).collect();
                let value = ConstGauge::<u64>::new(together(&of_pods).into());
                value.encode(family.encode_family(&AboutCell::from(cell))?)?;
            }
        }
        let of_pods: [(&str, &str, Read<'_>); 3] = [
            ("pod_requests", "requests that a pod has now", &out),
            ("pod_requests_max", "requests at once that a pod is given", &limit),
            ("pod_aside", "1 while others of its cell come before a pod", &aside),
        ];
        for (name, help, read) in of_pods {
            let gauge = ConstGauge::<u64>::new(0);
            let mut family = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            for (cell, pods) in &**known {
                for pod in pods {
                    let labels = AboutPod { cell: cell.to_string(), pod: pod.name.to_string() };
                    let value = ConstGauge::<u64>::new(read(pod).into());
                    value.encode(family.encode_family(&labels)?)?;
                }
            }
        }
        Ok(())
    }
}

/// Reads something of a pod.
type Read<'r> = &'r dyn Fn(&KnownPod) -> u32;

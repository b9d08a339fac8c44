//! What the guard counts, and what it shows of each cell's gate when it is asked. No label ever names a tenant or an address.

use std::{sync::Arc, time::Instant};

use base_ids::CellId;
use base_telemetry::Metrics;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _},
    metrics::{counter::Counter, family::Family, gauge::ConstGauge},
};
use router_limits::Gate;

use super::Known;
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
            all.register("breakers_opened", "how often a cell was given up on", tally.opened);
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

    pub(super) fn opened(&self, cell: &CellId) {
        self.opened.get_or_create(&cell.into()).inc();
    }
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
        let shown: [(&str, &str, &dyn Fn(&Gate) -> u32); 3] = [
            ("cell_requests", "requests that a cell has now", &Gate::out),
            ("cell_requests_max", "requests at once that a cell is given", &Gate::limit),
            ("cell_broken", "1 while a cell is given up on", &|gate| gate.is_open(now).into()),
        ];
        for (name, help, read) in shown {
            let gauge = ConstGauge::<u64>::new(0);
            let mut family = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            for (cell, gate) in &**known {
                let labels = AboutCell::from(cell);
                let value = ConstGauge::<u64>::new(read(gate).into());
                value.encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

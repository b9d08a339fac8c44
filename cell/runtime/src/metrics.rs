//! What the runtime counts. No tenant in a label.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// A label: which service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfService {
    service: &'static str,
}

/// A label: which other cell.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfCell {
    cell: String,
}

/// The runtime's counters. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    appends: Family<OfService, Counter>,
    refusals: Family<OfService, Counter>,
    races: Family<OfService, Counter>,
    replays: Family<OfService, Counter>,
    heard: Family<OfService, Counter>,
    parked: Family<OfService, Counter>,
    bugs: Family<OfService, Counter>,
    fenced: Counter,
    unknown_outcomes: Counter,
    retries: Counter,
    put_back: Counter,
    errands: Gauge,
    lag: Family<OfCell, Gauge>,
}

impl Metrics {
    /// Registers everything under `cell_runtime_…`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("cell_runtime");
        registry.register("appends", "Appends that were made durable", self.appends.clone());
        registry.register("refusals", "Commands that the business refused", self.refusals.clone());
        registry.register("races", "Commands decided again after a lost race", self.races.clone());
        registry.register("replays", "Calls answered from a kept answer", self.replays.clone());
        registry.register("heard", "Messages that were heard", self.heard.clone());
        registry.register("parked", "Messages put among the dead letters", self.parked.clone());
        registry.register("bugs", "Panics caught in a service's code", self.bugs.clone());
        registry.register("fenced", "Appends refused by a fence", self.fenced.clone());
        registry.register(
            "unknown_outcomes",
            "Appends resolved by reading back",
            self.unknown_outcomes.clone(),
        );
        registry.register("retries", "Messages and calls tried again", self.retries.clone());
        registry.register(
            "put_back",
            "Messages put back at the end of the queue",
            self.put_back.clone(),
        );
        registry.register(
            "errands",
            "Messages, timers and calls on their way now",
            self.errands.clone(),
        );
        registry.register(
            "public_lag",
            "Public messages of a cell not yet applied here",
            self.lag.clone(),
        );
    }

    pub(crate) fn appended(&self, service: &'static str) {
        self.appends.get_or_create(&OfService { service }).inc();
    }

    pub(crate) fn refused(&self, service: &'static str) {
        self.refusals.get_or_create(&OfService { service }).inc();
    }

    pub(crate) fn lost_race(&self, service: &'static str) {
        self.races.get_or_create(&OfService { service }).inc();
    }

    pub(crate) fn replayed(&self, service: &'static str) {
        self.replays.get_or_create(&OfService { service }).inc();
    }

    pub(crate) fn heard(&self, service: &'static str) {
        self.heard.get_or_create(&OfService { service }).inc();
    }

    pub(crate) fn parked(&self, service: &'static str) {
        self.parked.get_or_create(&OfService { service }).inc();
    }

    pub(crate) fn bug(&self, service: &'static str) {
        self.bugs.get_or_create(&OfService { service }).inc();
    }

    pub(crate) fn fenced(&self) {
        self.fenced.inc();
    }

    pub(crate) fn unknown_outcome(&self) {
        self.unknown_outcomes.inc();
    }

    pub(crate) fn tried_again(&self) {
        self.retries.inc();
    }

    pub(crate) fn put_back(&self, messages: usize) {
        self.put_back.inc_by(u64::try_from(messages).unwrap_or(u64::MAX));
    }

    pub(crate) fn errands(&self, now: usize) {
        self.errands.set(i64::try_from(now).unwrap_or(i64::MAX));
    }

    pub(crate) fn lags(&self, cell: &str, behind: u64) {
        let label = OfCell { cell: cell.to_owned() };
        self.lag.get_or_create(&label).set(i64::try_from(behind).unwrap_or(i64::MAX));
    }
}

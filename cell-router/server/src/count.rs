//! React: what is counted. No label ever names a tenant.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64},
    },
    time::Duration,
};

use base_ids::{CellId, TenantKind};
use base_telemetry::Metrics;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
};

use crate::recall::Why;

/// Requests by whom they were for and how they ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Ended {
    /// `user`, `vendor`, `name`, `platform`, or `none` if the request never got a tenant.
    route: &'static str,
    /// `2xx` and so on, or `gone` if the client left.
    status: &'static str,
}

/// Something with a cause.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Cause {
    cause: &'static str,
}

/// Something about a cell.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct AboutCell {
    cell: String,
}

impl From<&CellId> for AboutCell {
    fn from(cell: &CellId) -> Self {
        Self { cell: cell.to_string() }
    }
}

/// Latency by route.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ByRoute {
    route: &'static str,
}

/// Whom a request is for, as far as counting goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    User,
    Vendor,
    Name,
    Platform,
    /// It never got a tenant.
    None,
}

/// Classes of status, in the order of their counters.
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "gone"];

/// What is counted of every request of one route, found once and not by label each time.
struct OfRoute {
    ended: [Counter; CLASSES.len()],
    seconds: Histogram,
}

impl Route {
    const ALL: [Self; 5] = [Self::User, Self::Vendor, Self::Name, Self::Platform, Self::None];

    /// As a label.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Vendor => "vendor",
            Self::Name => "name",
            Self::Platform => "platform",
            Self::None => "none",
        }
    }
}

impl From<Option<TenantKind>> for Route {
    fn from(kind: Option<TenantKind>) -> Self {
        match kind {
            Some(TenantKind::User) => Self::User,
            Some(TenantKind::Vendor) => Self::Vendor,
            Some(TenantKind::Name) => Self::Name,
            Some(TenantKind::Platform) => Self::Platform,
            None => Self::None,
        }
    }
}

/// All counters of the router. Clones share them.
#[derive(Clone)]
pub(crate) struct Counts {
    routes: Arc<[OfRoute; Route::ALL.len()]>,
    retries: Family<Cause, Counter>,
    refusals: Family<Cause, Counter>,
    asked: Family<Cause, Counter>,
    own_answers: Family<Cause, Counter>,
    connect_errors: Family<AboutCell, Counter>,
    pub(crate) in_flight: Gauge,
    pub(crate) guests: Counter,
    pub(crate) table_epoch: Gauge<u64, AtomicU64>,
    pub(crate) table_taken_ms: Gauge<i64, AtomicI64>,
    pub(crate) tables_refused: Family<Cause, Counter>,
    pub(crate) watching: Gauge,
    pub(crate) sessions_ended: Counter,
    pub(crate) access_lines: Counter,
    lines_dropped: Family<Cause, Counter>,
    connections: Gauge,
    connections_refused: Family<Cause, Counter>,
    pub(crate) floods: Counter,
    certificates: Family<Cause, Counter>,
    recalls: Family<Cause, Counter>,
}

/// Counts a connection as long as it is open.
pub(crate) struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Counts {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let requests = Family::<Ended, Counter>::default();
        // 0.1 ms to 3.3 s in factors of two, and longer.
        let seconds = Family::<ByRoute, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.0001, 2.0, 16))
        });
        let routes = Route::ALL.map(|route| OfRoute {
            ended: CLASSES
                .map(|status| requests.get_or_create_owned(&Ended { route: route.name(), status })),
            seconds: seconds.get_or_create_owned(&ByRoute { route: route.name() }),
        });
        let counts = Self {
            routes: Arc::new(routes),
            retries: Family::default(),
            refusals: Family::default(),
            asked: Family::default(),
            own_answers: Family::default(),
            connect_errors: Family::default(),
            in_flight: Gauge::default(),
            guests: Counter::default(),
            table_epoch: Gauge::default(),
            table_taken_ms: Gauge::default(),
            tables_refused: Family::default(),
            watching: Gauge::default(),
            sessions_ended: Counter::default(),
            access_lines: Counter::default(),
            lines_dropped: Family::default(),
            connections: Gauge::default(),
            connections_refused: Family::default(),
            floods: Counter::default(),
            certificates: Family::default(),
            recalls: Family::default(),
        };
        counts.register(metrics, requests, seconds);
        counts
    }

    fn register(
        &self,
        metrics: &Metrics,
        requests: Family<Ended, Counter>,
        seconds: Family<ByRoute, Histogram>,
    ) {
        let counts = self.clone();
        metrics.with(|all| {
            let all = all.sub_registry_with_prefix("souk_router");
            all.register("requests", "requests ended, by route and class of status", requests);
            all.register("request_seconds", "time from head to last byte", seconds);
            all.register("retries", "requests sent once more, by cause", counts.retries);
            all.register("refusals", "typed refusals of cells", counts.refusals);
            all.register("asked", "questions before a request, by answer", counts.asked);
            all.register("own_answers", "answers made by the router, by code", counts.own_answers);
            all.register(
                "connect_errors",
                "connections that a cell did not take",
                counts.connect_errors,
            );
            all.register(
                "sessions_ended",
                "ended sessions heard of, whose tokens are refused",
                counts.sessions_ended,
            );
            all.register("in_flight", "requests being served", counts.in_flight);
            all.register("guests", "visitors who became guests", counts.guests);
            all.register("table_epoch", "epoch of the routing table", counts.table_epoch);
            all.register(
                "table_taken_ms",
                "when the table was taken over, Unix ms",
                counts.table_taken_ms,
            );
            all.register(
                "tables_refused",
                "tables that were not taken over",
                counts.tables_refused,
            );
            all.register("watching", "1 while the control plane pushes tables", counts.watching);
            all.register("access_lines", "lines of the access log", counts.access_lines);
            all.register(
                "access_lines_dropped",
                "lines of the access log that were not written, by cause",
                counts.lines_dropped,
            );
            all.register("connections", "connections of clients that are open", counts.connections);
            all.register(
                "connections_refused",
                "connections of clients that came to nothing, by cause",
                counts.connections_refused,
            );
            all.register(
                "floods",
                "HTTP/2 connections cut for too many frames that ask for nothing",
                counts.floods,
            );
            all.register(
                "certificates",
                "certificates whose files had changed, by what became of them",
                counts.certificates,
            );
            all.register(
                "recalls",
                "requests that were ended from outside, by cause",
                counts.recalls,
            );
        });
    }

    pub(crate) fn ended(&self, route: Route, status: Option<u16>, took: Duration) {
        let class = match status {
            Some(..=199) => 0,
            Some(200..=299) => 1,
            Some(300..=399) => 2,
            Some(400..=499) => 3,
            Some(500..) => 4,
            None => 5,
        };
        let counted = &self.routes[route as usize];
        counted.ended[class].inc();
        counted.seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    pub(crate) fn not_taken(&self, cause: &'static str) {
        self.connections_refused.get_or_create(&Cause { cause }).inc();
    }

    pub(crate) fn certificates_seen(&self, read: usize, refused: usize) {
        for (cause, count) in [("read", read), ("refused", refused)] {
            self.certificates.get_or_create(&Cause { cause }).inc_by(count as u64);
        }
    }

    pub(crate) fn recalled(&self, why: Why) {
        let cause = match why {
            Why::TooLate => "deadline",
            Why::TenantLeft => "tenant_moved",
            Why::RouterEnds => "router_ends",
        };
        self.recalls.get_or_create(&Cause { cause }).inc();
    }

    pub(crate) fn retried(&self, cause: &'static str) {
        self.retries.get_or_create(&Cause { cause }).inc();
    }

    pub(crate) fn refused(&self, cause: &'static str) {
        self.refusals.get_or_create(&Cause { cause }).inc();
    }

    pub(crate) fn asked(&self, cause: &'static str) {
        self.asked.get_or_create(&Cause { cause }).inc();
    }

    pub(crate) fn answered(&self, code: base_fault::Code) {
        self.own_answers.get_or_create(&Cause { cause: code.as_str() }).inc();
    }

    pub(crate) fn not_connected(&self, cell: &CellId) {
        self.connect_errors.get_or_create(&cell.into()).inc();
    }

    pub(crate) fn line_dropped(&self, cause: &'static str) {
        self.lines_dropped.get_or_create(&Cause { cause }).inc();
    }

    pub(crate) fn table_refused(&self, cause: &'static str) {
        self.tables_refused.get_or_create(&Cause { cause }).inc();
    }
}

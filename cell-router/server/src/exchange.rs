//! One request on its way: what was decided about it, where it has been, and what went wrong.

use std::{sync::Arc, time::Instant};

use base_fault::{Code, Fault};
use base_ids::TenantKind;
use base_telemetry::TraceContext;
use prometheus_client::metrics::gauge::Gauge;
use router_table::{GaveUp, Hint, Pursuit, Refusal, Target};
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{Span, field::Empty};
use uuid::Uuid;

use crate::course::Course;

/// How long a client is asked to wait before it tries again.
const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(1);

/// The state that Pingora's hooks share during one request.
pub(crate) struct Exchange {
    pub(crate) started: Instant,
    /// As clients and cells know it.
    pub(crate) request_id: Arc<str>,
    pub(crate) trace: TraceContext,
    /// The router's own step in an exported trace; nothing in any other.
    pub(crate) span: Span,
    pub(crate) grpc: bool,
    pub(crate) course: Option<Course>,
    pub(crate) pursuit: Pursuit,
    pub(crate) target: Option<Target>,
    /// The next try goes to the same target: a pooled connection had been closed under it.
    pub(crate) same_again: bool,
    /// What the last cell refused, until the retry is decided.
    pub(crate) refusal: Option<Refusal>,
    /// Why the request ends with an answer of the router.
    pub(crate) fault: Option<Fault>,
    /// Whether the head has gone out to a cell that has not refused it.
    pub(crate) sent: bool,
    _in_flight: InFlight,
}

/// Counts a request as long as it is served.
pub(crate) struct InFlight {
    gauge: Gauge,
    _drain: TaskTrackerToken,
}

impl InFlight {
    pub(crate) fn new(gauge: Gauge, drain: TaskTrackerToken) -> Self {
        gauge.inc();
        Self { gauge, _drain: drain }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

impl Exchange {
    pub(crate) fn new(in_flight: InFlight) -> Self {
        Self {
            started: Instant::now(),
            request_id: Uuid::now_v7().to_string().into(),
            trace: TraceContext::root(),
            span: Span::none(),
            grpc: false,
            course: None,
            pursuit: Pursuit::default(),
            target: None,
            same_again: false,
            refusal: None,
            fault: None,
            sent: false,
            _in_flight: in_flight,
        }
    }

    /// Goes on with the trace that the client names, if it does; an exported one gets a step of the router's.
    pub(crate) fn join_trace(&mut self, head: &http::request::Parts) {
        let named = head.headers.get("traceparent").and_then(|value| value.to_str().ok());
        if let Some(trace) = named.and_then(|text| text.parse().ok()) {
            self.trace = trace;
        }
        if self.trace.sampled {
            let id = &*self.request_id;
            self.span = tracing::info_span!("route", request = id, method = %head.method, cell = Empty, status = Empty);
            base_telemetry::link(&self.span, self.trace);
            self.trace = self.trace.under(&self.span);
        }
    }

    /// Sets off with what was decided and what is known of the tenant.
    pub(crate) fn set_off(&mut self, course: Course, hint: Option<Hint>) {
        self.course = Some(course);
        self.pursuit = Pursuit::new(hint);
    }

    /// The kind of tenant, for counting.
    pub(crate) fn route(&self) -> &'static str {
        let tenant = self.course.as_ref().map(|course| course.tenant.as_str());
        let collection = tenant.and_then(|name| name.split_once('/')).map(|(kind, _)| kind);
        match collection.and_then(TenantKind::of_collection) {
            Some(TenantKind::User) => "user",
            Some(TenantKind::Vendor) => "vendor",
            Some(TenantKind::Name) => "name",
            Some(TenantKind::Platform) => "platform",
            None => "none",
        }
    }

    /// Name of the cell that was tried last.
    pub(crate) fn cell(&self) -> &str {
        self.target.as_ref().map_or("the cell", |target| target.cell.as_str())
    }

    /// The fault of a cell that cannot be reached.
    pub(crate) fn not_answering(&self) -> Fault {
        let text = format!("{} does not answer", self.cell());
        Fault::downstream(Code::Unavailable, RETRY_AFTER, text)
    }

    /// The fault of a request that broke off after a cell had got it. `harmless` if sending it again does no harm.
    pub(crate) fn broken_off(&self, harmless: bool, too_late: bool) -> Fault {
        let (code, what) = match (harmless, too_late) {
            (false, _) => (
                Code::OutcomeUnknown,
                "has not said whether it did what was asked; send the request again with the same Idempotency-Key",
            ),
            (true, true) => (Code::DeadlineExceeded, "has not answered in time"),
            (true, false) => return self.not_answering(),
        };
        Fault::downstream(code, RETRY_AFTER, format!("{} {what}", self.cell()))
    }

    /// The fault of a request whose tenant was refused and that cannot be sent again.
    pub(crate) fn refused_for_good(&self, refusal: &Refusal) -> Fault {
        let code = match refusal {
            Refusal::Held { .. } => Code::Held,
            Refusal::NotMine { .. } => Code::NotMine,
        };
        Fault::downstream(
            code,
            RETRY_AFTER,
            format!("{} does not serve the tenant now", self.cell()),
        )
    }
}

/// The fault of a request that found no owner.
pub(crate) fn no_owner(gave_up: &GaveUp) -> Fault {
    let code = match gave_up {
        GaveUp::Held => Code::Held,
        GaveUp::NotFound(_) => Code::NotMine,
        GaveUp::Unheld | GaveUp::CellUnknown(_) => Code::Unavailable,
    };
    Fault::downstream(code, RETRY_AFTER, gave_up.to_string())
}

//! One request on its way: what was decided about it, where it has been, and what went wrong.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base_fault::{Code, Fault};
use base_ids::TenantKind;
use base_telemetry::TraceContext;
use base_time::{Clock as _, SystemClock};
use http::{HeaderMap, Version};
use pingora::proxy::Session;
use prometheus_client::metrics::gauge::Gauge;
use router_table::{GaveUp, Hint, Intent, Pursuit, Refusal, Target};
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{Span, field::Empty};
use uuid::{Builder, Uuid};

use crate::{
    access::{Clients, Line, shown},
    count::Route,
    course::Course,
    deadline::Deadline,
    guard::Pass,
    hold::{Place, Ticket},
    lasting::Noted,
    pace::Pace,
    parting::Parting,
    recall::{self, Recall, Why},
};

/// How long a client is asked to wait before it tries again.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

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
    /// Name of the tenant, as the course says.
    pub(crate) tenant: Arc<str>,
    pub(crate) intent: Intent,
    pub(crate) pursuit: Pursuit,
    /// Where it waits while the tenant is held.
    pub(crate) place: Option<Place>,
    /// Its rank among those that wait, once it has had one.
    pub(crate) ticket: Option<Ticket>,
    /// Whether the body can be sent to another cell after a refusal, once that is known.
    pub(crate) replayable: Option<bool>,
    pub(crate) target: Option<Target>,
    /// The next try goes to the same cell: a pooled connection had been closed under it, or it has another pod.
    pub(crate) same_again: bool,
    /// What the last cell refused, until the retry is decided.
    pub(crate) refusal: Option<Refusal>,
    /// Why the request ends with an answer of the router.
    pub(crate) fault: Option<Fault>,
    /// The code of the answer that the router made, if it made one.
    pub(crate) answered: Option<Code>,
    /// The status that a gRPC call ended with, if it is known.
    pub(crate) grpc_status: Option<u16>,
    /// Whether the head has gone out to a cell that has not refused it.
    pub(crate) sent: bool,
    /// How fast its body comes.
    pub(crate) pace: Pace,
    /// Word from outside that the request must end.
    pub(crate) recall: Arc<Recall>,
    /// When its client stops waiting, if it says so.
    pub(crate) deadline: Option<Deadline>,
    /// The answer, if it is one that lasts.
    pub(crate) lasting: Option<(Parting, Noted)>,
    /// What the guard knows of it.
    pub(crate) pass: Pass,
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

/// A UUID of version 7. Its random part comes from the thread's own generator: asking the kernel would be one call more for each request,
/// and no secret rests on the id.
fn fresh_id() -> Arc<str> {
    let now_ms = u64::try_from(SystemClock.now().as_millis()).unwrap_or_default();
    let id = Builder::from_unix_timestamp_millis(now_ms, &rand::random()).into_uuid();
    Arc::from(&*id.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
}

impl Exchange {
    pub(crate) fn new(in_flight: InFlight) -> Self {
        Self {
            started: Instant::now(),
            request_id: fresh_id(),
            trace: TraceContext::root(),
            span: Span::none(),
            grpc: false,
            course: None,
            tenant: Arc::default(),
            intent: Intent::Unsure,
            pursuit: Pursuit::default(),
            place: None,
            ticket: None,
            replayable: None,
            target: None,
            same_again: false,
            refusal: None,
            fault: None,
            answered: None,
            grpc_status: None,
            sent: false,
            pace: Pace::default(),
            recall: recall::of_request(),
            deadline: None,
            lasting: None,
            pass: Pass::default(),
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
    pub(crate) fn set_off(&mut self, course: Course, intent: Intent, hint: Option<Hint>) {
        self.tenant = Arc::clone(&course.tenant);
        self.intent = intent;
        self.course = Some(course);
        self.pursuit = Pursuit::new(hint);
    }

    /// The kind of tenant, for counting.
    pub(crate) fn route(&self) -> Route {
        let collection = self.tenant.split_once('/').map(|(kind, _)| kind);
        collection.and_then(TenantKind::of_collection).into()
    }

    /// Takes the status of a gRPC call from the head or the trailers that carry it.
    pub(crate) fn see_grpc_status(&mut self, headers: &HeaderMap) {
        if self.grpc
            && let Some(status) = headers.get("grpc-status")
        {
            // What cannot be read is "unknown".
            let read = status.to_str().ok().and_then(|text| text.parse().ok());
            self.grpc_status = Some(read.unwrap_or(2));
        }
    }

    /// Whether a request that was answered with `status` needs no operator's attention.
    pub(crate) fn went_well(&self, status: Option<u16>) -> bool {
        status.is_some_and(|status| status < 400) && self.grpc_status.unwrap_or(0) == 0
    }

    /// What the access log says of the request.
    pub(crate) fn line(&self, session: &Session, took: Duration, clients: Clients) -> Line {
        let head = session.req_header();
        Line {
            time: SystemClock.now(),
            request: self.request_id.to_string(),
            trace: self.trace.trace,
            protocol: match (self.grpc, head.version) {
                (true, _) => "grpc",
                (false, Version::HTTP_2) => "h2",
                (false, Version::HTTP_10) => "http/1.0",
                (false, _) => "http/1.1",
            },
            method: head.method.clone(),
            path: shown(head.uri.path()),
            route: self.route().name(),
            tenant: self.course.as_ref().map(|course| course.tenant.to_string()),
            cell: self.target.as_ref().map(|target| target.cell.clone()),
            pod: self.target.as_ref().map(|target| target.pod.clone()),
            tries: self.pursuit.tries(),
            status: session.response_written().map(|head| head.status.as_u16()),
            grpc_status: self.grpc_status,
            code: self.answered.map(Code::as_str),
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            bytes_in: session.as_downstream().body_bytes_read(),
            bytes_out: session.as_downstream().body_bytes_sent(),
            client: self.pass.client.and_then(|client| clients.of(client)),
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

    /// The fault of a request that was recalled.
    pub(crate) fn recalled(&self, why: Why) -> Fault {
        let (code, text) = match why {
            Why::TooLate => {
                let text = format!("{} has not answered before the client's deadline", self.cell());
                (Code::DeadlineExceeded, text)
            }
            Why::TenantLeft => {
                (Code::Unavailable, "the tenant has moved: please reconnect".to_owned())
            }
            Why::RouterEnds => {
                (Code::Unavailable, "this router restarts: please reconnect".to_owned())
            }
        };
        Fault::downstream(code, RETRY_AFTER, text)
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

//! The hooks of Pingora, each as thin as it can be: gather, decide, forward, count.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use base_fault::{Code, Fault};
use base_ids::GuestSecret;
use base_time::{Clock as _, SystemClock};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version, header};
use pingora::{
    Error, ErrorSource, ErrorType, Result,
    http::{RequestHeader, ResponseHeader},
    modules::http::HttpModules,
    proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session},
    upstreams::peer::HttpPeer,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use router_table::{Hint, REFUSAL_HEADER, Refusal, Snapshot, Target};
use tokio_util::task::TaskTracker;

use crate::{
    access::Access,
    answer::{self, Answer},
    arrival::{Arrival, is_grpc},
    ask::Asker,
    count::Counts,
    course::{self, Course},
    deadline::{self, Deadline},
    entrance::Entrance,
    exchange::{Exchange, InFlight},
    forward::{self, Told},
    guard::Guard,
    head::is_websocket,
    hold::Hold,
    lasting::{Lasting, Noted},
    owner,
    pace::Pace,
    parting::Parting,
    recall::Why,
    recent::Recent,
    token::Tokens,
    upstream::{Spoken, Upstream},
};

/// What a cell's typed refusal becomes inside Pingora.
const REFUSED: ErrorType = ErrorType::Custom("RefusedByCell");
/// What it becomes when the router itself gives up.
pub(crate) const GAVE_UP: ErrorType = ErrorType::Custom("NoOwnerFound");
/// Pause before a cell that knew no better is asked again; grows with each try.
pub(crate) const PAUSE: Duration = Duration::from_millis(40);
/// How many tenants' hints are remembered.
const HINTS_MAX: usize = 65_536;

/// What requests share.
pub(crate) struct Proxy {
    pub(crate) table: Snapshot,
    pub(crate) learnt: Arc<Learnt>,
    pub(crate) hold: Arc<Hold>,
    pub(crate) asker: Asker,
    pub(crate) lasting: Lasting,
    pub(crate) counts: Counts,
    pub(crate) access: Access,
    pub(crate) guard: Guard,
    pub(crate) upstream: Upstream,
    pub(crate) entrance: Entrance,
    pub(crate) public_url: String,
    pub(crate) secure_cookies: bool,
    pub(crate) drain: TaskTracker,
}

/// What earlier requests taught.
pub(crate) struct Learnt {
    pub(crate) tokens: Tokens,
    pub(crate) hints: Recent<Box<str>, Hint>,
}

impl Learnt {
    pub(crate) fn new() -> Self {
        Self { tokens: Tokens::new(), hints: Recent::new(HINTS_MAX) }
    }

    /// Forgets what an older table may have made wrong.
    pub(crate) fn forget(&self) {
        self.hints.clear();
    }
}

impl Proxy {
    /// Reads the head and decides where the request belongs.
    fn gather_and_decide(
        &self,
        session: &Session,
        exchange: &mut Exchange,
    ) -> Result<Course, Fault> {
        let head = session.req_header();
        exchange.grpc = head.version == Version::HTTP_2 && is_grpc(&head.headers);
        exchange.join_trace(head);
        self.guard.knock(session, &mut exchange.pass)?;
        if exchange.grpc {
            let span = deadline::asked(&head.headers)?;
            exchange.deadline = span.map(|span| Deadline::after(span, &exchange.recall));
        }
        let table = self.table.load();
        if table.cells().is_empty() {
            let text = "the router has no routing table yet";
            return Err(Fault::downstream(Code::Unavailable, Duration::from_secs(1), text));
        }
        let sender = |token: &str| self.learnt.tokens.sender(token, &table, SystemClock.now());
        let course = course::decide(Arrival::read(head)?, sender, fresh_secret)?;
        self.guard.visit(&course, &mut exchange.pass)?;
        Ok(course)
    }

    async fn answer(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        fault: &Fault,
    ) -> Result<()> {
        exchange.answered = Some(fault.code());
        self.counts.answered(fault.code());
        let answer = Answer {
            fault,
            public_url: &self.public_url,
            request_id: &exchange.request_id,
            pass: &exchange.pass,
        };
        answer::send(session, &answer, exchange.grpc).await
    }

    /// The place of an answer that may last.
    fn lasting_place(
        &self,
        answer: &ResponseHeader,
        exchange: &Exchange,
    ) -> Option<(Parting, Noted)> {
        let parting = Parting::of(answer, exchange.grpc)?;
        let (course, target) = (exchange.course.as_ref()?, exchange.target.as_ref()?);
        Some((parting, self.lasting.note(&course.tenant, target, &exchange.recall)))
    }

    /// Ends an answer that had begun, as its protocol says; gives the status by which the end is known.
    async fn part(&self, session: &mut Session, exchange: &mut Exchange, why: Why) -> u16 {
        self.counts.recalled(why);
        let fault = exchange.recalled(why);
        if let Some((parting, _)) = &exchange.lasting {
            if exchange.grpc {
                exchange.grpc_status = Some(fault.code().status().grpc().try_into().unwrap_or(2));
            }
            if parting.end(session, &fault).await.is_err() {
                tracing::debug!(request = &*exchange.request_id, "the client left before the end");
            }
        }
        fault.code().status().http()
    }

    /// The same owner for another try, and which of its pods lets the request in.
    fn once_more(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        mut same: Target,
    ) -> Result<Target> {
        let table = self.table.load();
        same.index = table.index(&same.cell).unwrap_or(usize::MAX);
        self.let_in(session, exchange, &table, &mut same)?;
        Ok(same)
    }

    /// Whether the owner has several pods, and one to which the request has not been.
    fn has_another_pod(&self, exchange: &Exchange) -> bool {
        let another = |target| Guard::has_another(&self.table.load(), target, &exchange.pass);
        exchange.target.as_ref().is_some_and(another)
    }

    /// Learns from the refusal of the last try; says whether the request may be sent again.
    fn learn(&self, exchange: &mut Exchange, refusal: &Refusal, replayable: bool) -> bool {
        if let Some(target) = exchange.target.take() {
            self.note_refusal(exchange, &target, refusal.clone());
            exchange.target = Some(target);
        }
        exchange.sent = false;
        if replayable && exchange.pursuit.may_try_again() {
            return true;
        }
        exchange.fault = Some(exchange.refused_for_good(refusal));
        false
    }
}

fn fresh_secret() -> Result<GuestSecret, Fault> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| Fault::ours(Code::Internal, "the system gives no random numbers"))?;
    Ok(GuestSecret::of_random(&bytes))
}

/// The refusal that an answer carries, if it is one.
fn refusal_of(answer: &ResponseHeader) -> Option<Refusal> {
    let refused = [StatusCode::MISDIRECTED_REQUEST, StatusCode::SERVICE_UNAVAILABLE];
    if !refused.contains(&answer.status) && !is_grpc(&answer.headers) {
        return None;
    }
    answer.headers.get(REFUSAL_HEADER)?.to_str().ok()?.parse().ok()
}

/// Whether a request asks for a WebSocket.
fn is_socket(head: &RequestHeader) -> bool {
    head.version == Version::HTTP_11
        && head.headers.get(header::UPGRADE).is_some_and(|offer| is_websocket(offer.as_bytes()))
}

/// Whether sending the request twice does no harm: the method promises it, or the cell tells by the key.
fn is_repeatable(head: &RequestHeader) -> bool {
    head.method.is_idempotent() || head.headers.contains_key("idempotency-key")
}

#[async_trait]
impl ProxyHttp for Proxy {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        Exchange::new(InFlight::new(self.counts.in_flight.clone(), self.drain.token()))
    }

    fn init_downstream_modules(&self, _: &mut HttpModules) {}

    async fn early_request_filter(&self, session: &mut Session, _: &mut Exchange) -> Result<()> {
        let head = session.req_header_mut();
        // Whoever sends a stream says something when there is something to say.
        let silent = is_socket(head) || is_grpc(&head.headers);
        session.set_read_timeout(Some(self.entrance.body()).filter(|_| !silent));
        session.set_write_timeout(Some(self.entrance.write()));
        let head = session.req_header_mut();
        // Nothing else is spoken behind the router; a client that offers more is served without it.
        if head.headers.get(header::UPGRADE).is_some_and(|offer| !is_websocket(offer.as_bytes())) {
            head.remove_header(&header::UPGRADE);
            head.remove_header("http2-settings");
        }
        forward::forget_spelling(head);
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<bool> {
        match self.gather_and_decide(session, exchange) {
            Ok(course) => {
                if course.guest_is_new {
                    self.counts.guests.inc();
                }
                let hint = self.learnt.hints.get(&*course.tenant);
                let intent = owner::intent(&session.req_header().method, exchange.grpc);
                exchange.set_off(course, intent, hint);
                Ok(false)
            }
            Err(fault) => {
                if fault.code() == Code::Malformed {
                    session.set_keepalive(None);
                }
                self.answer(session, exchange, &fault).await?;
                Ok(true)
            }
        }
    }

    async fn request_body_filter(
        &self,
        session: &mut Session,
        piece: &mut Option<Bytes>,
        is_last: bool,
        exchange: &mut Exchange,
    ) -> Result<()> {
        if is_last {
            self.guard.sent(&mut exchange.pass);
        }
        // Whoever sends a stream says something when there is something to say.
        if is_last || exchange.grpc || session.was_upgraded() {
            return Ok(());
        }
        let len = piece.as_ref().map_or(0, Bytes::len);
        if exchange.pace.holds(len, Instant::now(), self.entrance.pace()) {
            return Ok(());
        }
        Err(Error::explain(ErrorType::ReadTimedout, "the body comes too slowly").into_down())
    }

    async fn upstream_peer(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
    ) -> Result<Box<HttpPeer>> {
        exchange.fault = None;
        let target = match exchange.target.take().filter(|_| exchange.same_again) {
            Some(same) => self.once_more(session, exchange, same)?,
            None => self.find_owner(session, exchange).await?,
        };
        exchange.same_again = false;
        if let Some(why) = exchange.recall.given() {
            exchange.fault = Some(exchange.recalled(why));
            return Error::e_explain(GAVE_UP, "recalled before it was sent")
                .map_err(Error::into_in);
        }
        let spoken = match session.req_header() {
            _ if exchange.grpc => Spoken::Grpc,
            head if is_socket(head) => Spoken::Socket,
            _ => Spoken::Rest,
        };
        let peer = self.upstream.peer(&target, spoken);
        exchange.target = Some(target);
        Ok(Box::new(peer))
    }

    async fn upstream_request_filter(
        &self,
        _: &mut Session,
        head: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let (Some(course), Some(target)) = (&exchange.course, &exchange.target) else {
            return Error::e_explain(ErrorType::InternalError, "a request without a course");
        };
        let told = Told {
            course,
            target,
            request_id: &exchange.request_id,
            trace: exchange.trace,
            client: exchange.pass.client,
            left: exchange.deadline.as_ref().map(Deadline::left),
        };
        forward::tell(head, &told)?;
        exchange.sent = true;
        // What an earlier try and a wait took does not speak against the client.
        exchange.pace = Pace::default();
        self.hold.pass_on(exchange.place.take());
        Ok(())
    }

    async fn upstream_response_filter(
        &self,
        _: &mut Session,
        answer: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        let Some(refusal) = refusal_of(answer) else {
            self.guard.answered(answer, &mut exchange.pass);
            return Ok(());
        };
        self.guard.refused(&mut exchange.pass);
        self.counts.refused(kind_of(&refusal));
        exchange.refusal = Some(refusal);
        Err(Error::new_up(REFUSED))
    }

    async fn response_filter(
        &self,
        _: &mut Session,
        answer: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        exchange.see_grpc_status(&answer.headers);
        exchange.lasting = self.lasting_place(answer, exchange);
        exchange.pass.tell(answer)?;
        let course = exchange.course.as_ref();
        forward::untell(answer, course, &exchange.request_id, self.secure_cookies)
    }

    fn response_body_filter(
        &self,
        _: &mut Session,
        bytes: &mut Option<Bytes>,
        _: bool,
        exchange: &mut Exchange,
    ) -> Result<Option<Duration>> {
        if let (Some((parting, _)), Some(bytes)) = (&mut exchange.lasting, bytes) {
            parting.see(bytes);
        }
        Ok(None)
    }

    async fn response_trailer_filter(
        &self,
        _: &mut Session,
        trailers: &mut HeaderMap,
        exchange: &mut Exchange,
    ) -> Result<Option<Bytes>> {
        exchange.see_grpc_status(trailers);
        for name in forward::strip(trailers, forward::is_internal) {
            trailers.remove(name);
        }
        Ok(None)
    }

    fn fail_to_connect(
        &self,
        _: &mut Session,
        _: &HttpPeer,
        exchange: &mut Exchange,
        mut error: Box<Error>,
    ) -> Box<Error> {
        exchange.sent = false;
        if let Some(target) = &exchange.target {
            self.counts.not_connected(&target.cell);
            self.guard.gone(target, &mut exchange.pass);
        }
        // Nothing was sent: any other pod of the cell may have it, whatever it is.
        let again = exchange.recall.given().is_none() && self.has_another_pod(exchange);
        error.set_retry(again);
        if again {
            exchange.same_again = true;
            self.counts.retried("pod_unreachable");
        } else {
            exchange.fault = Some(exchange.not_answering());
        }
        error
    }

    fn error_while_proxy(
        &self,
        _: &HttpPeer,
        session: &mut Session,
        mut error: Box<Error>,
        exchange: &mut Exchange,
        connection_reused: bool,
    ) -> Box<Error> {
        let replayable = !session.as_ref().retry_buffer_truncated();
        if let Some(refusal) = exchange.refusal.take() {
            let again = self.learn(exchange, &refusal, replayable);
            if again {
                self.counts.retried(kind_of(&refusal));
            }
            error.set_retry(again);
            return error;
        }
        let ends = exchange.recall.given().is_some();
        // A pooled connection that was closed meanwhile says nothing about the cell.
        let silent = *error.etype() == ErrorType::ReadTimedout;
        match (error.esource(), &exchange.target) {
            (ErrorSource::Upstream, Some(target)) if !ends && silent => {
                self.guard.failed(target, &mut exchange.pass);
            }
            (ErrorSource::Upstream, Some(target)) if !ends && !connection_reused => {
                self.guard.gone(target, &mut exchange.pass);
            }
            _ => exchange.pass.give_back(),
        }
        if !replayable || ends || !is_repeatable(session.req_header()) {
            error.set_retry(false);
            return error;
        }
        error.retry.decide_reuse(connection_reused);
        let unanswered = session.response_written().is_none();
        let elsewhere = unanswered && !exchange.pass.sent_again && self.has_another_pod(exchange);
        let lost = *error.esource() == ErrorSource::Upstream && !silent;
        // The one that broke off is put aside, so that not more comes again than it had: the budget is spared.
        let again = if error.retry() {
            elsewhere || self.guard.may_retry(&exchange.pass)
        } else {
            elsewhere && lost
        };
        error.set_retry(again);
        if again {
            self.counts.retried(if lost && !connection_reused {
                "pod_lost"
            } else {
                "connection_closed"
            });
            (exchange.same_again, exchange.pass.sent_again) = (true, true);
        }
        error
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        exchange: &mut Exchange,
    ) -> FailToProxy {
        let recalled =
            exchange.recall.given().filter(|_| *error.esource() == ErrorSource::Downstream);
        if let Some(why) = recalled.filter(|_| session.response_written().is_some()) {
            let error_code = self.part(session, exchange, why).await;
            return FailToProxy { error_code, can_reuse_downstream: false };
        }
        if let Some(why) = recalled {
            self.counts.recalled(why);
            exchange.fault = Some(exchange.recalled(why));
        }
        let fault = exchange.fault.take().or_else(|| fault_of(session, error, exchange));
        let error_code = fault.as_ref().map_or(0, |fault| fault.code().status().http());
        if let Some(fault) = &fault {
            session.set_keepalive(None);
            if self.answer(session, exchange, fault).await.is_err() {
                tracing::debug!(
                    request = &*exchange.request_id,
                    "the client left before the answer"
                );
            }
            if error_code >= 500 {
                let id = &*exchange.request_id;
                tracing::warn!(request = id, code = fault.code().as_str(), cell = exchange.cell(), %error, "not served");
            }
        }
        FailToProxy { error_code, can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, _: Option<&Error>, exchange: &mut Exchange) {
        let status = session.response_written().map(|head| head.status.as_u16());
        let took = exchange.started.elapsed();
        self.counts.ended(exchange.route(), status, took);
        exchange.span.record("cell", exchange.cell());
        exchange.span.record("status", status);
        let well = exchange.went_well(status);
        self.access
            .note(well, exchange.trace.trace, |clients| exchange.line(session, took, clients));
    }

    fn suppress_error_log(&self, _: &Session, _: &Exchange, _: &Error) -> bool {
        // Logged where the answer is made.
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _: &Session,
        _: &Exchange,
        _: &Error,
        _: ProxyWarnLogContext,
    ) -> bool {
        // Retries are counted by cause.
        true
    }
}

pub(crate) fn kind_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NotMine { .. } => "not_mine",
        Refusal::Held { .. } => "held",
    }
}

/// Whether the client's connection broke a rule rather than itself.
fn is_malformed(error: &Error) -> bool {
    let cause = error.root_cause().downcast_ref::<io::Error>();
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::InvalidData)
}

/// What an error of Pingora means to the client; `None` if the client is gone.
fn fault_of(session: &Session, error: &Error, exchange: &Exchange) -> Option<Fault> {
    match (error.esource(), error.etype()) {
        (_, ErrorType::InvalidHTTPHeader) if *error.esource() != ErrorSource::Upstream => {
            Some(Fault::caller(Code::Malformed, "the head of the request cannot be forwarded"))
        }
        (ErrorSource::Downstream, ErrorType::ReadTimedout) => {
            Some(Fault::caller(Code::TooSlow, "the body of the request did not arrive in time"))
        }
        (ErrorSource::Downstream, _) if is_malformed(error) => Some(Fault::caller(
            Code::Malformed,
            "the body of the request is not framed as its head says",
        )),
        (ErrorSource::Downstream, _) => None,
        (ErrorSource::Upstream, etype) => {
            let head = session.req_header();
            let harmless = !exchange.sent || head.method.is_safe();
            Some(exchange.broken_off(harmless, *etype == ErrorType::ReadTimedout))
        }
        (ErrorSource::Internal | ErrorSource::Unset, _) => {
            Some(Fault::ours(Code::Internal, "the router failed to forward the request"))
        }
    }
}

//! The guard: who the client is, how much it may send, what each pod is given. What it refuses is answered here and goes nowhere else.

mod pods;
mod tally;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use base_fault::{Code, Fault, Retry, Source};
use base_telemetry::Metrics;
use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use pingora::{Error, http::ResponseHeader, proxy::Session};
use router_limits::{Form, Limits, Permit, Proxies, Quota, RouteClass, Scope, Shut};
use router_table::{BUSY_HEADER, Table, Target};

use crate::{Config, arrival::is_grpc, course::Course};
use pods::{Asked, KnownPod, Pods};
use tally::Tally;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// When a client that was shed may try again.
const SHED_FOR: Duration = Duration::from_secs(1);

/// Guards the door and every pod of every cell.
pub(crate) struct Guard {
    proxies: Proxies,
    limits: Limits,
    pods: Pods,
    tally: Tally,
    started: Instant,
}

/// What the guard knows of one request.
pub(crate) struct Pass {
    pub(crate) class: RouteClass,
    /// The client, as far as it is known.
    pub(crate) client: Option<IpAddr>,
    /// The limit that is nearest to its end.
    pub(crate) quota: Option<Quota>,
    /// Leave to send the request to the pod that is tried now.
    permit: Option<Permit>,
    pod: Option<Arc<KnownPod>>,
    /// Where it has been in vain: the pod could not be reached, broke off, or knows less than the router.
    tried: Vec<SocketAddr>,
    /// Whether it was sent once more after a connection had broken under it.
    pub(crate) sent_again: bool,
    /// Whether the pod that lets it in is asked before it is sent anything: it failed lately.
    pub(crate) asks_first: bool,
}

impl Default for Pass {
    fn default() -> Self {
        Self {
            class: RouteClass::Browse,
            client: None,
            quota: None,
            permit: None,
            pod: None,
            tried: Vec::new(),
            sent_again: false,
            asks_first: false,
        }
    }
}

impl Guard {
    pub(crate) fn new(config: &Config, metrics: &Metrics) -> Self {
        let pods = Pods::new(config.cells);
        let (tally, started) = (Tally::default(), Instant::now());
        tally.register(metrics, pods.known(), started);
        let limits = Limits::new(config.limits.clone());
        Self { proxies: config.proxies, limits, pods, tally, started }
    }

    /// Time as the limits know it.
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Before anything is done for a request: finds out who the client is and charges it.
    pub(crate) fn knock(&self, session: &Session, pass: &mut Pass) -> Result<(), Fault> {
        let head = session.req_header();
        pass.class = class_of(head);
        let peer = session.client_addr().and_then(|address| address.as_inet());
        let Some(peer) = peer.map(std::net::SocketAddr::ip) else { return Ok(()) };
        let lines = head.headers.get_all(self.proxies.header.name()).iter();
        let client = self.proxies.client(peer, lines.map(HeaderValue::as_bytes));
        if client.untold {
            self.tally.clients_untold.inc();
        }
        pass.client = Some(client.address);
        match self.limits.knock(client.address, pass.class, self.now()) {
            Ok(quota) => {
                pass.quota = Some(quota);
                Ok(())
            }
            Err(quota) => Err(self.too_many(pass, quota)),
        }
    }

    /// Once it is known whom the request is for: charges it to that tenant.
    pub(crate) fn visit(&self, course: &Course, pass: &mut Pass) -> Result<(), Fault> {
        let is_owner = course.sender.as_ref().is_some_and(|sender| sender.is(&course.tenant));
        match self.limits.visit(&course.tenant, is_owner, pass.class, self.now()) {
            Ok(of_tenant) => {
                let quotas = pass.quota.into_iter().chain(of_tenant);
                pass.quota = quotas.reduce(Quota::tighter);
                Ok(())
            }
            Err(quota) => Err(self.too_many(pass, quota)),
        }
    }

    fn too_many(&self, pass: &mut Pass, quota: Quota) -> Fault {
        pass.quota = Some(quota);
        self.tally.limited(quota.scope.as_str(), pass.class.as_str());
        let rate = quota.rate.per_second;
        let what = match quota.scope {
            Scope::Address => "from this address",
            Scope::Route => "of this kind from this address",
            Scope::Tenant => "to this tenant",
        };
        let text = format!("more was sent {what} than the limit of {rate} a second allows");
        let retry = Retry::After(quota.wait.unwrap_or(SHED_FOR));
        Fault::new(Code::RateLimited, Source::Caller, retry, text)
    }

    /// Asks to send the request to a pod of the target's cell, which `target` names then. `whole` if it has no body.
    pub(crate) fn enter(
        &self,
        table: &Table,
        target: &mut Target,
        tenant: &str,
        whole: bool,
        pass: &mut Pass,
    ) -> Result<(), Fault> {
        let asked = Asked { tenant, class: pass.class, whole, tried: &pass.tried };
        match self.pods.choose(table, target, asked, self.now()) {
            Ok(chosen) => {
                if pass.pod.is_none() {
                    chosen.pod.gate.first_try();
                }
                if chosen.is_fallback {
                    self.tally.fell_back(&target.cell);
                }
                pass.asks_first = chosen.is_doubted;
                (pass.permit, pass.pod) = (Some(chosen.permit), Some(chosen.pod));
                Ok(())
            }
            Err(shut) => {
                let (cell, nobody) = (&target.cell, Shut::Broken { after: SHED_FOR });
                let shut = shut.unwrap_or(nobody);
                let (cause, code, after) = match shut {
                    Shut::Broken { after } => ("broken", Code::Unavailable, after),
                    Shut::Full { .. } => ("full", Code::Overloaded, SHED_FOR),
                };
                self.tally.shed(cell, pass.class.as_str(), cause);
                Err(Fault::downstream(code, after, format!("{cell} {shut}")))
            }
        }
    }

    /// Whether the cell has several pods, and one to which the request has not been.
    pub(crate) fn has_another(table: &Table, target: &Target, pass: &Pass) -> bool {
        Pods::has_another(table, target, &pass.tried)
    }

    /// The cell has the whole request.
    pub(crate) fn sent(&self, pass: &mut Pass) {
        if let Some(pod) = &pass.pod {
            pod.is_sent(self.now());
        }
        if let Some(permit) = pass.permit.as_mut() {
            permit.begin(self.now());
        }
    }

    /// The cell began to answer.
    pub(crate) fn answered(&self, head: &ResponseHeader, pass: &mut Pass) {
        if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS {
            return;
        }
        self.spoke(pass);
        let Some(permit) = pass.permit.as_mut() else { return };
        if head.headers.contains_key(BUSY_HEADER) {
            permit.overloaded(self.now());
        } else {
            permit.answered(self.now());
        }
    }

    /// The pod said something of a request.
    fn spoke(&self, pass: &Pass) {
        if let Some(pod) = &pass.pod {
            pod.answered(self.now());
        }
    }

    /// The pod refused the request by its head.
    pub(crate) fn refused(&self, pass: &mut Pass) {
        self.spoke(pass);
        if let Some(permit) = pass.permit.take() {
            permit.refused(self.now());
        }
    }

    /// The pod could not be reached, broke off, or did not answer in time.
    pub(crate) fn failed(&self, target: &Target, pass: &mut Pass) {
        if let Some(permit) = pass.permit.take()
            && permit.failed(self.now())
        {
            let Target { cell, pod, .. } = target;
            tracing::warn!(%cell, %pod, "a pod is given up on for a while");
            self.tally.opened(cell);
        }
    }

    /// The pod could not be reached, or broke off: others of its cell come first for a while, and are where this request goes next.
    pub(crate) fn gone(&self, target: &Target, pass: &mut Pass) {
        self.pass_over(target, pass);
        self.failed(target, pass);
    }

    /// The pod does not know yet what the router knows: others of its cell may.
    pub(crate) fn pass_over(&self, target: &Target, pass: &mut Pass) {
        pass.tried.push(target.edge);
        if let Some(pod) = &pass.pod {
            pod.aside.failed(self.now());
        }
    }

    /// Whether a request that broke off may be sent to its cell once more.
    pub(crate) fn may_retry(&self, pass: &Pass) -> bool {
        let may = pass.pod.as_ref().is_none_or(|pod| pod.gate.may_retry());
        if !may {
            self.tally.retries_refused.inc();
        }
        may
    }
}

impl Pass {
    /// Whether it has leave to be sent to the pod that is tried now.
    pub(crate) fn is_let_in(&self) -> bool {
        self.permit.is_some()
    }

    /// The request broke off in a way that says nothing about the cell.
    pub(crate) fn give_back(&mut self) {
        self.permit = None;
    }

    /// Tells the client of a limit that it has nearly used up.
    pub(crate) fn tell(&self, head: &mut ResponseHeader) -> Result<(), Box<Error>> {
        if let Some(quota) = self.quota.filter(Quota::is_low) {
            head.insert_header(RATE_LIMIT_POLICY, quota.policy())?;
            head.insert_header(RATE_LIMIT, quota.limit())?;
        }
        Ok(())
    }
}

fn class_of(head: &Parts) -> RouteClass {
    let accepts_events = head.headers.get(header::ACCEPT);
    let stays_open = head.headers.contains_key(header::UPGRADE)
        || accepts_events.is_some_and(|kinds| kinds.as_bytes().starts_with(b"text/event-stream"));
    let form = Form { grpc: is_grpc(&head.headers), stays_open };
    RouteClass::of(head.method.as_str(), head.uri.path(), form)
}

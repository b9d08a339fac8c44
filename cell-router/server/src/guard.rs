//! The guard: who the client is, how much it may send, and what a cell is given. What it refuses is answered here and goes nowhere else.

mod tally;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use base_fault::{Code, Fault, Retry, Source};
use base_ids::CellId;
use base_telemetry::Metrics;
use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};
use pingora::{Error, http::ResponseHeader, proxy::Session};
use router_limits::{
    Form, Gate, GateConfig, Limits, Permit, Proxies, Quota, RouteClass, Scope, Shut,
};
use router_table::{BUSY_HEADER, Snapshot};

use crate::{Config, arrival::is_grpc, course::Course};
use tally::Tally;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// When a client that was shed may try again.
const SHED_FOR: Duration = Duration::from_secs(1);

/// Guards the door and every cell.
pub(crate) struct Guard {
    proxies: Proxies,
    limits: Limits,
    gates: Gates,
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
    /// Leave to send the request to the cell that is tried now.
    permit: Option<Permit>,
    gate: Option<Arc<Gate>>,
}

impl Default for Pass {
    fn default() -> Self {
        Self { class: RouteClass::Browse, client: None, quota: None, permit: None, gate: None }
    }
}

impl Guard {
    pub(crate) fn new(config: &Config, metrics: &Metrics) -> Self {
        let gates = Gates { config: config.cells, known: Known::default() };
        let (tally, started) = (Tally::default(), Instant::now());
        tally.register(metrics, &gates.known, started);
        let limits = Limits::new(config.limits.clone());
        Self { proxies: config.proxies, limits, gates, tally, started }
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

    /// Asks to send the request to `cell`. `whole` if it has no body.
    pub(crate) fn enter(
        &self,
        cell: &CellId,
        table: &Snapshot,
        whole: bool,
        pass: &mut Pass,
    ) -> Result<(), Fault> {
        let gate = self.gates.of(cell, table);
        if pass.gate.is_none() {
            gate.first_try();
        }
        let admitted = gate.admit(pass.class, whole, self.now());
        pass.gate = Some(gate);
        match admitted {
            Ok(permit) => {
                pass.permit = Some(permit);
                Ok(())
            }
            Err(shut) => {
                let (cause, code, after) = match shut {
                    Shut::Broken { after } => ("broken", Code::Unavailable, after),
                    Shut::Full { .. } => ("full", Code::Overloaded, SHED_FOR),
                };
                self.tally.shed(cell, pass.class.as_str(), cause);
                Err(Fault::downstream(code, after, format!("{cell} {shut}")))
            }
        }
    }

    /// The cell has the whole request.
    pub(crate) fn sent(&self, pass: &mut Pass) {
        if let Some(permit) = pass.permit.as_mut() {
            permit.begin(self.now());
        }
    }

    /// The cell began to answer.
    pub(crate) fn answered(&self, head: &ResponseHeader, pass: &mut Pass) {
        if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS {
            return;
        }
        let Some(permit) = pass.permit.as_mut() else { return };
        if head.headers.contains_key(BUSY_HEADER) {
            permit.overloaded(self.now());
        } else {
            permit.answered(self.now());
        }
    }

    /// The cell refused the request by its head.
    pub(crate) fn refused(&self, pass: &mut Pass) {
        if let Some(permit) = pass.permit.take() {
            permit.refused(self.now());
        }
    }

    /// The cell could not be reached, broke off, or did not answer in time.
    pub(crate) fn failed(&self, cell: &CellId, pass: &mut Pass) {
        if let Some(permit) = pass.permit.take()
            && permit.failed(self.now())
        {
            tracing::warn!(%cell, "a cell is given up on for a while");
            self.tally.opened(cell);
        }
    }

    /// Whether a request that broke off may be sent to its cell once more.
    pub(crate) fn may_retry(&self, pass: &Pass) -> bool {
        let may = pass.gate.as_ref().is_none_or(|gate| gate.may_retry());
        if !may {
            self.tally.retries_refused.inc();
        }
        may
    }
}

impl Pass {
    /// Whether it has leave to be sent to the cell that is tried now.
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

/// The gates of all cells by name. No more than the table has cells: a gate is made when a request goes to a cell of the table, and
/// those of cells that the table no longer has are thrown away with it.
struct Gates {
    config: GateConfig,
    known: Known,
}

type Known = Arc<ArcSwap<HashMap<CellId, Arc<Gate>>>>;

impl Gates {
    fn of(&self, cell: &CellId, table: &Snapshot) -> Arc<Gate> {
        if let Some(gate) = self.known.load().get(cell) {
            return Arc::clone(gate);
        }
        let table = table.load();
        let fresh = Arc::new(Gate::new(&self.config));
        self.known.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.retain(|cell, _| table.cell(cell).is_some());
            known.entry(cell.clone()).or_insert_with(|| Arc::clone(&fresh));
            known
        });
        // Another request may have been faster.
        self.known.load().get(cell).map_or(fresh, Arc::clone)
    }
}

//! The pods of the other cells: one HTTP/2 connection each, and which of them could be reached lately.

use std::{
    collections::HashMap,
    net::SocketAddr,
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use base_fault::{Code, Fault};
use base_identity::{Expected, Passport, Role};
use base_ids::CellId;
use parking_lot::Mutex;
use router_table::{Aside, Pod};
use souk_proto_fleet::{broke_off, channel, never_sent, v1::mesh_client::MeshClient, why};
use tokio::time::error::Elapsed;
use tonic::{
    Response, Status,
    transport::{Channel, Endpoint},
};

/// How long a connection may take to come up.
pub(super) const CONNECT: Duration = Duration::from_secs(1);
/// How often a pod that has something to answer is pinged, and how long it may take to say that it is there: one that hangs is known
/// for it within twice that, however long an answer may take.
const PING: Duration = Duration::from_secs(2);
/// Largest message between cells, in bytes.
pub(super) const MESSAGE_MAX: usize = 32 << 20;

/// A pod as this cell has found it.
pub(super) struct KnownPod {
    mesh: SocketAddr,
    channel: Channel,
    aside: Aside,
}

impl KnownPod {
    pub(super) fn client(&self) -> MeshClient<Channel> {
        let client = MeshClient::new(self.channel.clone());
        client.max_decoding_message_size(MESSAGE_MAX).max_encoding_message_size(MESSAGE_MAX)
    }
}

/// The pods of all other cells.
pub(super) struct Pods {
    passport: Option<Passport>,
    started: Instant,
    known: Mutex<HashMap<CellId, Vec<Arc<KnownPod>>>>,
}

impl Pods {
    /// Nobody yet; each is entered when it is first asked.
    pub(super) fn new(passport: Option<Passport>) -> Self {
        Self { passport, started: Instant::now(), known: Mutex::default() }
    }

    /// Pods of a cell in the order in which to try them: as they come, those that failed lately behind the others.
    pub(super) fn in_turn<'p>(
        &self,
        cell: &CellId,
        pods: &(impl ExactSizeIterator<Item = &'p Pod> + Clone),
    ) -> Vec<Arc<KnownPod>> {
        let (several, now) = (pods.len() > 1, self.started.elapsed());
        let (mut first, last): (Vec<_>, Vec<_>) = (self.known(cell, pods).into_iter())
            .partition(|pod| !several || pod.aside.may_try(now));
        first.extend(last);
        first
    }

    /// These pods of a cell as they have been found. Those that it has no more are forgotten once it has another one.
    fn known<'p>(
        &self,
        cell: &CellId,
        pods: &(impl ExactSizeIterator<Item = &'p Pod> + Clone),
    ) -> Vec<Arc<KnownPod>> {
        let mut all = self.known.lock();
        let known = all.entry(cell.clone()).or_default();
        let mut found = Vec::with_capacity(pods.len());
        for pod in pods.clone() {
            let is = |known: &&Arc<KnownPod>| known.mesh == pod.mesh;
            if let Some(known) = known.iter().find(is) {
                found.push(Arc::clone(known));
                continue;
            }
            let channel = self.channel_to(cell, pod);
            let fresh = Arc::new(KnownPod { mesh: pod.mesh, channel, aside: Aside::default() });
            known.retain(|known| pods.clone().any(|pod| known.mesh == pod.mesh));
            known.push(Arc::clone(&fresh));
            found.push(fresh);
        }
        found
    }

    /// What an answer means: the end, or that the next pod is to be tried. `may_repeat` if the question may be asked twice.
    pub(super) fn judge<T>(
        &self,
        cell: &CellId,
        pod: &KnownPod,
        answer: Result<Result<Response<T>, Status>, Elapsed>,
        may_repeat: bool,
    ) -> ControlFlow<Result<T, Fault>, Fault> {
        match answer {
            Ok(Ok(answer)) => {
                pod.aside.answered();
                ControlFlow::Break(Ok(answer.into_inner()))
            }
            Ok(Err(status)) if broke_off(&status) => {
                pod.aside.failed(self.started.elapsed());
                let fault = unreachable_cell(cell, &status);
                if may_repeat || never_sent(&status) {
                    ControlFlow::Continue(fault)
                } else {
                    ControlFlow::Break(Err(fault))
                }
            }
            Ok(Err(status)) => ControlFlow::Break(Err(unreachable_cell(cell, &status))),
            // Whoever asks has no patience left for another one.
            Err(_) => {
                pod.aside.failed(self.started.elapsed());
                ControlFlow::Break(Err(silent(cell)))
            }
        }
    }

    fn channel_to(&self, cell: &CellId, pod: &Pod) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", pod.mesh));
        let endpoint = endpoint.expect("a socket address makes a valid URL");
        let endpoint = endpoint
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(PING)
            .keep_alive_timeout(PING);
        let that_cell = Expected::one(Role::Cell, cell.as_str());
        channel(&endpoint, self.passport.as_ref(), that_cell)
    }
}

pub(super) fn silent(cell: &CellId) -> Fault {
    Fault::downstream(Code::Unavailable, CONNECT, format!("{cell} does not answer"))
}

fn unreachable_cell(cell: &CellId, status: &Status) -> Fault {
    silent(cell).because(std::io::Error::other(format!("{:?}: {}", status.code(), why(status))))
}

//! The other cells as this one reaches them: each message and each call at the pod that its tenant prefers, or at the next.

use std::{
    collections::BTreeMap, future::Future, ops::ControlFlow, pin::Pin, sync::Arc, time::Duration,
};

use base_fault::{Code, Fault, chain};
use base_identity::Passport;
use base_ids::{CellId, Epoch, Generation, Version};
use cell_kernel::Answer;
use cell_runtime::{
    Answered, Call, Unanswered,
    mesh::{Addressed, Delivery, Mesh, PublicBatch},
    read_no,
};
use futures_util::future::join_all;
use router_table::{Pod, Snapshot, Table};
use souk_proto_fleet::v1::{
    self, CallRequest, CallResponse, DeliverRequest, FollowRequest, call_response::Outcome,
};
use tokio::sync::mpsc;
use tonic::Streaming;

use super::{
    pods::{CONNECT, KnownPod, Pods, silent},
    words::{addressed_to_wire, delivery_of_wire, message_of_wire},
};

/// How long a delivery may take: longer than any command waits for its facts.
const DELIVER: Duration = Duration::from_secs(15);
/// What a call takes on the way, on top of its deadline.
const CALL_MARGIN: Duration = Duration::from_millis(500);
/// Batches of public messages that may wait to be folded.
const BATCHES: usize = 4;

/// Reaches the other cells over gRPC.
pub(crate) struct GrpcMesh {
    own: CellId,
    table: Snapshot,
    passport: Option<Passport>,
    pods: Pods,
}

impl GrpcMesh {
    /// Reaches the cells of `table`, as cell `own`.
    pub(crate) fn new(own: CellId, table: Snapshot, passport: Option<Passport>) -> Self {
        let pods = Pods::new(passport.clone());
        Self { own, table, passport, pods }
    }

    /// The pods of a cell, in the order in which to try them for a tenant.
    fn pods_for(&self, cell: &CellId, tenant_name: &str) -> Result<Vec<Arc<KnownPod>>, Fault> {
        let table = self.table.load();
        let index = index_of(&table, cell)?;
        let pods = table.pods_for(index, tenant_name);
        let far = |pod: &Pod| self.passport.is_none() && !pod.mesh.ip().is_loopback();
        if let Some(pod) = pods.clone().find(|pod| far(pod)) {
            let text = format!(
                "{cell} is at {}, on another machine, and this cell has no identity to speak to it with",
                pod.mesh
            );
            return Err(Fault::downstream(Code::Unavailable, CONNECT, text));
        }
        Ok(self.pods.in_turn(cell, &pods))
    }

    /// Delivers each message at the pod that its tenant prefers.
    async fn deliver_to(
        &self,
        cell: &CellId,
        messages: &[Addressed],
    ) -> Result<Vec<Delivery>, Fault> {
        let table = self.table.load();
        let index = index_of(&table, cell)?;
        let mut shares: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (nth, message) in messages.iter().enumerate() {
            let preferred = table.pods_for(index, message.to.as_str()).next();
            shares.entry(preferred.map(|pod| &pod.name)).or_default().push(nth);
        }
        let shares: Vec<_> = shares.into_values().collect();
        let delivered = join_all(shares.iter().map(|share| async move {
            let share: Vec<_> = share.iter().filter_map(|nth| messages.get(*nth)).collect();
            self.deliver_share(cell, &share).await
        }));
        together(shares.iter().zip(delivered.await), messages.len())
    }

    /// Delivers messages whose tenants prefer one pod, there or at the next one that can be reached: whoever hears twice hears once.
    async fn deliver_share(
        &self,
        cell: &CellId,
        share: &[&Addressed],
    ) -> Result<Vec<Delivery>, Fault> {
        let Some(first) = share.first() else { return Ok(Vec::new()) };
        let mut last = silent(cell);
        for pod in self.pods_for(cell, first.to.as_str())? {
            let request = DeliverRequest {
                from_cell: self.own.to_string(),
                messages: share.iter().map(|message| addressed_to_wire(message)).collect(),
                epoch: self.table.load().epoch().0,
            };
            let mut client = pod.client();
            let answer = tokio::time::timeout(DELIVER, client.deliver(request)).await;
            match self.pods.judge(cell, &pod, answer, true) {
                ControlFlow::Break(ended) => {
                    return Ok(ended?.outcomes.iter().map(delivery_of_wire).collect());
                }
                ControlFlow::Continue(fault) => last = fault,
            }
        }
        Err(last)
    }

    async fn follow_from(
        &self,
        cell: &CellId,
        after: u64,
    ) -> Result<mpsc::Receiver<PublicBatch>, Fault> {
        let mut last = silent(cell);
        // Any pod has them all; followers spread over the pods as tenants do.
        for pod in self.pods_for(cell, self.own.as_str())? {
            let request = FollowRequest { follower_cell: self.own.to_string(), after };
            let mut client = pod.client();
            let answer = tokio::time::timeout(DELIVER, client.follow(request)).await;
            match self.pods.judge(cell, &pod, answer, true) {
                ControlFlow::Break(ended) => return Ok(received(cell.clone(), ended?)),
                ControlFlow::Continue(fault) => last = fault,
            }
        }
        Err(last)
    }

    /// Passes a call on. It goes to another pod only if it was never sent, or if its key lets it happen once.
    async fn call_on(&self, cell: &CellId, call: Call) -> Result<Answered, Unanswered> {
        let patience = call.deadline + CALL_MARGIN;
        let caller = serde_json::to_vec(&call.caller).map_err(|error| {
            Fault::ours(Code::Internal, "a caller cannot be written").because(error)
        })?;
        let request = CallRequest {
            tenant: call.tenant.to_string(),
            method: call.method.to_string(),
            request: call.request.into(),
            caller: caller.into(),
            idempotency_key: call.idempotency_key.unwrap_or_default(),
            trace: call.trace.map(|trace| trace.to_vec()).unwrap_or_default().into(),
            deadline_ms: u32::try_from(call.deadline.as_millis()).unwrap_or(u32::MAX),
            epoch: self.table.load().epoch().0,
        };
        let mut last = silent(cell);
        for pod in self.pods_for(cell, &request.tenant)? {
            let mut client = pod.client();
            let answer = tokio::time::timeout(patience, client.call(request.clone())).await;
            match self.pods.judge(cell, &pod, answer, !request.idempotency_key.is_empty()) {
                ControlFlow::Break(ended) => return answered(cell, ended?),
                ControlFlow::Continue(fault) => last = fault,
            }
        }
        Err(last.into())
    }
}

fn index_of(table: &Table, cell: &CellId) -> Result<usize, Fault> {
    table.index(cell).ok_or_else(|| {
        let text = format!("the routing table does not list {cell}");
        Fault::downstream(Code::Unavailable, CONNECT, text)
    })
}

/// The outcomes of all shares in the order of the messages. A share that reached nobody waits while others went well.
fn together<'s>(
    shares: impl Iterator<Item = (&'s Vec<usize>, Result<Vec<Delivery>, Fault>)>,
    len: usize,
) -> Result<Vec<Delivery>, Fault> {
    let (mut outcomes, mut unreached) = (Vec::new(), Vec::new());
    outcomes.resize_with(len, || None);
    for (share, delivered) in shares {
        match delivered {
            Ok(delivered) => {
                for (nth, outcome) in share.iter().zip(delivered) {
                    outcomes[*nth] = Some(outcome);
                }
            }
            Err(fault) => unreached.push(fault),
        }
    }
    let missing = || {
        let why = unreached.first().map_or_else(
            || "its answer does not fit the question".to_owned(),
            |fault| chain(fault),
        );
        Fault::downstream(Code::Unavailable, CONNECT, why)
    };
    if outcomes.iter().all(Option::is_none) && len > 0 {
        return Err(missing());
    }
    Ok(outcomes.into_iter().map(|one| one.unwrap_or_else(|| Delivery::Retry(missing()))).collect())
}

/// What a cell sends to a follower, until either leaves.
fn received(cell: CellId, mut stream: Streaming<v1::PublicBatch>) -> mpsc::Receiver<PublicBatch> {
    let (sender, receiver) = mpsc::channel(BATCHES);
    tokio::spawn(async move {
        while let Ok(Some(batch)) = stream.message().await {
            let messages = batch.messages.iter().map(|public| {
                let message = public.message.as_ref().map(message_of_wire);
                Ok((public.position, message.transpose()?.ok_or_else(|| silent(&cell))?))
            });
            let messages: Result<Vec<_>, Fault> = messages.collect();
            let Ok(messages) = messages else {
                tracing::error!(%cell, "a public message that cannot be read; the connection is begun anew");
                return;
            };
            if sender.send(PublicBatch { messages, head: batch.head }).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// What the owner of a call's tenant said.
fn answered(cell: &CellId, answer: CallResponse) -> Result<Answered, Unanswered> {
    match answer.outcome {
        Some(Outcome::Response(response)) => {
            let version = Version(answer.version);
            Ok(Answered { response: response.to_vec(), version, replayed: answer.replayed })
        }
        Some(Outcome::Problem(problem)) => Err(read_no(&problem)?.into()),
        Some(Outcome::NotMine(found)) if found.held => {
            Err(Unanswered::Held { epoch: Epoch(found.epoch) })
        }
        Some(Outcome::NotMine(found)) => Err(Unanswered::NotMine {
            owner: found.owner_cell.parse().ok(),
            generation: Generation(found.generation),
            epoch: Epoch(found.epoch),
        }),
        None => Err(silent(cell).into()),
    }
}

impl Mesh for GrpcMesh {
    fn deliver<'a>(
        &'a self,
        cell: &'a CellId,
        messages: &'a [Addressed],
    ) -> Answer<'a, Vec<Delivery>> {
        Box::pin(self.deliver_to(cell, messages))
    }

    fn follow<'a>(
        &'a self,
        cell: &'a CellId,
        after: u64,
    ) -> Answer<'a, mpsc::Receiver<PublicBatch>> {
        Box::pin(self.follow_from(cell, after))
    }

    fn call<'a>(
        &'a self,
        cell: &'a CellId,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, Unanswered>> + Send + 'a>> {
        Box::pin(self.call_on(cell, call))
    }
}

//! The other cells as this one reaches them: one HTTP/2 connection each, found in the routing table.

use std::{collections::HashMap, future::Future, pin::Pin, time::Duration};

use base_fault::{Code, Fault};
use base_identity::{Expected, Passport, Role};
use base_ids::{CellId, Epoch, Generation, Version};
use cell_kernel::Answer;
use cell_runtime::{
    Answered, Call, Unanswered,
    mesh::{Addressed, Delivery, Mesh, PublicBatch},
    read_no,
};
use parking_lot::Mutex;
use router_table::Snapshot;
use souk_proto_fleet::v1::{
    CallRequest, DeliverRequest, FollowRequest, call_response::Outcome, mesh_client::MeshClient,
};
use tokio::sync::mpsc;
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};

use super::words::{addressed_to_wire, delivery_of_wire, message_of_wire};

/// How long a connection may take to come up.
const CONNECT: Duration = Duration::from_secs(1);
/// How long a delivery may take: longer than any command waits for its facts.
const DELIVER: Duration = Duration::from_secs(15);
/// What a call takes on the way, on top of its deadline.
const CALL_MARGIN: Duration = Duration::from_millis(500);
/// Batches of public messages that may wait to be folded.
const BATCHES: usize = 4;
/// Largest message between cells, in bytes.
pub(crate) const MESSAGE_MAX: usize = 32 << 20;

/// Reaches the other cells over gRPC.
pub(crate) struct GrpcMesh {
    own: CellId,
    table: Snapshot,
    passport: Option<Passport>,
    channels: Mutex<HashMap<(CellId, std::net::SocketAddr), Channel>>,
}

impl GrpcMesh {
    /// Reaches the cells of `table`, as cell `own`.
    pub(crate) fn new(own: CellId, table: Snapshot, passport: Option<Passport>) -> Self {
        Self { own, table, passport, channels: Mutex::default() }
    }

    fn client(&self, cell: &CellId) -> Result<MeshClient<Channel>, Fault> {
        let table = self.table.load();
        let found = table.cell(cell).ok_or_else(|| {
            let text = format!("the routing table does not list {cell}");
            Fault::downstream(Code::Unavailable, CONNECT, text)
        })?;
        if self.passport.is_none() && !found.mesh.ip().is_loopback() {
            let text = format!(
                "{cell} is at {}, on another machine, and this cell has no identity to speak to it with",
                found.mesh
            );
            return Err(Fault::downstream(Code::Unavailable, CONNECT, text));
        }
        let place = (cell.clone(), found.mesh);
        let mut channels = self.channels.lock();
        let channel = channels.entry(place).or_insert_with(|| {
            let endpoint = Endpoint::from_shared(format!("http://{}", found.mesh));
            let endpoint = endpoint.expect("a socket address makes a valid URL");
            let endpoint = endpoint
                .connect_timeout(CONNECT)
                .tcp_nodelay(true)
                .http2_keep_alive_interval(Duration::from_secs(10))
                .keep_alive_timeout(Duration::from_secs(5));
            let that_cell = Expected::one(Role::Cell, cell.as_str());
            souk_proto_fleet::channel(&endpoint, self.passport.as_ref(), that_cell)
        });
        let client = MeshClient::new(channel.clone());
        Ok(client.max_decoding_message_size(MESSAGE_MAX).max_encoding_message_size(MESSAGE_MAX))
    }

    async fn deliver_to(
        &self,
        cell: &CellId,
        messages: &[Addressed],
    ) -> Result<Vec<Delivery>, Fault> {
        let request = DeliverRequest {
            from_cell: self.own.to_string(),
            messages: messages.iter().map(addressed_to_wire).collect(),
            epoch: self.table.load().epoch().0,
        };
        let mut client = self.client(cell)?;
        let answer = tokio::time::timeout(DELIVER, client.deliver(request)).await;
        let answer =
            answer.map_err(|_| silent(cell))?.map_err(|status| unreachable_cell(cell, &status))?;
        Ok(answer.into_inner().outcomes.iter().map(delivery_of_wire).collect())
    }

    async fn follow_from(
        &self,
        cell: &CellId,
        after: u64,
    ) -> Result<mpsc::Receiver<PublicBatch>, Fault> {
        let request = FollowRequest { follower_cell: self.own.to_string(), after };
        let mut client = self.client(cell)?;
        let answer =
            client.follow(request).await.map_err(|status| unreachable_cell(cell, &status))?;
        let mut stream = answer.into_inner();
        let (sender, receiver) = mpsc::channel(BATCHES);
        let cell = cell.clone();
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
        Ok(receiver)
    }

    async fn call_on(&self, cell: &CellId, call: Call) -> Result<Answered, Unanswered> {
        let deadline = call.deadline;
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
            deadline_ms: u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX),
            epoch: self.table.load().epoch().0,
        };
        let mut client = self.client(cell)?;
        let answer = tokio::time::timeout(deadline + CALL_MARGIN, client.call(request)).await;
        let answer = answer
            .map_err(|_| silent(cell))?
            .map_err(|status| unreachable_cell(cell, &status))?
            .into_inner();
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

fn silent(cell: &CellId) -> Fault {
    Fault::downstream(Code::Unavailable, CONNECT, format!("{cell} does not answer"))
}

fn unreachable_cell(cell: &CellId, status: &Status) -> Fault {
    silent(cell).because(std::io::Error::other(format!(
        "{:?}: {}",
        status.code(),
        souk_proto_fleet::why(status)
    )))
}

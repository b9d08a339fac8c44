//! What the other cells may ask of this one.

use std::{pin::Pin, time::Duration};

use base_fault::Fault;
use base_identity::{Door, Role};
use cell_kernel::Caller;
use cell_runtime::{Call, Cell, Unanswered, mesh::Addressed, write_no};
use souk_proto_fleet::{
    Only, caller, speaks_for,
    v1::{
        CallRequest, CallResponse, DeliverRequest, DeliverResponse, FollowRequest, NotMine,
        PublicBatch, PublicMessage,
        call_response::Outcome,
        mesh_server::{Mesh, MeshServer},
    },
};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, service::interceptor::InterceptedService};

use super::{
    pods::MESSAGE_MAX,
    words::{addressed_of_wire, delivery_to_wire, message_to_wire, trace_of_wire},
};

/// Public messages in one batch.
const BATCH: usize = 500;
/// How often a follower hears that there is nothing new, so that a broken connection is noticed.
const BEAT: Duration = Duration::from_secs(5);

/// Serves a cell to the other cells.
pub(crate) struct MeshService {
    cell: Cell,
    door: Door,
}

impl MeshService {
    /// The gRPC service, behind a door; each of the other cells speaks for itself alone.
    pub(crate) fn server(cell: Cell, door: Door) -> InterceptedService<MeshServer<Self>, Only> {
        let cells = Only::of(&door, &[Role::Cell]);
        let server = MeshServer::new(Self { cell, door });
        let server =
            server.max_decoding_message_size(MESSAGE_MAX).max_encoding_message_size(MESSAGE_MAX);
        InterceptedService::new(server, cells)
    }
}

#[tonic::async_trait]
impl Mesh for MeshService {
    async fn deliver(
        &self,
        request: Request<DeliverRequest>,
    ) -> Result<Response<DeliverResponse>, Status> {
        speaks_for(&self.door, caller(&request)?, Role::Cell, &request.get_ref().from_cell)?;
        let messages: Result<Vec<Addressed>, Fault> =
            request.get_ref().messages.iter().map(addressed_of_wire).collect();
        let messages =
            messages.map_err(|fault| Status::invalid_argument(base_fault::chain(&fault)))?;
        let epoch = self.cell.table().epoch().0;
        let deliveries = self.cell.receive(messages).await;
        let outcomes =
            deliveries.iter().map(|delivery| delivery_to_wire(delivery, epoch)).collect();
        Ok(Response::new(DeliverResponse { outcomes }))
    }

    type FollowStream = Pin<Box<dyn Stream<Item = Result<PublicBatch, Status>> + Send>>;

    async fn follow(
        &self,
        request: Request<FollowRequest>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let follower = &request.get_ref().follower_cell;
        speaks_for(&self.door, caller(&request)?, Role::Cell, follower)?;
        let public = self.cell.stores().public.clone();
        let mut position = request.get_ref().after;
        let mut head = public.head();
        let stream = async_stream::stream! {
            loop {
                let newest = *head.borrow_and_update();
                match public.after(position, BATCH).await {
                    Err(fault) => {
                        yield Err(Status::internal(base_fault::chain(&fault)));
                        return;
                    }
                    Ok(found) => {
                        let more = found.len() == BATCH;
                        position = found.last().map_or(position, |(position, _)| *position);
                        let messages = found
                            .iter()
                            .map(|(position, message)| PublicMessage {
                                position: *position,
                                message: Some(message_to_wire(message)),
                            })
                            .collect();
                        yield Ok(PublicBatch { messages, head: newest.max(position) });
                        if more {
                            continue;
                        }
                    }
                }
                if let Ok(Err(_)) = tokio::time::timeout(BEAT, head.changed()).await {
                    return;
                }
            }
        };
        Ok(Response::new(Box::pin(stream)))
    }

    async fn call(&self, request: Request<CallRequest>) -> Result<Response<CallResponse>, Status> {
        let request = request.into_inner();
        let tenant =
            request.tenant.parse().map_err(|error| Status::invalid_argument(format!("{error}")))?;
        let caller: Caller = serde_json::from_slice(&request.caller).map_err(|error| {
            Status::invalid_argument(format!("the caller cannot be read: {error}"))
        })?;
        let call = Call {
            tenant,
            method: request.method.into(),
            request: request.request.to_vec(),
            caller,
            idempotency_key: Some(request.idempotency_key).filter(|key| !key.is_empty()),
            if_match: None,
            trace: trace_of_wire(&request.trace),
            deadline: Duration::from_millis(u64::from(request.deadline_ms)),
        };
        Ok(Response::new(answer(self.cell.serve(call).await)))
    }
}

fn answer(ended: Result<cell_runtime::Answered, Unanswered>) -> CallResponse {
    let (outcome, version, replayed) = match ended {
        Ok(answered) => {
            (Outcome::Response(answered.response.into()), answered.version.0, answered.replayed)
        }
        Err(Unanswered::No(no)) => (Outcome::Problem(write_no(&no).into()), 0, false),
        Err(Unanswered::NotMine { owner, generation, epoch }) => {
            let owner_cell = owner.map(String::from).unwrap_or_default();
            let found =
                NotMine { owner_cell, generation: generation.0, epoch: epoch.0, held: false };
            (Outcome::NotMine(found), 0, false)
        }
        Err(Unanswered::Held { epoch }) => {
            let found =
                NotMine { owner_cell: String::new(), generation: 0, epoch: epoch.0, held: true };
            (Outcome::NotMine(found), 0, false)
        }
    };
    CallResponse { outcome: Some(outcome), version, replayed }
}

//! What operators may ask of a cell, on the port where other cells come too: streams with their causes, dead letters, what waits, how it is.

use base_fault::Fault;
use base_identity::{Door, Passport, Role};
use base_ids::{MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::Caller;
use cell_runtime::{
    Call, Cell,
    port::{Cause, Errand, OutboxKey, StoredEvent},
};
use souk_proto_fleet::{
    Only,
    v1::{
        self, CheckCellRequest, DeadLetterRequest, DeadLetterResponse, DoctorResponse, Finding,
        GrantOperatorRequest, GrantOperatorResponse, ListDeadLettersRequest,
        ListDeadLettersResponse, ListStreamsRequest, ListStreamsResponse, ListWaitingRequest,
        ListWaitingResponse, ShowStreamRequest, ShowStreamResponse, StreamEvent, StreamHead,
        WaitingFor, WhoHeardRequest, WhoHeardResponse,
        cell_admin_server::{CellAdmin, CellAdminServer},
    },
};
use tonic::{Request, Response, Status, service::interceptor::InterceptedService};

use crate::mesh::words::{addressed_to_wire, id_of_wire, message_to_wire};

/// Most entries that one answer has.
const LIMIT_MAX: usize = 1_000;

/// Serves a cell to operators.
pub(crate) struct AdminService {
    cell: Cell,
    passport: Option<Passport>,
}

impl AdminService {
    /// The gRPC service, behind a door, for operators alone.
    pub(crate) fn server(
        cell: Cell,
        door: &Door,
        passport: Option<Passport>,
    ) -> InterceptedService<CellAdminServer<Self>, Only> {
        let operators = Only::of(door, &[Role::Operator]);
        CellAdminServer::with_interceptor(Self { cell, passport }, operators)
    }
}

impl AdminService {
    /// Whether a message that is due then stands in this cell's outbox.
    async fn waits(&self, id: MessageId, due_ms: i64) -> Result<bool, Fault> {
        let (due, outbox) = (Timestamp::from_millis(due_ms), &self.cell.stores().outbox);
        let mut after = OutboxKey::posted(Some(due), 0, 0);
        loop {
            let page = outbox.due(due, Some(after), LIMIT_MAX).await?;
            if page.iter().any(|(_, entry)| entry.errand.message().id == id) {
                return Ok(true);
            }
            match page.last() {
                Some((last, _)) if page.len() == LIMIT_MAX => after = *last,
                _ => return Ok(false),
            }
        }
    }
}

#[tonic::async_trait]
impl CellAdmin for AdminService {
    async fn show_stream(
        &self,
        request: Request<ShowStreamRequest>,
    ) -> Result<Response<ShowStreamResponse>, Status> {
        let request = request.into_inner();
        let stream: StreamName = read(&request.stream)?;
        let (after, limit) = (Version(request.after), limited(request.limit));
        let found = self
            .cell
            .stores()
            .journal
            .events(&stream, after, limit)
            .await
            .map_err(|fault| failed(&fault))?;
        let head = found.last().map_or(request.after, |event| event.version.0);
        let events = found.iter().map(show_event).collect();
        Ok(Response::new(ShowStreamResponse { events, head }))
    }

    async fn who_heard(
        &self,
        request: Request<WhoHeardRequest>,
    ) -> Result<Response<WhoHeardResponse>, Status> {
        let request = request.into_inner();
        let (tenant, id) = (
            read::<Tenant>(&request.tenant)?,
            id_of_wire(&request.id).map_err(|fault| failed(&fault))?,
        );
        // Asked first: what is heard meanwhile is found there.
        let waits = self.waits(id, request.due_ms).await.map_err(|fault| failed(&fault))?;
        let heard = self.cell.stores().journal.heard(&tenant, &request.service, id).await;
        let heard = heard.map_err(|fault| failed(&fault))?;
        let called_off = request.due_ms != 0 && !waits && heard.is_none();
        let (stream, version) =
            heard.map(|(stream, version)| (stream.to_string(), version.0)).unwrap_or_default();
        Ok(Response::new(WhoHeardResponse { stream, version, called_off }))
    }

    async fn list_streams(
        &self,
        request: Request<ListStreamsRequest>,
    ) -> Result<Response<ListStreamsResponse>, Status> {
        let request = request.into_inner();
        let tenant: Tenant = read(&request.tenant)?;
        let service = Some(request.service.as_str()).filter(|service| !service.is_empty());
        let journal = &self.cell.stores().journal;
        let found = journal
            .streams(&tenant, service, None, limited(request.limit))
            .await
            .map_err(|fault| failed(&fault))?;
        let show = |(stream, version): (StreamName, Version)| StreamHead {
            stream: stream.to_string(),
            version: version.0,
        };
        Ok(Response::new(ListStreamsResponse { streams: found.into_iter().map(show).collect() }))
    }

    async fn list_dead_letters(
        &self,
        request: Request<ListDeadLettersRequest>,
    ) -> Result<Response<ListDeadLettersResponse>, Status> {
        let found = self
            .cell
            .stores()
            .outbox
            .dead(limited(request.get_ref().limit))
            .await
            .map_err(|fault| failed(&fault))?;
        let letters = found
            .into_iter()
            .map(|letter| v1::DeadLetter {
                message: Some(match &letter.errand {
                    Errand::Deliver { to, service, message } => {
                        let (to, service, message) = (to.clone(), service.clone(), message.clone());
                        addressed_to_wire(&cell_runtime::mesh::Addressed { to, service, message })
                    }
                    Errand::Perform { message } => message_to_wire(message),
                }),
                why: letter.why,
                tries: letter.tries,
                parked_ms: letter.at.as_millis(),
            })
            .collect();
        Ok(Response::new(ListDeadLettersResponse { letters }))
    }

    async fn replay_dead_letter(
        &self,
        request: Request<DeadLetterRequest>,
    ) -> Result<Response<DeadLetterResponse>, Status> {
        let id = id_of_wire(&request.get_ref().id).map_err(|fault| failed(&fault))?;
        let found = self.cell.replay_dead(id).await.map_err(|fault| failed(&fault))?;
        told(found, format!("{id} is on its way again"), id)
    }

    async fn drop_dead_letter(
        &self,
        request: Request<DeadLetterRequest>,
    ) -> Result<Response<DeadLetterResponse>, Status> {
        let id = id_of_wire(&request.get_ref().id).map_err(|fault| failed(&fault))?;
        let found =
            self.cell.stores().outbox.drop_dead(id).await.map_err(|fault| failed(&fault))?;
        told(found, format!("{id} is forgotten"), id)
    }

    async fn list_waiting(
        &self,
        _: Request<ListWaitingRequest>,
    ) -> Result<Response<ListWaitingResponse>, Status> {
        let cells = self.cell.waiting().into_iter().map(|(cell, messages, oldest)| WaitingFor {
            cell: cell.to_string(),
            messages: messages as u64,
            oldest_ms: oldest.map_or(0, base_time::Timestamp::as_millis),
        });
        Ok(Response::new(ListWaitingResponse { cells: cells.collect() }))
    }

    async fn check_cell(
        &self,
        _: Request<CheckCellRequest>,
    ) -> Result<Response<DoctorResponse>, Status> {
        let findings = crate::doctor::findings(&self.cell, self.passport.as_ref()).await;
        let show =
            |(check, ok, text): (&str, bool, String)| Finding { check: check.to_owned(), ok, text };
        Ok(Response::new(DoctorResponse { findings: findings.into_iter().map(show).collect() }))
    }

    async fn grant_operator(
        &self,
        request: Request<GrantOperatorRequest>,
    ) -> Result<Response<GrantOperatorResponse>, Status> {
        let request = request.into_inner();
        let user: Tenant = read(&request.user)?;
        let (method, grant) = crate::operators::grant(&user, request.take_away);
        let call = Call {
            tenant: crate::operators::tenant(),
            method: method.into(),
            request: grant,
            caller: Caller::platform("soukctl"),
            idempotency_key: None,
            if_match: None,
            trace: None,
            deadline: std::time::Duration::from_secs(10),
        };
        let answered = self
            .cell
            .serve(call)
            .await
            .map_err(|no| Status::failed_precondition(format!("{no:?}")))?;
        let operators =
            crate::operators::listed(&answered.response).map_err(|fault| failed(&fault))?;
        Ok(Response::new(GrantOperatorResponse { operators }))
    }
}

fn show_event(event: &StoredEvent) -> StreamEvent {
    let cause: Option<Cause> =
        event.cause.as_ref().and_then(|cause| serde_json::from_slice(cause).ok());
    StreamEvent {
        version: event.version.0,
        kind: event.kind.clone(),
        at_ms: event.at.as_millis(),
        body: String::from_utf8_lossy(&event.body).into_owned(),
        cause: cause.map(show_cause),
    }
}

fn show_cause(cause: Cause) -> v1::Cause {
    let heard = cause.heard;
    v1::Cause {
        actor: cause.actor,
        command: cause.command.to_string(),
        facts: cause.facts.to_string(),
        trace: cause.trace.map(|trace| trace.to_vec()).unwrap_or_default().into(),
        heard: heard
            .as_ref()
            .map(|heard| heard.id.0.as_bytes().to_vec())
            .unwrap_or_default()
            .into(),
        heard_from_stream: heard.as_ref().map(|heard| heard.from.to_string()).unwrap_or_default(),
        heard_from_version: heard.as_ref().map_or(0, |heard| heard.version.0),
        heard_kind: heard.map(|heard| heard.kind).unwrap_or_default(),
        told: cause.told.into_iter().map(show_told).collect(),
    }
}

fn show_told(told: cell_runtime::port::ToldTo) -> v1::Told {
    v1::Told {
        id: told.id.0.as_bytes().to_vec().into(),
        to_tenant: told.tenant.map(String::from).unwrap_or_default(),
        to_service: told.service,
        kind: told.kind,
        due_ms: told.due.map_or(0, base_time::Timestamp::as_millis),
    }
}

fn limited(limit: u32) -> usize {
    match limit as usize {
        0 => 100,
        limit => limit.min(LIMIT_MAX),
    }
}

fn read<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Status> {
    text.parse().map_err(|error| Status::invalid_argument(format!("{error}")))
}

fn failed(fault: &Fault) -> Status {
    Status::internal(base_fault::chain(fault))
}

fn told(
    found: bool,
    text: String,
    id: base_ids::MessageId,
) -> Result<Response<DeadLetterResponse>, Status> {
    if found {
        Ok(Response::new(DeadLetterResponse { text }))
    } else {
        Err(Status::not_found(format!(
            "there is no dead letter {id}; `soukctl messages dead list` shows them"
        )))
    }
}

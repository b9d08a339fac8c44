//! Stand-in cells: they echo what reaches them, refuse what they are told to refuse, and stream.

use std::{net::SocketAddr, pin::Pin, sync::Arc};

use axum::{
    Json, Router as Routes,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base_ids::CellId;
use bytes::Bytes;
use futures_util::Stream;
use parking_lot::Mutex;
use router_table::{REFUSAL_HEADER, Refusal};
use serde_json::{Value, json};
use souk_proto_fleet::v1::{
    self,
    mesh_server::{Mesh, MeshServer},
};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};
use tonic::{Status, metadata::MetadataMap};

/// Says whether the cell refuses a tenant.
type Refuses = Box<dyn Fn(&str) -> Option<Refusal> + Send>;

/// A cell that answers every request with what it saw.
pub(crate) struct StandInCell {
    pub(crate) id: CellId,
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    id: CellId,
    refuses: Mutex<Refuses>,
    /// How many requests have come in, refused ones too.
    requests: Mutex<u32>,
    /// Headers of the last one.
    headers: Mutex<HeaderMap>,
    /// Lets a stream go on.
    go_on: Notify,
}

impl StandInCell {
    pub(crate) async fn start(number: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let id: CellId = format!("cell-{number}").parse().unwrap();
        let shared = Arc::new(Shared {
            id: id.clone(),
            refuses: Mutex::new(Box::new(|_| None)),
            requests: Mutex::new(0),
            headers: Mutex::default(),
            go_on: Notify::new(),
        });
        let grpc = tonic::service::Routes::new(
            MeshServer::new(Calls(Arc::clone(&shared))).max_decoding_message_size(8 << 20),
        );
        let routes = Routes::new()
            .route("/v1/users/{user}/events", axum::routing::get(events))
            .with_state(Arc::clone(&shared))
            .merge(grpc.into_axum_router())
            .fallback_service(axum::routing::any(echo).with_state(Arc::clone(&shared)));
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { id, address, shared, server }
    }

    /// From now on refuses as `refuses` says.
    pub(crate) fn refuse(&self, refuses: impl Fn(&str) -> Option<Refusal> + Send + 'static) {
        *self.shared.refuses.lock() = Box::new(refuses);
    }

    pub(crate) fn requests(&self) -> u32 {
        *self.shared.requests.lock()
    }

    /// A header of the last request.
    pub(crate) fn told(&self, name: &str) -> Option<String> {
        let headers = self.shared.headers.lock();
        headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    /// Lets a stream of events go on.
    pub(crate) fn go_on(&self) {
        self.shared.go_on.notify_one();
    }
}

impl Drop for StandInCell {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn refusal(&self, headers: &HeaderMap) -> Option<Refusal> {
        *self.requests.lock() += 1;
        self.headers.lock().clone_from(headers);
        let tenant = headers.get("souk-tenant").map_or("", |name| name.to_str().unwrap());
        (self.refuses.lock())(tenant)
    }
}

async fn echo(State(cell): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if let Some(refusal) = cell.refusal(&head.headers) {
        let status = match refusal {
            Refusal::NotMine { .. } => StatusCode::MISDIRECTED_REQUEST,
            Refusal::Held { .. } => StatusCode::SERVICE_UNAVAILABLE,
        };
        return (status, [(REFUSAL_HEADER, refusal.to_string())]).into_response();
    }
    let body = to_bytes(body, 16 << 20).await.unwrap();
    let headers: serde_json::Map<String, Value> = (head.headers.iter())
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    let seen = json!({
        "cell": cell.id.as_str(),
        "method": head.method.as_str(),
        "path": head.uri.path_and_query().map(ToString::to_string),
        "headers": headers,
        "body_len": body.len(),
    });
    ([("souk-cell", cell.id.as_str()), ("x-kept", "yes")], Json(seen)).into_response()
}

/// Server-sent events: the second only once somebody has got the first.
async fn events(State(cell): State<Arc<Shared>>) -> Response {
    let events = async_stream::stream! {
        yield Ok::<_, std::convert::Infallible>(Bytes::from_static(b"data: first\n\n"));
        cell.go_on.notified().await;
        yield Ok(Bytes::from_static(b"data: second\n\n"));
    };
    ([("content-type", "text/event-stream")], Body::from_stream(events)).into_response()
}

/// gRPC as cells speak it; any service will do to see calls pass.
struct Calls(Arc<Shared>);

impl Calls {
    fn refuse(&self, metadata: &MetadataMap) -> Result<(), Status> {
        let Some(refusal) = self.0.refusal(&metadata.clone().into_headers()) else {
            return Ok(());
        };
        let mut status = Status::unavailable("refused");
        let metadata = status.metadata_mut();
        metadata.insert(REFUSAL_HEADER, refusal.to_string().parse().unwrap());
        Err(status)
    }
}

#[tonic::async_trait]
impl Mesh for Calls {
    type FollowStream = Pin<Box<dyn Stream<Item = Result<v1::PublicBatch, Status>> + Send>>;

    async fn deliver(
        &self,
        _: tonic::Request<v1::DeliverRequest>,
    ) -> Result<tonic::Response<v1::DeliverResponse>, Status> {
        let mut status = Status::failed_precondition("not here");
        status.metadata_mut().insert("souk-secret", "x".parse().unwrap());
        Err(status)
    }

    async fn follow(
        &self,
        request: tonic::Request<v1::FollowRequest>,
    ) -> Result<tonic::Response<Self::FollowStream>, Status> {
        self.refuse(request.metadata())?;
        let cell = Arc::clone(&self.0);
        Ok(tonic::Response::new(Box::pin(async_stream::stream! {
            for head in 1..=3 {
                yield Ok(v1::PublicBatch { messages: vec![], head });
                if head == 1 {
                    cell.go_on.notified().await;
                }
            }
        })))
    }

    async fn call(
        &self,
        request: tonic::Request<v1::CallRequest>,
    ) -> Result<tonic::Response<v1::CallResponse>, Status> {
        self.refuse(request.metadata())?;
        let tenant = request.metadata().get("souk-tenant").unwrap().to_str().unwrap();
        let told = format!("{} {tenant} {}", self.0.id, request.get_ref().request.len());
        Ok(tonic::Response::new(v1::CallResponse {
            outcome: Some(v1::call_response::Outcome::Response(told.into())),
            version: 0,
            replayed: false,
        }))
    }
}

//! Stand-in cells: they echo what reaches them, refuse what they are told to refuse, and stream.

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Json, Router as Routes,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    serve::Listener,
};
use base_identity::{Admitted, Door};
use base_ids::CellId;
use bytes::Bytes;
use futures_util::Stream;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use router_table::{ASK_HEADER, BUSY_HEADER, REFUSAL_HEADER, Refusal};
use serde_json::{Value, json};
use souk_proto_fleet::v1::{
    self,
    mesh_server::{Mesh, MeshServer},
};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinHandle,
};
use tonic::{Status, metadata::MetadataMap};

/// Says whether the cell refuses a tenant's reads, or its writes too.
type Refuses = Box<dyn Fn(&str, bool) -> Option<Refusal> + Send>;

/// An answer that fits into no buffer on the way.
const LONG: usize = 32 << 20;

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
    /// How many questions have come in.
    questions: Mutex<u32>,
    /// Paths of what was served, in order.
    served: Mutex<Vec<String>>,
    /// Lets a stream go on.
    go_on: Notify,
    /// Tells when a caller that was kept waiting has left.
    left: Arc<Notify>,
    /// While true, requests get no answer.
    stalls: watch::Sender<bool>,
    /// While true, requests hear that the cell has too much to do.
    is_busy: AtomicBool,
}

impl StandInCell {
    pub(crate) async fn start(number: u16) -> Self {
        Self::start_on(number, TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// A cell that lets in only whom its door lets in.
    pub(crate) async fn start_behind(number: u16, door: Door) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::start_at(number, address, Guarded { listener, door })
    }

    pub(crate) fn start_on(number: u16, listener: TcpListener) -> Self {
        Self::start_at(number, listener.local_addr().unwrap(), listener)
    }

    fn start_at<L: Listener<Addr = SocketAddr>>(
        number: u16,
        address: SocketAddr,
        listener: L,
    ) -> Self {
        let id: CellId = format!("cell-{number}").parse().unwrap();
        let shared = Arc::new(Shared {
            id: id.clone(),
            refuses: Mutex::new(Box::new(|_, _| None)),
            requests: Mutex::new(0),
            headers: Mutex::default(),
            questions: Mutex::new(0),
            served: Mutex::default(),
            go_on: Notify::new(),
            left: Arc::default(),
            stalls: watch::Sender::new(false),
            is_busy: AtomicBool::new(false),
        });
        let grpc = tonic::service::Routes::new(
            MeshServer::new(Calls(Arc::clone(&shared))).max_decoding_message_size(8 << 20),
        );
        let routes = Routes::new()
            .route("/v1/users/{user}/events", axum::routing::get(events))
            .route("/v1/users/{user}/socket", axum::routing::get(socket))
            .route("/v1/users/{user}/long", axum::routing::get(async || vec![b'x'; LONG]))
            .with_state(Arc::clone(&shared))
            .merge(grpc.into_axum_router())
            .fallback_service(axum::routing::any(echo).with_state(Arc::clone(&shared)))
            .layer(from_fn_with_state(Arc::clone(&shared), answer_questions));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { id, address, shared, server }
    }

    /// From now on refuses as `refuses` says.
    pub(crate) fn refuse(&self, refuses: impl Fn(&str) -> Option<Refusal> + Send + 'static) {
        self.refuse_by(move |tenant, _| refuses(tenant));
    }

    /// From now on refuses writes as `refuses` says, and serves reads.
    pub(crate) fn refuse_writes(&self, refuses: impl Fn(&str) -> Option<Refusal> + Send + 'static) {
        self.refuse_by(move |tenant, writes| writes.then(|| refuses(tenant)).flatten());
    }

    fn refuse_by(&self, refuses: impl Fn(&str, bool) -> Option<Refusal> + Send + 'static) {
        *self.shared.refuses.lock() = Box::new(refuses);
    }

    /// Answers nobody until it is told not to stall.
    pub(crate) fn stall(&self, stalls: bool) {
        self.shared.stalls.send_replace(stalls);
    }

    /// Answers everybody that it has too much to do.
    pub(crate) fn be_busy(&self) {
        self.shared.is_busy.store(true, Ordering::Relaxed);
    }

    pub(crate) fn questions(&self) -> u32 {
        *self.shared.questions.lock()
    }

    /// Paths of what was served, in order.
    pub(crate) fn served(&self) -> Vec<String> {
        self.shared.served.lock().clone()
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

/// A port with a door.
struct Guarded {
    listener: TcpListener,
    door: Door,
}

impl Listener for Guarded {
    type Io = Admitted;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Admitted, SocketAddr) {
        loop {
            let (stream, from) = self.listener.accept().await.unwrap();
            if let Ok(admitted) = self.door.admit(stream, from).await {
                return (admitted, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl StandInCell {
    /// Waits until a caller that was kept waiting has left.
    pub(crate) async fn left_waiting(&self) {
        self.shared.left.notified().await;
    }
}

impl Drop for StandInCell {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn refusal(&self, headers: &HeaderMap, writes: bool) -> Option<Refusal> {
        *self.requests.lock() += 1;
        self.headers.lock().clone_from(headers);
        self.word(headers, writes)
    }

    fn word(&self, headers: &HeaderMap, writes: bool) -> Option<Refusal> {
        let tenant = headers.get("souk-tenant").map_or("", |name| name.to_str().unwrap());
        (self.refuses.lock())(tenant, writes)
    }

    /// The answer to a question.
    fn owns(&self, head: &Parts) -> Response {
        *self.questions.lock() += 1;
        assert_eq!(head.headers["content-length"], "0");
        let calls = head.headers.get("content-type").is_some_and(|kind| kind == "application/grpc");
        let writes = if calls { head.uri.path().ends_with("Call") } else { writes(head) };
        match self.word(&head.headers, writes) {
            Some(refusal) => refused(&refusal),
            None => StatusCode::NO_CONTENT.into_response(),
        }
    }
}

fn writes(head: &Parts) -> bool {
    !head.method.is_safe()
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::NotMine { .. } => StatusCode::MISDIRECTED_REQUEST,
        Refusal::Held { .. } => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, [(REFUSAL_HEADER, refusal.to_string())]).into_response()
}

/// Questions are answered apart from requests, whatever they are about.
async fn answer_questions(
    State(cell): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    if request.headers().contains_key(ASK_HEADER) {
        return cell.owns(&request.into_parts().0);
    }
    next.run(request).await
}

async fn echo(State(cell): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if let Some(refusal) = cell.refusal(&head.headers, writes(&head)) {
        return refused(&refusal);
    }
    cell.served.lock().push(head.uri.path().to_owned());
    let Ok(body) = to_bytes(body, 16 << 20).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let _ = cell.stalls.subscribe().wait_for(|stalls| !stalls).await;
    if cell.is_busy.load(Ordering::Relaxed) {
        return (StatusCode::TOO_MANY_REQUESTS, [(BUSY_HEADER, "1")]).into_response();
    }
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

/// A WebSocket that says back what it hears.
async fn socket(request: Request) -> Response {
    tokio::spawn(async move {
        let upgraded = hyper::upgrade::on(request).await.unwrap();
        let (mut heard, mut said) = tokio::io::split(TokioIo::new(upgraded));
        // The other side may leave as it likes.
        let _ = tokio::io::copy(&mut heard, &mut said).await;
    });
    let headers = [("upgrade", "websocket"), ("connection", "upgrade")];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// Says so when it is dropped.
struct Leaves(Arc<Notify>);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// gRPC as cells speak it; any service will do to see calls pass.
struct Calls(Arc<Shared>);

impl Calls {
    fn refuse(&self, metadata: &MetadataMap, writes: bool) -> Result<(), Status> {
        let Some(refusal) = self.0.refusal(&metadata.clone().into_headers(), writes) else {
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
        self.refuse(request.metadata(), false)?;
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
        self.refuse(request.metadata(), true)?;
        if request.get_ref().request == "wait" {
            let _leaves = Leaves(Arc::clone(&self.0.left));
            return std::future::pending().await;
        }
        let tenant = request.metadata().get("souk-tenant").unwrap().to_str().unwrap();
        let told = format!("{} {tenant} {}", self.0.id, request.get_ref().request.len());
        Ok(tonic::Response::new(v1::CallResponse {
            outcome: Some(v1::call_response::Outcome::Response(told.into())),
            version: 0,
            replayed: false,
        }))
    }
}

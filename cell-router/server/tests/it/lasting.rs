//! Answers that last: they survive tables, and are ended in their protocol's own words when their tenant or the router leaves.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::Method;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use router_server::{Config, Router, RunningRouter};
use rustls::pki_types::CertificateDer;
use souk_proto_fleet::v1::{self, mesh_client::MeshClient};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tonic::{
    Code, Request, Status, Streaming,
    transport::{Channel, Endpoint},
};

use crate::{
    cells::StandInCell,
    client::{Client, Raw},
    control_plane::ControlPlane,
    fleet::{config, table},
    secure::{Visit, with_tls},
};

const SOCKET: &str = "GET /v1/users/u1/socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
/// A text frame of a client, masked, and how the cell sends it back.
const SAID: &[u8] = b"\x81\x82\0\0\0\0hi";
/// The head of the frame that asks to reconnect: closed, 18 bytes, 1012.
const RECONNECT: &[u8] = b"\x88\x12\x03\xf4";

/// A router before two cells, and a control plane that moves tenants.
struct Fleet {
    cells: Vec<StandInCell>,
    control_plane: ControlPlane,
    router: RunningRouter,
    trusted: CertificateDer<'static>,
    _directory: TempDir,
}

impl Fleet {
    async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let cells = vec![StandInCell::start(1).await, StandInCell::start(2).await];
        let directory = tempfile::tempdir().unwrap();
        let mut control_plane = ControlPlane::start().await;
        let mut config = config(directory.path());
        config.control_plane = Some(format!("http://{}", control_plane.address));
        config.entrance.reconnect_ms = 10;
        change(&mut config);
        let trusted = with_tls(&mut config);
        let router = Router::start(config).await.unwrap();
        control_plane.push(&table(1, &cells, &[("users/u1", 0), ("users/u2", 0)])).await;
        Self { cells, control_plane, router, trusted, _directory: directory }
    }

    /// Pushes a table in which `users/u1` lives in this cell and `users/u2` in the first.
    async fn place(&mut self, epoch: u64, cell: usize) {
        let moved = table(epoch, &self.cells, &[("users/u1", cell), ("users/u2", 0)]);
        self.control_plane.push(&moved).await;
    }

    async fn mesh(&self) -> MeshClient<Channel> {
        let address = format!("http://{}", self.router.addresses().http);
        MeshClient::new(Endpoint::from_shared(address).unwrap().connect().await.unwrap())
    }

    fn recalls(&self, cause: &str) -> usize {
        let line = format!("souk_router_recalls_total{{cause=\"{cause}\"}} ");
        let text = self.router.metrics().text();
        let count = text.lines().find_map(|each| each.strip_prefix(&line));
        count.map_or(0, |count| count.parse().unwrap())
    }
}

fn to<T>(user: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("souk-tenant", user.parse().unwrap());
    request
}

async fn follow(mesh: &mut MeshClient<Channel>, user: &str) -> Streaming<v1::PublicBatch> {
    let batches = mesh.follow(to(user, v1::FollowRequest::default())).await.unwrap();
    let mut batches = batches.into_inner();
    assert_eq!(batches.message().await.unwrap().unwrap().head, 1);
    batches
}

/// Opens a WebSocket and hears its first word back.
pub(crate) async fn open_socket<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) -> S {
    stream.write_all(SOCKET.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    echo(&mut stream).await;
    stream
}

pub(crate) async fn echo(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    stream.write_all(SAID).await.unwrap();
    let mut heard = [0; SAID.len()];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, SAID);
}

/// Hears the word that ends a WebSocket, says it back, and sees the end.
async fn hear_farewell(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut heard = [0; RECONNECT.len() + 16];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard[..RECONNECT.len()], RECONNECT);
    stream.write_all(b"\x88\x82\0\0\0\0\x03\xf4").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut heard).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn events_end_with_a_time_to_come_back_when_their_tenant_moves() {
    let mut fleet = Fleet::start(|_| {}).await;
    let address = fleet.router.addresses().http;
    for (client, epoch) in [(Client::of(address), 2), (Client::http2(address), 4)] {
        let open = async |path| client.open(Method::GET, path, &[], Bytes::new()).await.into_body();
        let (leaves, stays) =
            (open("/v1/users/u1/events").await, open("/v1/users/u2/events").await);
        fleet.place(epoch, 1).await;
        let heard = leaves.collect().await.unwrap().to_bytes();
        assert_eq!(&*heard, b"data: first\n\nretry: 500\n\n");
        // The next visit finds the new cell.
        assert_eq!(client.get("/v1/users/u1").await.cell(), "cell-2");
        // A neighbour of the same cell hears nothing of it.
        fleet.cells[0].go_on();
        let heard = stays.collect().await.unwrap().to_bytes();
        assert_eq!(&*heard, b"data: first\n\ndata: second\n\n");
        fleet.place(epoch + 1, 0).await;
    }
    assert_eq!(fleet.recalls("tenant_moved"), 2);
}

#[tokio::test]
async fn a_web_socket_is_closed_with_a_word_when_its_tenant_moves() {
    let mut fleet = Fleet::start(|_| {}).await;
    let plain = open_socket(Raw::open(fleet.router.addresses().http).await.stream).await;
    let visit = Visit::new(fleet.router.addresses().https.unwrap(), &fleet.trusted);
    let mut secure = open_socket(visit.shake_hands().await.unwrap()).await;
    // Another tenant's move is none of theirs.
    let other = table(2, &fleet.cells, &[("users/u1", 0), ("users/u2", 1)]);
    fleet.control_plane.push(&other).await;
    echo(&mut secure).await;
    let moved = table(3, &fleet.cells, &[("users/u1", 1), ("users/u2", 1)]);
    fleet.control_plane.push(&moved).await;
    tokio::join!(hear_farewell(plain), hear_farewell(secure));
}

#[tokio::test]
async fn a_stream_of_a_call_ends_as_unavailable_when_its_tenant_moves() {
    let mut fleet = Fleet::start(|_| {}).await;
    let mut mesh = fleet.mesh().await;
    let mut leaves = follow(&mut mesh, "users/u1").await;
    let mut stays = follow(&mut mesh, "users/u2").await;
    fleet.place(2, 1).await;
    let status = leaves.message().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "the tenant has moved: please reconnect");
    // On the same connection the neighbour goes on, and the caller finds its new cell.
    follow(&mut mesh, "users/u1").await;
    assert_eq!(fleet.cells[1].told("souk-tenant").as_deref(), Some("users/u1"));
    fleet.cells[0].go_on();
    assert_eq!(stays.message().await.unwrap().unwrap().head, 2);
}

#[tokio::test]
async fn when_the_router_ends_every_stream_is_asked_to_reconnect_before_it_is_cut() {
    let fleet = Fleet::start(|config| config.drain_ms = 60_000).await;
    let address = fleet.router.addresses().http;
    let client = Client::http2(address);
    let events = client.open(Method::GET, "/v1/users/u1/events", &[], Bytes::new()).await;
    let socket = open_socket(Raw::open(address).await.stream).await;
    let mut mesh = fleet.mesh().await;
    let mut batches = follow(&mut mesh, "users/u1").await;
    let stopping = tokio::spawn(fleet.router.stop());
    let heard = events.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&*heard, b"data: first\n\nretry: 500\n\n");
    hear_farewell(socket).await;
    assert_eq!(batches.message().await.unwrap_err().code(), Code::Unavailable);
    // HTTP/2 was told by GOAWAY: nothing keeps the router from ending long before its time.
    drop((client, mesh));
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_deadline_ends_a_call_at_the_client_and_at_the_cell() {
    let fleet = Fleet::start(|_| {}).await;
    // A client that does not look at its own clock.
    let client = Client::http2(fleet.router.addresses().http);
    let headers = [
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("souk-tenant", "users/u1"),
        ("grpc-timeout", "1S"),
    ];
    let path = "/souk.fleet.v1.Mesh/Call";
    let body = Bytes::from_static(b"\0\0\0\0\x06\x1a\x04wait");
    let answer = client.send(Method::POST, path, &headers, body.clone()).await;
    assert_eq!(answer.headers["grpc-status"], "4", "{answer:?}");
    let message = answer.headers["grpc-message"].to_str().unwrap();
    assert_eq!(message, "cell-1 has not answered before the client's deadline");
    fleet.cells[0].left_waiting().await;

    // After the answer has begun, the status comes as a trailer.
    let path = "/souk.fleet.v1.Mesh/Follow";
    let body = Bytes::from_static(b"\0\0\0\0\0");
    let answer = client.open(Method::POST, path, &headers, body).await;
    let mut body = answer.into_body();
    let mut trailers = None;
    while let Some(frame) = body.frame().await {
        trailers = frame.unwrap().into_trailers().ok();
    }
    assert_eq!(trailers.unwrap()["grpc-status"], "4");
    assert_eq!(fleet.recalls("deadline"), 2);

    let wrong = [headers[0], headers[2], ("grpc-timeout", "soon")];
    let answer = client.send(Method::POST, path, &wrong, Bytes::new()).await;
    assert_eq!(answer.headers["grpc-status"], "3", "{answer:?}");
}

/// Sends a request over HTTP/2 whose body begins and never ends.
async fn send_half(
    fleet: &Fleet,
    request: http::request::Builder,
) -> impl Future<Output = hyper::Result<http::Response<hyper::body::Incoming>>> {
    let io = TokioIo::new(Raw::open(fleet.router.addresses().http).await.stream);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (mut client, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let begun = futures_util::stream::once(async { Bytes::from_static(b"{") });
    let pieces = begun.chain(futures_util::stream::pending());
    let body = StreamBody::new(pieces.map(|piece| Ok::<_, Status>(Frame::data(piece))).boxed());
    client.send_request(request.body(body).unwrap())
}

#[tokio::test]
async fn a_silent_stream_is_not_taken_for_a_slow_body() {
    let fleet = Fleet::start(|config| config.entrance.body_ms = 30).await;
    let mut socket = open_socket(Raw::open(fleet.router.addresses().http).await.stream).await;
    let call = http::Request::post("http://souk.example/souk.fleet.v1.Mesh/Call")
        .header("content-type", "application/grpc")
        .header("souk-tenant", "users/u1");
    let answer = send_half(&fleet, call).await;
    assert!(tokio::time::timeout(Duration::from_millis(150), answer).await.is_err());
    echo(&mut socket).await;
}

#[tokio::test]
async fn a_body_over_http2_must_not_stop_coming() {
    let fleet = Fleet::start(|config| config.entrance.body_ms = 50).await;
    let request = http::Request::post("http://souk.example/v1/users/u1/carts");
    assert_eq!(send_half(&fleet, request).await.await.unwrap().status(), 408);
}

//! Streams pass as they come, in REST and in gRPC.

use base_ids::{Epoch, Generation};
use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt as _;
use router_table::Refusal;
use souk_proto_fleet::v1::{self, mesh_client::MeshClient};
use tonic::{
    Code, Request,
    transport::{Channel, Endpoint},
};

use crate::fleet::{Fleet, bearer, config, keep, table_of};

async fn mesh(address: std::net::SocketAddr) -> MeshClient<Channel> {
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await;
    MeshClient::new(channel.unwrap())
}

fn call(tenant: &str, body_len: usize) -> Request<v1::CallRequest> {
    let mut request = Request::new(v1::CallRequest {
        request: vec![1; body_len].into(),
        ..v1::CallRequest::default()
    });
    request.metadata_mut().insert("souk-tenant", tenant.parse().unwrap());
    request
}

fn told(response: tonic::Response<v1::CallResponse>) -> String {
    match response.into_inner().outcome {
        Some(v1::call_response::Outcome::Response(bytes)) => {
            String::from_utf8(bytes.to_vec()).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_event_reaches_the_client_before_the_next_one_is_sent() {
    let fleet = Fleet::start(1).await;
    let answer = fleet.client.open(Method::GET, "/v1/users/u1/events", &[], Bytes::new()).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut events = answer.into_body();
    let first = events.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(&*first, b"data: first\n\n");
    fleet.cells[0].go_on();
    let rest = events.collect().await.unwrap().to_bytes();
    assert_eq!(&*rest, b"data: second\n\n");
}

#[tokio::test]
async fn a_call_goes_where_its_metadata_says_and_me_is_the_subject() {
    let fleet = Fleet::start(2).await;
    let mut mesh = mesh(fleet.router.addresses().http).await;
    let cell = fleet.owner("vendors/atlas").id.clone();
    let response = mesh.call(call("vendors/atlas", 3)).await.unwrap();
    assert!(response.metadata().contains_key("x-request-id"));
    assert_eq!(told(response), format!("{cell} vendors/atlas 3"));

    let mut request = call("users/me", 0);
    request.metadata_mut().insert("authorization", bearer("users/u1").parse().unwrap());
    let cell = fleet.owner("users/u1").id.clone();
    assert_eq!(told(mesh.call(request).await.unwrap()), format!("{cell} users/u1 0"));
}

#[tokio::test]
async fn a_call_may_come_as_slowly_as_it_likes() {
    let strict = |router: &mut router_server::Config| {
        (router.entrance.body_pace_min, router.entrance.body_window_ms) = (1 << 60, 1);
    };
    let fleet = Fleet::start_with(1, strict).await;
    let mut mesh = mesh(fleet.router.addresses().http).await;
    let response = mesh.call(call("users/u1", 2 << 20)).await.unwrap();
    assert_eq!(told(response), "cell-1 users/u1 2097152");
}

#[tokio::test]
async fn a_server_stream_passes_message_by_message() {
    let fleet = Fleet::start(1).await;
    let mut mesh = mesh(fleet.router.addresses().http).await;
    let mut request = Request::new(v1::FollowRequest::default());
    request.metadata_mut().insert("souk-tenant", "users/u1".parse().unwrap());
    let mut batches = mesh.follow(request).await.unwrap().into_inner();
    assert_eq!(batches.message().await.unwrap().unwrap().head, 1);
    fleet.cells[0].go_on();
    assert_eq!(batches.message().await.unwrap().unwrap().head, 2);
    assert_eq!(batches.message().await.unwrap().unwrap().head, 3);
    assert!(batches.message().await.unwrap().is_none());
}

#[tokio::test]
async fn a_refused_call_reaches_the_owner_and_a_status_passes_without_internal_names() {
    let fleet = Fleet::start(2).await;
    let (old, new) = (fleet.owner("vendors/atlas"), fleet.stranger("vendors/atlas"));
    let refusal =
        Refusal::NotMine { cell: Some(new.id.clone()), generation: Generation(2), epoch: Epoch(4) };
    old.refuse(move |_| Some(refusal.clone()));
    let mut mesh = mesh(fleet.router.addresses().http).await;
    let response = mesh.call(call("vendors/atlas", 40_000)).await.unwrap();
    assert_eq!(told(response), format!("{} vendors/atlas 40000", new.id));

    let mut request = Request::new(v1::DeliverRequest::default());
    request.metadata_mut().insert("souk-tenant", "vendors/atlas".parse().unwrap());
    let status = mesh.deliver(request).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "not here"));
    assert!(!status.metadata().contains_key("souk-secret"));
}

#[tokio::test]
async fn the_router_answers_calls_in_their_own_way() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = closed.local_addr().unwrap();
    drop(closed);
    let directory = tempfile::tempdir().unwrap();
    keep(directory.path(), &table_of(1, &[dead], &[]));
    let router = router_server::Router::start(config(directory.path())).await.unwrap();
    let mut mesh = mesh(router.addresses().http).await;
    let status = mesh.call(call("users/u1", 0)).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "cell-1 does not answer"));
    let status = mesh.call(call("users/U1", 0)).await;
    assert_eq!(status.unwrap_err().code(), Code::InvalidArgument);
    let mut request = call("users/me", 0);
    request.metadata_mut().insert("authorization", "Bearer forged".parse().unwrap());
    assert_eq!(mesh.call(request).await.unwrap_err().code(), Code::Unauthenticated);
}

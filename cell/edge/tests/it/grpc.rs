//! gRPC as clients use it: over a real connection, with a client that knows nothing of our code.

use std::{net::SocketAddr, time::Duration};

use base_fault::{Code, Fault};
use base_ids::{Epoch, Generation};
use bytes::{Buf as _, BufMut as _, Bytes};
use cell_edge::Unanswered;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::uri::PathAndQuery;
use prost::Message as _;
use souk_proto::souk::inventory::v1::{ListStockRequest, ReceiveStockRequest, StockLevel};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status, Streaming,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::Channel,
};
use tonic_types::StatusExt as _;

use crate::house::{House, answered, shopper, soon, staff_of, unlocked};

/// Passes bytes.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// Runs `talk` with a connection to the house, and stops serving after it.
async fn connected<T>(house: &House, talk: impl AsyncFnOnce(Channel) -> T) -> T {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = house.edge.serve(listener, unlocked(), stopped.map(|_| ()));
    let talking = async {
        let channel =
            Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
        let told = talk(channel).await;
        drop(stop);
        told
    };
    soon(async { tokio::join!(serving, talking).1 }).await
}

async fn unary(
    channel: &Channel,
    method: &'static str,
    request: Request<Vec<u8>>,
) -> Result<Response<Bytes>, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    client.unary(request, PathAndQuery::from_static(method), Raw).await
}

async fn streaming(
    channel: &Channel,
    method: &'static str,
    request: Request<Vec<u8>>,
) -> Result<Streaming<Bytes>, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let opened = client.server_streaming(request, PathAndQuery::from_static(method), Raw).await;
    opened.map(Response::into_inner)
}

fn asked(message: &impl prost::Message, metadata: &[(&'static str, &str)]) -> Request<Vec<u8>> {
    let mut request = Request::new(message.encode_to_vec());
    for (name, value) in metadata {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    request
}

const RECEIVE: &str = "/souk.inventory.v1.Inventory/ReceiveStock";
const WATCH: &str = "/sample.v1.Sample/WatchOrder";
const LIST: &str = "/souk.inventory.v1.Inventory/ListStock";

fn receive() -> ReceiveStockRequest {
    ReceiveStockRequest {
        parent: "vendors/atlas".into(),
        offer: "o1".into(),
        location: String::new(),
        quantity: 5,
    }
}

#[tokio::test]
async fn a_call_passes_as_the_bytes_it_is() {
    let house = House::new().await;
    let level = StockLevel { on_hand: 5, ..StockLevel::default() };
    let told = level.encode_to_vec();
    house.answer(move |_| Ok(answered(told.clone(), 7)));
    let staff = staff_of("vendors/atlas");
    connected(&house, async |channel| {
        let metadata = [
            ("authorization", staff.as_str()),
            ("idempotency-key", "k-1"),
            ("souk-tenant", "vendors/atlas"),
            ("grpc-timeout", "3S"),
        ];
        let response = unary(&channel, RECEIVE, asked(&receive(), &metadata)).await.unwrap();
        assert_eq!(StockLevel::decode(response.get_ref().clone()).unwrap(), level);
        assert_eq!(response.metadata().get("etag").unwrap(), "\"7\"");
    })
    .await;
    let call = house.call();
    assert_eq!(ReceiveStockRequest::decode(&*call.request).unwrap(), receive());
    assert_eq!(
        (call.tenant.as_str(), call.idempotency_key.as_deref()),
        ("vendors/atlas", Some("k-1"))
    );
    assert!(call.deadline <= Duration::from_secs(3), "{:?}", call.deadline);
}

#[tokio::test]
async fn bad_calls_are_answered_with_a_reason_and_details() {
    let house = House::new().await;
    let staff = staff_of("vendors/atlas");
    let proven = ("authorization", staff.as_str());
    let list = ListStockRequest { parent: "vendors/atlas".into(), ..ListStockRequest::default() };
    let other = ListStockRequest { parent: "vendors/rif".into(), ..ListStockRequest::default() };
    let upper = ListStockRequest { parent: "vendors/RIF".into(), ..ListStockRequest::default() };
    let nothing = ListStockRequest::default();
    let large = ReceiveStockRequest { location: "x".repeat(2 << 20), ..receive() };
    let table = [
        (
            RECEIVE,
            asked(&receive(), &[proven]),
            tonic::Code::InvalidArgument,
            "idempotency_key_missing",
        ),
        (
            RECEIVE,
            asked(&large, &[proven, ("idempotency-key", "k")]),
            tonic::Code::InvalidArgument,
            "body_too_large",
        ),
        (LIST, asked(&list, &[]), tonic::Code::Unauthenticated, "unauthenticated"),
        (
            LIST,
            asked(&list, &[("authorization", "Bearer x")]),
            tonic::Code::Unauthenticated,
            "unauthenticated",
        ),
        (LIST, asked(&other, &[proven]), tonic::Code::PermissionDenied, "forbidden"),
        (LIST, asked(&nothing, &[proven]), tonic::Code::PermissionDenied, "forbidden"),
        (LIST, asked(&upper, &[proven]), tonic::Code::InvalidArgument, "invalid_field"),
        (
            LIST,
            asked(&list, &[proven, ("souk-tenant", "vendors/rif")]),
            tonic::Code::InvalidArgument,
            "invalid_field",
        ),
        (
            LIST,
            asked(&list, &[proven, ("grpc-timeout", "soon")]),
            tonic::Code::InvalidArgument,
            "malformed_request",
        ),
        (
            "/souk.inventory.v1.Inventory/Steal",
            asked(&list, &[proven]),
            tonic::Code::Unimplemented,
            "route_unknown",
        ),
        (
            "/sample.v1.Sample/Tell",
            asked(&nothing, &[proven]),
            tonic::Code::Unimplemented,
            "route_unknown",
        ),
    ];
    connected(&house, async |channel| {
        for (method, request, code, reason) in table {
            let status = unary(&channel, method, request).await.unwrap_err();
            assert_eq!(status.code(), code, "{method} {reason}: {status:?}");
            let info = status.get_details_error_info().unwrap();
            assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "souk"));
            if reason == "invalid_field" {
                assert_eq!(
                    status.get_details_bad_request().unwrap().field_violations[0].field,
                    "parent"
                );
            }
        }
        let mut bytes = Request::new(vec![0x08, 1]);
        bytes.metadata_mut().insert("authorization", staff.parse().unwrap());
        let status = unary(&channel, LIST, bytes).await.unwrap_err();
        assert_eq!(status.get_details_error_info().unwrap().reason, "malformed_request");
    })
    .await;
    assert!(house.calls().is_empty());
}

#[tokio::test]
async fn a_refusal_of_ownership_is_seen_by_the_router_before_any_body() {
    let house = House::new().await;
    house.answer(|_| {
        let owner = Some("cell-2".parse().unwrap());
        Err(Unanswered::NotMine { owner, generation: Generation(7), epoch: Epoch(9) })
    });
    let staff = staff_of("vendors/atlas");
    connected(&house, async |channel| {
        let list =
            ListStockRequest { parent: "vendors/atlas".into(), ..ListStockRequest::default() };
        let status =
            unary(&channel, LIST, asked(&list, &[("authorization", &staff)])).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unavailable);
        assert_eq!(
            status.metadata().get("souk-refusal").unwrap(),
            "not-mine; cell=cell-2; generation=7; epoch=9"
        );
        assert!(status.get_details_retry_info().is_some());
    })
    .await;
}

#[tokio::test]
async fn me_is_the_caller_in_the_message_too_and_masks_are_checked() {
    let house = House::new().await;
    let shopper = shopper();
    // sample.v1.UpdateProfileRequest { profile: { name: "users/me/profile" }, update_mask: { paths: [mask] } }
    let update = |mask: &str| {
        let text = |number: u8, bytes: &[u8]| {
            [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
        };
        let request =
            [text(1, &text(1, b"users/me/profile")), text(2, &text(1, mask.as_bytes()))].concat();
        let mut request = Request::new(request);
        request.metadata_mut().insert("authorization", shopper.parse().unwrap());
        request.metadata_mut().insert("idempotency-key", "k-1".parse().unwrap());
        request.metadata_mut().insert("souk-tenant", "users/me".parse().unwrap());
        request
    };
    connected(&house, async |channel| {
        unary(&channel, "/sample.v1.Sample/UpdateProfile", update("displayName")).await.unwrap();
        let status =
            unary(&channel, "/sample.v1.Sample/UpdateProfile", update("colour")).await.unwrap_err();
        assert_eq!(status.get_details_error_info().unwrap().reason, "invalid_field");
    })
    .await;
    let call = house.call();
    let text = String::from_utf8_lossy(&call.request).into_owned();
    assert_eq!(call.tenant.as_str(), "users/u1");
    assert!(text.contains("users/u1/profile") && text.contains("display_name"), "{text:?}");
}

#[tokio::test]
async fn a_stream_ends_well_badly_or_in_time() {
    let house = House::new().await;
    let shopper = shopper();
    let watch = |timeout: &str| {
        let name =
            ListStockRequest { parent: "users/u1/orders/o1".into(), ..ListStockRequest::default() };
        asked(&name, &[("authorization", &shopper), ("grpc-timeout", timeout)])
    };
    connected(&house, async |channel| {
        house.show(|_| Ok(stream::iter([Ok(vec![0x20, 1]), Ok(vec![0x20, 2])]).boxed()));
        let changes: Vec<_> =
            streaming(&channel, WATCH, watch("5S")).await.unwrap().collect().await;
        let changes: Vec<Bytes> = changes.into_iter().map(Result::unwrap).collect();
        assert_eq!(changes, [vec![0x20, 1], vec![0x20, 2]]);

        house.show(|_| {
            let gone = Fault::caller(Code::NotFound, "the order is gone").into();
            Ok(stream::iter([Ok(vec![0x20, 1]), Err(gone)]).boxed())
        });
        let mut changes = streaming(&channel, WATCH, watch("5S")).await.unwrap();
        assert!(changes.message().await.unwrap().is_some());
        let status = changes.message().await.unwrap_err();
        assert_eq!((status.code(), status.message()), (tonic::Code::NotFound, "the order is gone"));
        assert_eq!(status.get_details_error_info().unwrap().reason, "not_found");

        house.show(|_| Ok(stream::pending().boxed()));
        let mut changes = streaming(&channel, WATCH, watch("50m")).await.unwrap();
        assert_eq!(changes.message().await.unwrap_err().code(), tonic::Code::DeadlineExceeded);
    })
    .await;
}

#[tokio::test]
async fn health_and_reflection_tell_what_the_public_may_call() {
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let house = House::new().await;
    connected(&house, async |channel| {
        for service in ["", "souk.inventory.v1.Inventory"] {
            let request = HealthCheckRequest { service: service.into() };
            let health = HealthClient::new(channel.clone()).check(request).await.unwrap();
            assert_eq!(health.into_inner().status, 1, "{service}");
        }
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let answers = ServerReflectionClient::new(channel)
            .server_reflection_info(stream::iter([request]))
            .await
            .unwrap();
        let answer = answers.into_inner().message().await.unwrap().unwrap();
        let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
            panic!("another answer: {answer:?}")
        };
        let mut names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
        names.sort();
        let expected = [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "sample.v1.Sample",
            "souk.inventory.v1.Inventory",
        ];
        assert_eq!(names, expected);
    })
    .await;
}

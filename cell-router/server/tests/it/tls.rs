//! TLS in front: versions, protocols, names, certificates that change, and what is spoken inside.

use std::time::Duration;

use router_server::Router;
use rustls::version::{TLS12, TLS13};
use souk_proto_fleet::v1::{self, mesh_client::MeshClient};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::{Code, Request};

use crate::{
    cells::StandInCell,
    client::{Raw, raw},
    fleet::{config, keep, table},
    recorder::Recorder,
    secure::{Visit, certify, with_tls},
};

const GET: &[u8] = b"GET /v1/users/u1 HTTP/1.1\r\nHost: souk.example\r\n\r\n";

#[tokio::test]
async fn both_versions_and_both_protocols_are_spoken() {
    let mut trusted = None;
    let recorder = Recorder::start_with(|config| trusted = Some(with_tls(config))).await;
    let (address, trusted) = (recorder.router.addresses().https.unwrap(), trusted.unwrap());
    for version in [&TLS12, &TLS13] {
        for (offered, chosen) in [
            (&["h2", "http/1.1"][..], Some(&b"h2"[..])),
            (&["http/1.1"], Some(b"http/1.1")),
            (&[], None),
        ] {
            let visit = Visit { protocols: offered, version, ..Visit::new(address, &trusted) };
            let mut client = visit.shake_hands().await.unwrap();
            assert_eq!(client.get_ref().1.alpn_protocol(), chosen);
            if chosen == Some(b"h2") {
                continue;
            }
            client.write_all(GET).await.unwrap();
            let mut answer = [0; 15];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200 OK");
        }
    }
    // What was agreed on is spoken, or nothing.
    let visit = Visit { protocols: &["h2"], ..Visit::new(address, &trusted) };
    let mut client = visit.shake_hands().await.unwrap();
    client.write_all(GET).await.unwrap();
    assert_eq!(client.read(&mut [0; 9]).await.unwrap_or(0), 0);
    // Who speaks without TLS gets no answer that could be taken for one.
    assert!(!raw(address, GET).await.contains("HTTP"));
}

#[tokio::test]
async fn a_vendors_own_domain_is_shown_its_own_certificate_and_a_changed_one_drops_nobody() {
    let mut own = None;
    let recorder = Recorder::start_with(|config| own = Some(with_tls(config))).await;
    let (address, own) = (recorder.router.addresses().https.unwrap(), own.unwrap());
    let domains = recorder.directory().join("tls/domains");
    let visit = Visit { name: "shop.atlas.example", ..Visit::new(address, &own) };
    visit.shake_hands().await.expect_err("the platform's certificate is for another name");

    let atlas = certify(&domains.join("shop.atlas.example"), "shop.atlas.example");
    let visit = Visit { trusted: &atlas, ..visit };
    recorder.router.reread_certificates();
    let mut open = until(&visit).await;

    let renewed = certify(&domains.join("shop.atlas.example"), "shop.atlas.example");
    recorder.router.reread_certificates();
    until(&Visit { trusted: &renewed, ..visit }).await;
    visit.shake_hands().await.expect_err("the one before is shown no more");
    // The connection from before goes on.
    for _ in 0..2 {
        open.write_all(GET).await.unwrap();
        let mut answer = vec![0; 8 * 1024];
        let len = open.read(&mut answer).await.unwrap();
        assert!(answer[..len].starts_with(b"HTTP/1.1 200 OK") && answer[..len].ends_with(b"ok"));
    }
    let metrics = recorder.router.metrics().text();
    assert!(metrics.contains("souk_router_certificates_total{cause=\"read\"} 2"), "{metrics}");
}

/// Comes in again and again until the certificate is the trusted one.
async fn until(visit: &Visit<'_>) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    loop {
        if let Ok(client) = visit.shake_hands().await {
            return client;
        }
        tokio::task::yield_now().await;
    }
}

fn to<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("souk-tenant", "users/u1".parse().unwrap());
    request
}

#[tokio::test]
async fn calls_pass_with_their_deadlines_streams_and_trailers() {
    let cells = [StandInCell::start(1).await];
    let directory = tempfile::tempdir().unwrap();
    keep(directory.path(), &table(1, &cells, &[]));
    let mut config = config(directory.path());
    let trusted: &'static _ = Box::leak(Box::new(with_tls(&mut config)));
    let router = Router::start(config).await.unwrap();
    let visit = Visit::new(router.addresses().https.unwrap(), trusted);
    let mut mesh = MeshClient::new(visit.channel().await);

    let call = v1::CallRequest { request: vec![1; 9].into(), ..v1::CallRequest::default() };
    let mut request = to(call);
    request.set_timeout(Duration::from_secs(7));
    mesh.call(request).await.unwrap();
    // What is left of the seven seconds.
    let told = cells[0].told("grpc-timeout").unwrap();
    let micros: u32 = told.strip_suffix('u').unwrap().parse().unwrap();
    assert!((1_000_000..7_000_000).contains(&micros), "{told}");

    let status = mesh.deliver(to(v1::DeliverRequest::default())).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "not here"));

    let mut batches = mesh.follow(to(v1::FollowRequest::default())).await.unwrap().into_inner();
    assert_eq!(batches.message().await.unwrap().unwrap().head, 1);
    cells[0].go_on();
    assert_eq!(batches.message().await.unwrap().unwrap().head, 2);
    assert_eq!(batches.message().await.unwrap().unwrap().head, 3);
    assert!(batches.message().await.unwrap().is_none());
    assert!(batches.trailers().await.unwrap().is_some());
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up() {
    let recorder = Recorder::start_with(|config| {
        with_tls(config);
        config.entrance.handshake_ms = 50;
    });
    let recorder = recorder.await;
    let mut silent = Raw::open(recorder.router.addresses().https.unwrap()).await;
    assert_eq!(silent.hear_all().await, "");
    let metrics = recorder.router.metrics().text();
    assert!(metrics.contains("cause=\"handshake_slow\"} 1"), "{metrics}");
}

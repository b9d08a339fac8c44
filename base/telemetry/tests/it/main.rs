//! Traces leave the process when a collector is configured; a process of its own, because logging starts once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Read as _,
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use base_telemetry::{Config, TraceContext, init, link};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test(flavor = "multi_thread")]
async fn spans_go_to_the_collector_and_a_deaf_one_does_not_hold_up_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = Config {
        service: "souk-test".into(),
        instance: "test-1".into(),
        otlp_endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
        ..Config::default()
    };
    let collector = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut preface = [0; 14];
        stream.read_exact(&mut preface).unwrap();
        // Kept open without an answer until the exporter gives up.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        preface
    });
    let guard = init(&config).unwrap();
    assert!(guard.exports_traces() && TraceContext::root().sampled);

    let parent: TraceContext = PARENT.parse().unwrap();
    let span = tracing::info_span!("append");
    link(&span, parent);
    let below = parent.under(&span);
    assert_eq!(below.trace, parent.trace, "the trace goes on");
    assert_ne!(below.span, parent.span, "with the span as the next parent");
    span.in_scope(|| tracing::info!("appended"));
    drop(span);

    let asked = Instant::now();
    tokio::task::spawn_blocking(move || drop(guard)).await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    assert_eq!(&collector.join().unwrap(), b"PRI * HTTP/2.0");
}

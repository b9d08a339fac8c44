//! A body that drips holds no place for long; streams may be as slow as they like.

use std::time::{Duration, Instant};

use router_server::Config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    client::{Raw, raw},
    recorder::Recorder,
};

const WINDOW: Duration = Duration::from_millis(20);

/// No client that sends byte by byte is that fast.
fn strict(config: &mut Config) {
    config.entrance.body_pace_min = 1 << 40;
    config.entrance.body_window_ms = WINDOW.as_millis().try_into().unwrap();
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_answered_408_and_the_connection_closed() {
    let recorder = Recorder::start_with(strict).await;
    let mut line = Raw::open(recorder.router.addresses().http).await;
    line.say("POST /v1/users/u1/carts HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n")
        .await;
    let (mut answer, mut drip) = line.stream.split();
    let mut first = [0; 1];
    loop {
        tokio::select! {
            biased;
            heard = answer.read_exact(&mut first) => {
                heard.unwrap();
                break;
            }
            said = drip.write_all(b"x") => said.unwrap(),
        }
    }
    let answer = format!("{}{}", char::from(first[0]), line.hear_all().await);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
    assert!(answer.contains(r#""code":"request_too_slow""#), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_there_at_once_is_fast_enough() {
    let recorder = Recorder::start_with(strict).await;
    let request = "POST /v1/users/u1/carts HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    let answer = raw(recorder.router.addresses().http, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_web_socket_may_say_little() {
    let recorder = Recorder::start_with(strict).await;
    let mut socket = Raw::open(recorder.router.addresses().http).await;
    socket
        .say("GET /v1/users/u1/chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        .await;
    assert!(socket.hear_until("\r\n\r\n").await.starts_with("HTTP/1.1 101 "));
    let begun = Instant::now();
    while begun.elapsed() < 3 * WINDOW {
        socket.say("hm.").await;
        assert_eq!(socket.hear_until(".").await, "hm.");
    }
}

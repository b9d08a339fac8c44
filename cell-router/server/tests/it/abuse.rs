//! Clients that only want to cost something: each loses its connection, and others are served.

use std::time::Duration;

use base_testkit::eventually;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{client::Raw, fleet::Fleet, recorder::Recorder};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const GET_U1: &[u8] = b"\x82\x86\x44\x0c/v1/users/u1\x41\x01a";

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Floods a connection with what `next` makes and sees it cut.
async fn is_cut(fleet: &Fleet, next: impl Fn(u32) -> Vec<u8>) {
    let stream = Raw::open(fleet.router.addresses().http).await.stream;
    let (mut heard, mut said) = stream.into_split();
    let hearing = tokio::spawn(async move {
        let mut piece = [0; 4096];
        // A reset is an end too.
        while let Ok(1..) = heard.read(&mut piece).await {}
    });
    said.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, b"")].concat()).await.unwrap();
    let mut number = 0;
    while said.write_all(&next(number)).await.is_ok() {
        number += 1;
        assert!(number < 200_000, "nothing stops it");
    }
    hearing.await.unwrap();
}

#[tokio::test]
async fn floods_of_frames_that_ask_for_nothing_end_with_the_connection() {
    let fleet = Fleet::start(1).await;
    is_cut(&fleet, |_| frame(PING, 0, 0, b"12345678")).await;
    is_cut(&fleet, |_| frame(SETTINGS, 0, 0, b"\0\x03\0\0\0\x64")).await;
    is_cut(&fleet, |number| {
        let stream = 2 * number + 1;
        let open = frame(HEADERS, END_HEADERS | END_STREAM, stream, GET_U1);
        [open, frame(RESET, 0, stream, b"\0\0\0\x08")].concat()
    })
    .await;
    is_cut(&fleet, |number| match number {
        0 => frame(HEADERS, END_STREAM, 1, GET_U1),
        _ => frame(
            CONTINUATION,
            0,
            1,
            &[&b"\0\x08x-filler\x7f\xff\x06"[..], &[b'y'; 1_150]].concat(),
        ),
    })
    .await;
    assert_eq!(fleet.client.get("/v1/users/u1").await.cell(), "cell-1");
    // Pings and settings are nothing but frames; the others are cut for more than one reason.
    let said = fleet.router.metrics().text();
    let floods = said.lines().find_map(|line| line.strip_prefix("souk_router_floods_total "));
    assert!(floods.unwrap().parse::<u32>().unwrap() >= 2, "{said}");
}

#[tokio::test]
async fn whoever_sends_or_takes_too_slowly_is_not_waited_for() {
    let recorder = Recorder::start_with(|config| {
        config.entrance.head_ms = 100;
        config.entrance.body_ms = 100;
    })
    .await;
    let address = recorder.router.addresses().http;
    for begun in [
        "GET /v1/users/u1 HTTP/1.1\r\nHost: a\r\nX-Slow: ",
        "POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1",
    ] {
        let mut slow = Raw::open(address).await;
        slow.say(begun).await;
        let answer = slow.hear_all().await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

#[tokio::test]
async fn whoever_does_not_take_its_answer_loses_it() {
    let fleet = Fleet::start_with(1, |config| config.entrance.write_ms = 100).await;
    let mut slow = Raw::open(fleet.router.addresses().http).await;
    slow.say("GET /v1/users/u1/long HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut piece = [0; 1024];
    slow.stream.read_exact(&mut piece).await.unwrap();
    let ended = eventually(Duration::from_secs(30), async || {
        let said = fleet.router.metrics().text();
        if said.contains("souk_router_connections 0") { Ok(()) } else { Err(said) }
    });
    ended.await.unwrap();
    assert_eq!(fleet.client.get("/v1/users/u1").await.cell(), "cell-1");
}

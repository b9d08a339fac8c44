//! What could be read in two ways is refused before a cell sees it, and nothing behind it is read.

use crate::{client::raw, fleet::Fleet, recorder::Recorder};

/// What a smuggler hides behind a request.
const HIDDEN: &str = "GET /v1/users/hidden HTTP/1.1\r\nHost: a\r\n\r\n";
const SOCKET: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

/// Heads that no two readers must read differently: what, status, fields.
const FIELDS: [(&str, u16, &str); 26] = [
    ("length and chunks", 400, "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
    ("chunks and length", 400, "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
    ("two lengths", 400, "Content-Length: 3\r\nContent-Length: 4\r\n"),
    ("two lengths that agree", 400, "Content-Length: 0\r\nContent-Length: 0\r\n"),
    ("a list of lengths", 400, "Content-Length: 3, 3\r\n"),
    ("a length with a sign", 400, "Content-Length: +3\r\n"),
    ("a negative length", 400, "Content-Length: -1\r\n"),
    ("a hexadecimal length", 400, "Content-Length: 0x3\r\n"),
    ("an empty length", 400, "Content-Length:\r\n"),
    ("a length beyond all numbers", 400, "Content-Length: 18446744073709551619\r\n"),
    ("a length in another spelling", 400, "Content_Length: 3\r\n"),
    ("another coding", 400, "Transfer-Encoding: gzip, chunked\r\n"),
    ("an unknown coding", 400, "Transfer-Encoding: xchunked\r\n"),
    ("chunks twice", 400, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    ("a coding in another spelling", 400, "Transfer_Encoding: chunked\r\n"),
    ("a tab in the coding", 400, "Transfer-Encoding: \x0bchunked\r\n"),
    ("two Hosts", 400, "Host: b\r\n"),
    ("two Hosts that agree", 400, "Host: a\r\n"),
    ("a folded field", 400, "X-A: 1\r\n Content-Length: 3\r\n"),
    ("a space before the colon", 400, "Content-Length : 3\r\n"),
    ("a field without a name", 400, ": 3\r\n"),
    ("a field without a colon", 400, "Content-Length\r\n"),
    ("a NUL", 400, "X-A: a\0b\r\n"),
    ("a bare line feed", 400, "X-A: 1\nContent-Length: 3\r\n"),
    ("a bare carriage return", 400, "X-A: 1\rContent-Length: 3\r\n"),
    ("two Upgrades", 400, "Upgrade: h2c\r\nUpgrade: websocket\r\n"),
];

/// Whole requests that go wrong in their first line, their Host or their body.
const REQUESTS: [(&str, u16, &str); 28] = [
    ("no Host", 400, "GET /v1/users/u1 HTTP/1.1\r\n\r\n"),
    ("no Host in HTTP/1.0", 400, "GET /v1/users/u1 HTTP/1.0\r\n\r\n"),
    ("an empty Host", 400, "GET /v1/users/u1 HTTP/1.1\r\nHost:\r\n\r\n"),
    ("a Host with a path", 400, "GET /v1/users/u1 HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    ("a Host with a name", 400, "GET /v1/users/u1 HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    ("two Hosts in one", 400, "GET /v1/users/u1 HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    ("another host in the target", 400, "GET http://b/v1/users/u1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a name in the target", 400, "GET http://a@b/v1/users/u1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        "chunks in HTTP/1.0",
        400,
        "POST /v1/users/u1 HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    ("CONNECT", 400, "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    ("a bare line feed after the request line", 400, "GET /v1/users/u1 HTTP/1.1\nHost: a\r\n\r\n"),
    ("nothing but bare line feeds", 400, "GET /v1/users/u1 HTTP/1.1\nHost: a\n\n"),
    (
        "a bare line feed at the end of the head",
        400,
        "GET /v1/users/u1 HTTP/1.1\r\nHost: a\r\n\nX: \r\n\r\n",
    ),
    ("a space in the target", 400, "GET /v1/users/u1 x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a tab in the request line", 400, "GET\t/v1/users/u1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a NUL in the target", 400, "GET /v1/users/u1\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a fragment", 400, "GET /v1/users/u1#x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("HTTP/0.9", 400, "GET /v1/users/u1\r\n\r\n"),
    ("a version from the future", 400, "GET /v1/users/u1 HTTP/1.2\r\nHost: a\r\n\r\n"),
    ("an empty line in front", 400, "\r\nGET /v1/users/u1 HTTP/1.1\r\nHost: a\r\n\r\n"),
    (
        "two tokens",
        400,
        "GET /v1/users/u1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    ),
    (
        "gRPC over HTTP/1.1",
        400,
        "POST /souk.carts.v1.Carts/Get HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        "a line feed in a chunk's extension",
        400,
        "POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a\nb\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "a chunk's size that ends in a line feed",
        400,
        "POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
    ),
    (
        "a chunk without a size",
        400,
        "POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n",
    ),
    (
        "a chunk longer than its size",
        400,
        "POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    ),
    (
        "a WebSocket with a body",
        400,
        "GET /v1/users/u1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 5\r\n\r\nhello",
    ),
    (
        "a WebSocket by POST",
        400,
        "POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
    ),
];

#[tokio::test]
async fn what_is_ambiguous_is_refused_and_nothing_behind_it_reaches_a_cell() {
    let recorder = Recorder::start().await;
    let address = recorder.router.addresses().http;
    let in_requests =
        REQUESTS.iter().map(|(what, status, head)| (*what, *status, (*head).to_owned()));
    let in_fields = FIELDS.iter().flat_map(|(what, status, fields)| {
        let head =
            |more: &str| format!("POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\n{fields}{more}\r\n");
        [
            (*what, *status, head("")),
            (*what, *status, head("X-B: 1\r\n")),
            (*what, *status, head(SOCKET)),
        ]
    });
    for (what, status, request) in in_requests.chain(in_fields) {
        let answer = raw(address, format!("{request}{HIDDEN}").as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{what}: {request:?}: {answer}"
        );
        let answers = answer.lines().filter(|line| line.starts_with("HTTP/1.1 ")).count();
        assert_eq!(answers, 1, "{what}: {answer}");
        assert!(answer.contains("application/problem+json"), "{what}: {answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{what}: {answer}");
    }
    assert_eq!(recorder.recorded(), "", "not a byte reaches the cell");
}

#[tokio::test]
async fn a_head_too_large_is_refused_before_it_is_whole() {
    let recorder = Recorder::start().await;
    let address = recorder.router.addresses().http;
    for request in [
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(20_000)),
        format!("GET / HTTP/1.1\r\nHost: a\r\nX-A: {}\r\n\r\n", "x".repeat(20_000)),
        format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X-A: 1\r\n".repeat(200)),
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}",
            format!("X-A: {}\r\n", "x".repeat(9_000)).repeat(40)
        ),
        "x".repeat(1 << 20),
    ] {
        let answer = raw(address, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        assert!(answer.contains("\"code\":\"head_too_large\""), "{answer}");
    }
    assert_eq!(recorder.recorded(), "");
}

#[tokio::test]
async fn a_body_that_goes_wrong_later_ends_the_request_and_the_connection() {
    let recorder = Recorder::start().await;
    let head =
        "POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    let rest = format!("3;\n\r\nabc\r\n0\r\n\r\n{HIDDEN}");
    // So much that the beginning is on its way to the cell before the end is read.
    let chunk = format!("4000\r\n{}\r\n", "y".repeat(0x4000));
    let request = [head, &chunk.repeat(20), &rest].concat();
    let answer = raw(recorder.router.addresses().http, request.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(!recorder.recorded().contains("hidden"));
    assert!(!recorder.recorded().contains("0\r\n\r\n"), "the cell never sees an end");
}

#[tokio::test]
async fn requests_in_a_row_are_answered_in_their_order() {
    let recorder = Recorder::start().await;
    let address = recorder.router.addresses().http;
    let row = concat!(
        "POST /v1/users/u1/first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nGET /\r\n0\r\nx-sum: 1\r\n\r\n",
        "POST /v1/users/u1/second HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n1234",
        "GET /v1/users/u1/third HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /v1/users/hidden HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    let answer = raw(address, row.as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
    let recorded = recorder.recorded();
    let at = |path: &str| recorded.find(path).unwrap_or_else(|| panic!("{path}: {recorded}"));
    assert!(at("/first") < at("/second") && at("/second") < at("/third"));
    assert!(!recorded.contains("hidden"), "nothing is read behind the last request");
}

#[tokio::test]
async fn a_web_socket_passes_and_what_else_is_offered_does_not() {
    let recorder = Recorder::start().await;
    let address = recorder.router.addresses().http;
    let open = format!("GET /v1/users/u1/chat HTTP/1.1\r\nHost: a\r\n{SOCKET}\r\n");
    let mut socket = crate::client::Raw::open(address).await;
    socket.say(&open).await;
    assert!(socket.hear_until("\r\n\r\n").await.starts_with("HTTP/1.1 101 "));
    socket.say("\u{1}\u{2}\nnot HTTP at all\0").await;
    assert_eq!(socket.hear_until("\0").await, "\u{1}\u{2}\nnot HTTP at all\0");
    drop(socket);

    let other = "GET /v1/users/u1/other HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let answer = raw(address, other.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let recorded = recorder.recorded().to_ascii_lowercase();
    let other = &recorded[recorded.find("/other").unwrap()..];
    assert!(!other.contains("upgrade:") && !other.contains("http2-settings"), "{other}");
}

#[tokio::test]
async fn an_absolute_address_reaches_the_cell_as_a_path() {
    let fleet = Fleet::start(1).await;
    let request = "GET http://souk.example/v1/users/me/carts?x=1 HTTP/1.1\r\nHost: souk.example\r\nConnection: close\r\n\r\n";
    let answer = raw(fleet.router.addresses().http, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("\"path\":\"/v1/users/g-"), "{answer}");
}

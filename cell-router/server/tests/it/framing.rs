//! What could be read in two ways is refused before a cell sees it.

use crate::{client::raw, fleet::Fleet};

#[tokio::test]
async fn ambiguous_requests_are_refused_and_the_connection_is_closed() {
    let fleet = Fleet::start(1).await;
    let address = fleet.router.addresses().http;
    for (what, request) in [
        ("no Host", "GET /v1/users/u1 HTTP/1.1\r\n\r\n"),
        ("two Hosts", "GET /v1/users/u1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        (
            "length and chunks",
            "POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        (
            "two tokens",
            "GET /v1/users/u1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
        ),
        (
            "gRPC over HTTP/1.1",
            "POST /souk.carts.v1.Carts/Get HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n",
        ),
    ] {
        let answer = raw(address, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{what}: {answer}");
    }
    assert_eq!(fleet.cells[0].requests(), 0);
}

#[tokio::test]
async fn an_absolute_address_reaches_the_cell_as_a_path() {
    let fleet = Fleet::start(1).await;
    let request = "GET http://souk.example/v1/users/me/carts?x=1 HTTP/1.1\r\nHost: souk.example\r\nConnection: close\r\n\r\n";
    let answer = raw(fleet.router.addresses().http, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("\"path\":\"/v1/users/g-"), "{answer}");
}

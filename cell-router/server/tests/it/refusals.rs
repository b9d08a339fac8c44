//! A cell that does not own the tenant refuses; the request finds the owner and the client sees nothing of it.

use base_ids::{CellId, Epoch, Generation};
use bytes::Bytes;
use http::Method;
use router_table::Refusal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    client::Client,
    fleet::{Fleet, config, keep, table_of},
};

const TENANT: &str = "vendors/moved";

fn moved_to(cell: &CellId, epoch: u64) -> impl Fn(&str) -> Option<Refusal> + Send + 'static {
    let refusal = Refusal::NotMine {
        cell: Some(cell.clone()),
        generation: Generation(7),
        epoch: Epoch(epoch),
    };
    move |tenant| (tenant == TENANT).then(|| refusal.clone())
}

#[tokio::test]
async fn a_refused_request_reaches_the_new_owner_with_its_body() {
    let fleet = Fleet::start(2).await;
    let (old, new) = (fleet.owner(TENANT), fleet.stranger(TENANT));
    old.refuse(moved_to(&new.id, 9));
    let path = format!("/v1/{TENANT}/offers");
    for client in
        [Client::of(fleet.router.addresses().http), Client::http2(fleet.router.addresses().http)]
    {
        for body_len in [0, 1, 60_000] {
            let answer = client.send(Method::POST, &path, &[], vec![b'x'; body_len].into()).await;
            assert_eq!(answer.cell(), new.id.as_str());
            assert_eq!(answer.json()["body_len"], body_len);
            assert_eq!(answer.told("souk-generation").unwrap(), "7");
            assert_eq!(answer.told("souk-epoch").unwrap(), "9");
        }
    }
    assert_eq!(old.requests(), 1, "what was learnt is remembered");
    assert!(
        fleet.router.metrics().text().contains("souk_router_retries_total{cause=\"not_mine\"} 1")
    );
}

#[tokio::test]
async fn a_body_too_large_to_send_again_is_sent_once_after_the_owner_was_asked_for() {
    let fleet = Fleet::start(2).await;
    let (old, new) = (fleet.owner(TENANT), fleet.stranger(TENANT));
    old.refuse(moved_to(&new.id, 9));
    let path = format!("/v1/{TENANT}/imports");
    let http = fleet.router.addresses().http;
    for client in [Client::of(http), Client::http2(http)] {
        let body = Bytes::from(vec![b'x'; 2 << 20]);
        let answer = client.send(Method::POST, &path, &[], body).await;
        assert_eq!(answer.cell(), new.id.as_str());
        assert_eq!(answer.json()["body_len"], 2 << 20);
    }
    assert_eq!((old.questions(), old.requests()), (1, 0), "asked, and never sent to");
    assert_eq!((new.questions(), new.requests()), (2, 2));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_read_ahead_as_far_as_it_can_be_sent_again() {
    let fleet = Fleet::start(2).await;
    let (old, new) = (fleet.owner(TENANT), fleet.stranger(TENANT));
    old.refuse(moved_to(&new.id, 9));
    let path = format!("/v1/{TENANT}/imports");
    for (len, asked) in [(40_000, 0), (60_000, 1), (1 << 20, 2)] {
        let chunk = Bytes::from(vec![b'x'; 10_000]);
        let chunks = std::iter::repeat_n(chunk, len / 10_000);
        let answer = fleet.client.send_chunks(&path, chunks.collect()).await;
        assert_eq!(answer.cell(), new.id.as_str());
        assert_eq!(answer.json()["body_len"], len / 10_000 * 10_000);
        assert_eq!(new.questions(), asked);
    }
}

#[tokio::test]
async fn a_slow_body_of_unknown_length_is_not_waited_for() {
    let fleet = Fleet::start(1).await;
    let mut stream = TcpStream::connect(fleet.router.addresses().http).await.unwrap();
    let head = b"POST /v1/users/u1/x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut asked = tokio::time::interval(std::time::Duration::from_millis(5));
    while fleet.cells[0].questions() == 0 {
        asked.tick().await;
    }
    stream.write_all(b"2\r\nab\r\n0\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn cells_that_send_a_request_in_circles_do_not_keep_it_for_ever() {
    let fleet = Fleet::start(2).await;
    let (one, two) = (&fleet.cells[0], &fleet.cells[1]);
    one.refuse(moved_to(&two.id, 9));
    two.refuse(moved_to(&one.id, 9));
    let answer = fleet.client.get(&format!("/v1/{TENANT}")).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "not_mine"));
    assert_eq!(one.requests() + two.requests(), 3);
}

#[tokio::test]
async fn an_owner_that_the_router_does_not_know_is_worth_a_wait_and_then_a_later_try() {
    let fleet = Fleet::start_with(1, |config| config.hold.wait_ms = 50).await;
    fleet.cells[0].refuse(moved_to(&"cell-9".parse().unwrap(), 9));
    let answer = fleet.client.get(&format!("/v1/{TENANT}")).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "unavailable"));
}

/// A cell that closes a connection when the second request arrives on it.
async fn closing_cell() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"cell\":\"raw\"}";
                let _ = stream.write_all(&answer[..answer.len() - 1]).await;
                let _ = stream.read(&mut head).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_connection_that_was_closed_under_a_request_costs_nothing_if_the_request_may_be_repeated()
{
    let directory = tempfile::tempdir().unwrap();
    keep(directory.path(), &table_of(1, &[closing_cell().await], &[]));
    let router = router_server::Router::start(config(directory.path())).await.unwrap();
    let client = Client::of(router.addresses().http);
    let post = |headers: &'static [(&str, &str)]| {
        client.send(Method::POST, "/v1/users/u1/carts", headers, Bytes::from_static(b"{}"))
    };
    let key = &[("idempotency-key", "k1")];
    assert_eq!(post(key).await.status, 200);
    assert_eq!(post(key).await.status, 200, "on a connection that the cell closes");
    assert_eq!(client.get("/v1/users/u1").await.status, 200, "again");
    let answer = post(&[]).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (504, "outcome_unknown"));
    let metrics = router.metrics().text();
    assert!(
        metrics.contains("souk_router_retries_total{cause=\"connection_closed\"} 2"),
        "{metrics}"
    );
}

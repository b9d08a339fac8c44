//! A cell that does not own the tenant refuses; the request finds the owner and the client sees nothing of it.

use base_ids::{CellId, Epoch, Generation};
use bytes::Bytes;
use http::Method;
use router_table::Refusal;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
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
async fn a_body_too_large_to_send_again_ends_in_a_typed_answer_and_the_next_try_succeeds() {
    let fleet = Fleet::start(2).await;
    let (old, new) = (fleet.owner(TENANT), fleet.stranger(TENANT));
    old.refuse(moved_to(&new.id, 9));
    let path = format!("/v1/{TENANT}/imports");
    let send = || fleet.client.send(Method::POST, &path, &[], Bytes::from(vec![b'x'; 2 << 20]));
    let answer = send().await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "not_mine"));
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(!answer.headers.contains_key("souk-refusal"));
    let answer = send().await;
    assert_eq!(
        (answer.cell().as_str(), answer.json()["body_len"].as_u64()),
        (new.id.as_str(), Some(2 << 20))
    );
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
async fn a_held_tenant_is_tried_again_and_then_told() {
    let fleet = Fleet::start(1).await;
    let held = std::sync::atomic::AtomicU32::new(0);
    fleet.cells[0].refuse(move |tenant| {
        let seen = held.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let still = tenant == TENANT || seen < 1;
        still.then_some(Refusal::Held { epoch: Epoch(1) })
    });
    assert_eq!(fleet.client.get("/v1/users/brief").await.cell(), "cell-1");
    let answer = fleet.client.get(&format!("/v1/{TENANT}")).await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "held"));
}

#[tokio::test]
async fn an_owner_that_the_router_does_not_know_is_worth_a_later_try() {
    let fleet = Fleet::start(1).await;
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

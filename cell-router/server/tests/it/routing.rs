//! Whom a request reaches, and what the cell is told.

use bytes::Bytes;
use http::Method;

use crate::{
    client::{Client, Raw},
    fleet::{Fleet, bearer, config, keep, table, table_of, token},
};

#[tokio::test]
async fn the_path_names_the_tenant_whose_cell_answers() {
    let fleet = Fleet::start(3).await;
    for path in [
        "/v1/users/u1/carts/main",
        "/v1/vendors/atlas:suspend",
        "/v1/names/9f86",
        "/v1/platform/catalog-0a/works?q=1",
    ] {
        let answer = fleet.client.get(path).await;
        let tenant = path[4..].split([':', '?']).next().unwrap();
        let tenant: String = tenant.split('/').take(2).collect::<Vec<_>>().join("/");
        assert_eq!(answer.cell(), fleet.owner(&tenant).id.as_str(), "{path}");
        assert_eq!(answer.json()["path"], path);
        assert_eq!(answer.told("souk-tenant").unwrap(), tenant);
        assert_eq!(answer.told("souk-generation").unwrap(), "1");
        assert_eq!(answer.told("souk-epoch").unwrap(), "1");
    }
}

#[tokio::test]
async fn a_tenant_placed_by_name_lives_where_it_is_placed() {
    let fleet = Fleet::start(2).await;
    let other = fleet.stranger("vendors/heavy").id.clone();
    let at = fleet.cells.iter().position(|cell| cell.id == other).unwrap();
    let directory = tempfile::tempdir().unwrap();
    keep(directory.path(), &table(2, &fleet.cells, &[("vendors/heavy", at)]));
    let router = router_server::Router::start(config(directory.path())).await.unwrap();
    let answer = Client::of(router.addresses().http).get("/v1/vendors/heavy").await;
    assert_eq!(answer.cell(), other.as_str());
    assert_eq!(answer.told("souk-generation").unwrap(), "2");
}

#[tokio::test]
async fn me_is_the_subject_of_the_token_over_both_protocols() {
    let fleet = Fleet::start(3).await;
    let authorization = bearer("users/u7");
    for client in
        [Client::of(fleet.router.addresses().http), Client::http2(fleet.router.addresses().http)]
    {
        let headers = [("authorization", authorization.as_str())];
        let answer = client.get_with("/v1/users/me/orders?page_size=5", &headers).await;
        assert_eq!(answer.cell(), fleet.owner("users/u7").id.as_str());
        assert_eq!(answer.json()["path"], "/v1/users/u7/orders?page_size=5");
        assert_eq!(answer.told("authorization").unwrap(), authorization);
        assert!(!answer.headers.contains_key("set-cookie"));
        let home = client.get_with("/v1/search?q=book", &headers).await;
        assert_eq!(home.told("souk-tenant").unwrap(), "users/u7");
    }
}

#[tokio::test]
async fn a_token_that_proves_nothing_reaches_no_cell() {
    let fleet = Fleet::start(1).await;
    let forged = format!("{}x", bearer("users/u1"));
    let old = format!("Bearer {}", token("users/u1", 1_000));
    for (authorization, code) in [(&forged, "unauthenticated"), (&old, "token_expired")] {
        let headers = [("authorization", authorization.as_str())];
        let answer = fleet.client.get_with("/v1/users/me", &headers).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (401, code));
        assert_eq!(answer.json()["type"], format!("https://souk.example/errors/{code}"));
        let named = fleet.client.get_with("/v1/users/u1", &headers).await;
        assert_eq!((named.status.as_u16(), named.problem().as_str()), (401, code));
    }
    assert_eq!(fleet.cells[0].requests(), 0);
}

#[tokio::test]
async fn internal_headers_pass_in_neither_direction() {
    let fleet = Fleet::start(1).await;
    let headers = [
        ("Souk-Tenant", "users/evil"),
        ("souk_tenant", "users/evil"),
        ("SOUK-EPOCH", "99"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-request-id", "mine"),
        ("connection", "keep-alive"),
    ];
    let answer = fleet.client.get_with("/v1/users/u1", &headers).await;
    assert_eq!(answer.told("souk-tenant").unwrap(), "users/u1");
    assert_eq!(answer.told("souk_tenant"), None);
    assert_eq!(answer.told("souk-epoch").unwrap(), "1");
    assert_eq!(answer.told("x-forwarded-for").unwrap(), "127.0.0.1");
    assert_eq!(
        answer.told("souk-request-id").unwrap(),
        answer.headers["x-request-id"].to_str().unwrap()
    );
    assert!(answer.headers.contains_key("x-kept"));
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("souk")));
}

#[tokio::test]
async fn a_trace_goes_on_or_begins() {
    let fleet = Fleet::start(1).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let answer = fleet.client.get_with("/v1/users/u1", &[("traceparent", trace)]).await;
    assert_eq!(answer.told("traceparent").unwrap(), trace);
    let answer = fleet.client.get_with("/v1/users/u1", &[("traceparent", "nonsense")]).await;
    let fresh = answer.told("traceparent").unwrap();
    assert!(fresh.parse::<base_telemetry::TraceContext>().is_ok(), "{fresh}");
}

#[tokio::test]
async fn a_cell_that_is_down_hurts_its_own_tenants_only() {
    let fleet = Fleet::start(1).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = closed.local_addr().unwrap();
    drop(closed);
    let directory = tempfile::tempdir().unwrap();
    let placed = [("users/lucky", 0), ("users/unlucky", 1)];
    keep(directory.path(), &table_of(1, &[fleet.cells[0].address, dead], &placed));
    let router = router_server::Router::start(config(directory.path())).await.unwrap();
    let client = Client::of(router.addresses().http);
    let answer = client.get("/v1/users/unlucky").await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "unavailable"));
    assert_eq!(answer.json()["detail"], "cell-2 does not answer");
    assert_eq!(answer.headers["retry-after"], "1");
    let post =
        client.send(Method::POST, "/v1/users/unlucky/carts", &[], Bytes::from_static(b"{}")).await;
    assert_eq!(post.problem(), "unavailable");
    assert_eq!(client.get("/v1/users/lucky").await.cell(), "cell-1");
    let metrics = router.metrics().text();
    assert!(metrics.contains("souk_router_connect_errors_total{cell=\"cell-2\"} 2"), "{metrics}");
}

#[tokio::test]
async fn a_bad_tenant_and_a_missing_table_are_told_clearly() {
    let fleet = Fleet::start(1).await;
    let answer = fleet.client.get("/v1/users/%75u").await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (400, "malformed_request"));
    let nowhere = tempfile::tempdir().unwrap();
    let router = router_server::Router::start(config(nowhere.path())).await.unwrap();
    let answer = Client::of(router.addresses().http).get("/v1/users/u1").await;
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "unavailable"));
    let ready = Client::of(router.addresses().admin).get("/readyz").await;
    assert_eq!(ready.status, 503);
    let ready = Client::of(fleet.router.addresses().admin).get("/readyz").await;
    assert_eq!(ready.status, 200);
}

#[tokio::test]
async fn it_stops_within_its_time_and_lets_requests_end() {
    let fleet = Fleet::start(1).await;
    assert_eq!(fleet.client.get("/v1/users/u1").await.cell(), "cell-1");
    let http = fleet.router.addresses().http;
    let mut open = Raw::open(http).await;
    open.say("POST /v1/users/u1/carts HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12").await;
    while !fleet.router.metrics().text().contains("souk_router_in_flight 1") {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn(fleet.router.stop());
    open.say("34").await;
    let answer = open.hear_all().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("\"body_len\":4"), "{answer}");
    stopping.await.unwrap();
    assert!(tokio::net::TcpStream::connect(http).await.is_err());
}

//! What is let in, and how one cell's trouble stays with its own tenants.

use std::net::SocketAddr;

use base_testkit::eventually;
use bytes::Bytes;
use http::Method;
use router_limits::{Header, Proxies, Rate, RouteClass};
use router_server::{Config, Router, RunningRouter};
use tempfile::TempDir;
use tokio::{net::TcpSocket, task::JoinHandle};

use crate::{
    cells::StandInCell,
    client::{Answer, Client},
    fleet::{Fleet, bearer, config, keep, table_of},
};

/// Somebody who lives in the first cell, and somebody who lives in the second.
const LUCKY: &str = "/v1/users/lucky";
const UNLUCKY: &str = "/v1/users/unlucky";

/// A router with a tenant in each of two cells; where there is a cell is the test's own affair.
struct Two {
    router: RunningRouter,
    client: Client,
    _directory: TempDir,
}

impl Two {
    async fn start(cells: [SocketAddr; 2], change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let placed = [("users/lucky", 0), ("users/unlucky", 1)];
        keep(directory.path(), &table_of(1, &cells, &placed));
        let mut config = config(directory.path());
        change(&mut config);
        let router = Router::start(config).await.unwrap();
        let client = Client::of(router.addresses().http);
        Self { router, client, _directory: directory }
    }

    async fn status(&self, path: &str) -> u16 {
        self.client.get(path).await.status.as_u16()
    }

    /// Asks without waiting for the answer.
    fn ask(&self, path: String) -> JoinHandle<Answer> {
        let client = Client::of(self.router.addresses().http);
        tokio::spawn(async move { client.get(&path).await })
    }

    fn metric(&self, line: &str) -> u64 {
        let text = self.router.metrics().text();
        let found = text.lines().find_map(|own| own.strip_prefix(line));
        found.map_or(0, |value| value.trim().parse().unwrap())
    }
}

/// An address where nobody listens, kept from others.
fn closed() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Asks until a limit is met: what was sent before it was let through.
async fn until_refused(ask: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..200 {
        let answer = ask().await;
        if answer.status == 429 {
            return answer;
        }
        assert_eq!(answer.status, 200);
    }
    panic!("no limit was met")
}

#[tokio::test]
async fn whoever_sends_too_much_hears_when_to_come_again_and_the_cell_hears_nothing() {
    let slow = Rate::new(1, 3);
    let fleet = Fleet::start_with(1, |config| config.limits.address = slow).await;
    let first = fleet.client.get("/v1/users/u1").await;
    assert!(!first.headers.contains_key("ratelimit"), "enough is left");
    let refused = until_refused(async || fleet.client.get("/v1/users/u1").await).await;
    assert_eq!(refused.problem(), "rate_limited");
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.headers["ratelimit-policy"], "\"address\";q=3;w=3");
    let left = refused.headers["ratelimit"].to_str().unwrap();
    assert!(left.starts_with("\"address\";r=0;t="), "{left}");
    let call = [("content-type", "application/grpc"), ("souk-tenant", "users/u1")];
    let http2 = Client::http2(fleet.router.addresses().http);
    let path = "/souk.carts.v1.Carts/GetCart";
    let mut statuses = Vec::new();
    for _ in 0..20 {
        let call = http2.send(Method::POST, path, &call, Bytes::new()).await;
        statuses.extend(call.headers.get("grpc-status").cloned());
    }
    assert!(!statuses.is_empty() && statuses.iter().all(|status| status == "8"), "{statuses:?}");
    let text = fleet.router.metrics().text();
    let limited = "souk_router_limited_total{limit=\"address\",class=\"read\"} ";
    let limited = text.lines().find_map(|line| line.strip_prefix(limited)).unwrap();
    let (limited, served) = (limited.parse::<u32>().unwrap(), fleet.cells[0].requests());
    let answered = text.lines().find_map(|line| {
        line.strip_prefix("souk_router_own_answers_total{cause=\"rate_limited\"} ")
    });
    assert_eq!(answered.unwrap().parse::<u32>().unwrap(), limited);
    assert!(served >= 3 && limited >= 2, "{served} {limited}");
}

#[tokio::test]
async fn guessing_has_a_limit_of_its_own() {
    let fleet = Fleet::start_with(1, |config| {
        config.limits.routes = [(RouteClass::SignIn, Rate::new(1, 2))].into();
    })
    .await;
    let sign_in =
        async || fleet.client.send(Method::POST, "/v1/auth:signIn", &[], Bytes::new()).await;
    let refused = until_refused(sign_in).await;
    assert_eq!(refused.headers["ratelimit-policy"], "\"route\";q=2;w=2");
    assert_eq!(fleet.client.get("/v1/users/u1").await.status, 200);
}

#[tokio::test]
async fn strangers_cannot_use_up_what_a_tenant_may_send() {
    let slow = Rate::new(1, 2);
    let fleet = Fleet::start_with(1, |config| config.limits.tenant = slow).await;
    let refused = until_refused(async || fleet.client.get("/v1/users/u1/carts/main").await).await;
    assert_eq!(refused.headers["ratelimit-policy"], "\"tenant\";q=2;w=2");
    let own = bearer("users/u1");
    let own = [("authorization", own.as_str())];
    assert_eq!(fleet.client.get_with("/v1/users/u1/carts/main", &own).await.status, 200);
    assert_eq!(fleet.client.get_with("/v1/users/me/carts/main", &own).await.status, 200);
    for _ in 0..5 {
        let checkout = fleet.client.get("/v1/users/u1/checkouts/c1").await;
        assert_eq!(checkout.status, 200, "buying goes on");
    }
}

#[tokio::test]
async fn behind_proxies_a_client_is_who_they_say_and_not_who_it_says() {
    let fleet = Fleet::start_with(1, |config| {
        config.limits.address = Rate::new(1, 2);
        config.proxies = Proxies { trusted: 1, header: Header::XForwardedFor };
    })
    .await;
    let ask = async |claim: &str| {
        let headers = [("x-forwarded-for", claim), ("forwarded", "for=9.9.9.9")];
        fleet.client.get_with("/v1/users/u1", &headers).await
    };
    for claim in ["198.51.100.1", "6.6.6.6, 198.51.100.1"] {
        let answer = ask(claim).await;
        assert_eq!(answer.told("x-forwarded-for").unwrap(), "198.51.100.1");
        assert_eq!(answer.told("forwarded"), None);
    }
    let claims = std::cell::Cell::new(0);
    until_refused(async || {
        claims.set(claims.get() + 1);
        ask(&format!("7.7.7.{}, 198.51.100.1", claims.get())).await
    })
    .await;
    assert_eq!(ask("198.51.100.2").await.status, 200);
    assert_eq!(ask("nonsense").await.told("x-forwarded-for").unwrap(), "127.0.0.1");
    let metrics = fleet.router.metrics().text();
    assert!(metrics.contains("souk_router_clients_untold_total 1"), "{metrics}");
}

#[tokio::test]
async fn a_dead_cell_is_given_up_on_found_again_and_never_replaced() {
    let lucky = StandInCell::start(1).await;
    let (_socket, dead) = closed();
    let two = Two::start([lucky.address, dead], |config| {
        config.cells.breaker.open_ms = 60_000;
        config.cells.breaker.open_ms_max = 60_000;
    })
    .await;
    for _ in 0..60 {
        let answer = two.client.get(UNLUCKY).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "unavailable"));
        assert!(answer.headers.contains_key("retry-after"));
        assert_eq!(answer.json()["detail"], "cell-2 does not answer");
        assert_eq!(two.status(LUCKY).await, 200);
    }
    assert_eq!(two.metric("souk_router_connect_errors_total{cell=\"cell-2\"}"), 8);
    assert_eq!(two.metric("souk_router_breakers_opened_total{cell=\"cell-2\"}"), 1);
    assert_eq!(two.metric("souk_router_cell_broken{cell=\"cell-2\"}"), 1);
    assert_eq!(two.metric("souk_router_cell_broken{cell=\"cell-1\"}"), 0);
    assert_eq!(lucky.requests(), 60, "nobody else's requests came here");
}

#[tokio::test]
async fn a_cell_that_comes_back_is_found_by_a_few() {
    let lucky = StandInCell::start(1).await;
    let (socket, dead) = closed();
    let two = Two::start([lucky.address, dead], |config| {
        config.cells.breaker.open_ms = 1;
        config.cells.breaker.open_ms_max = 1;
    })
    .await;
    for _ in 0..20 {
        assert_eq!(two.status(UNLUCKY).await, 503);
    }
    let back = StandInCell::start_on(2, socket.listen(64).unwrap());
    let served = eventually(std::time::Duration::from_secs(10), async || {
        let answer = two.client.get(UNLUCKY).await;
        if answer.status == 200 { Ok(()) } else { Err(std::io::Error::other("not yet")) }
    });
    served.await.unwrap();
    for _ in 0..20 {
        eventually(std::time::Duration::from_secs(10), async || {
            let answer = two.client.get(UNLUCKY).await;
            if answer.status == 200 { Ok(()) } else { Err(std::io::Error::other("not yet")) }
        })
        .await
        .unwrap();
    }
    assert!(back.requests() >= 21);
    assert_eq!(two.metric("souk_router_cell_broken{cell=\"cell-2\"}"), 0);
}

#[tokio::test]
async fn a_cell_that_stalls_holds_no_more_than_its_cap_and_sheds_checkouts_last() {
    let (lucky, stalled) = (StandInCell::start(1).await, StandInCell::start(2).await);
    let two = Two::start([lucky.address, stalled.address], |config| {
        config.cells.at_once.least = 10;
        config.cells.at_once.first = 10;
    })
    .await;
    stalled.stall(true);
    let mut waiting = Vec::new();
    let mut fill = async |path: &str, most: u32| {
        for nth in 0..most {
            waiting.push(two.ask(format!("{UNLUCKY}/{path}/{nth}")));
        }
        eventually(std::time::Duration::from_secs(10), async || {
            let out = two.metric("souk_router_cell_requests{cell=\"cell-2\"}");
            if out >= u64::from(most) { Ok(()) } else { Err(std::io::Error::other("not yet")) }
        })
        .await
        .unwrap();
    };
    fill("carts", 8).await;
    let shed = two.client.get(&format!("{UNLUCKY}/carts/9")).await;
    assert_eq!((shed.status.as_u16(), shed.problem().as_str()), (503, "overloaded"));
    assert_eq!(shed.headers["retry-after"], "1");
    assert_eq!(shed.json()["detail"], "cell-2 has too much to do");
    let buying = two.ask(format!("{UNLUCKY}/checkouts/c1"));
    for _ in 0..50 {
        assert_eq!(two.status(&format!("{UNLUCKY}/carts/9")).await, 503);
        assert_eq!(two.status(&format!("{LUCKY}/carts/9")).await, 200);
    }
    stalled.stall(false);
    assert_eq!(buying.await.unwrap().status, 200, "a checkout is let in where a read is not");
    for answer in waiting {
        assert_eq!(answer.await.unwrap().status, 200);
    }
    assert_eq!(stalled.requests(), 9);
    assert_eq!(two.metric("souk_router_cell_requests{cell=\"cell-2\"}"), 0);
    assert_eq!(two.status(&format!("{UNLUCKY}/carts/9")).await, 200);
}

#[tokio::test]
async fn a_cell_that_says_it_is_busy_is_given_less() {
    let (lucky, busy) = (StandInCell::start(1).await, StandInCell::start(2).await);
    let two = Two::start([lucky.address, busy.address], |_| {}).await;
    assert_eq!(two.status(UNLUCKY).await, 200);
    let before = two.metric("souk_router_cell_requests_max{cell=\"cell-2\"}");
    busy.be_busy();
    eventually(std::time::Duration::from_secs(20), async || {
        let answer = two.client.get(UNLUCKY).await;
        assert_eq!(answer.status, 429, "the cell's own answer");
        assert!(!answer.headers.contains_key("souk-busy"));
        let now = two.metric("souk_router_cell_requests_max{cell=\"cell-2\"}");
        if now < before { Ok(()) } else { Err(std::io::Error::other("not yet")) }
    })
    .await
    .unwrap();
    assert_eq!(two.status(LUCKY).await, 200);
    assert_eq!(two.metric("souk_router_cell_broken{cell=\"cell-2\"}"), 0, "busy is not dead");
}

#[tokio::test]
async fn who_uploads_slowly_takes_no_place_from_others() {
    let (lucky, other) = (StandInCell::start(1).await, StandInCell::start(2).await);
    let two = Two::start([lucky.address, other.address], |config| {
        config.cells.at_once.least = 10;
        config.cells.at_once.first = 10;
    })
    .await;
    let mut uploads = Vec::new();
    for _ in 0..20 {
        let mut upload = tokio::net::TcpStream::connect(two.router.addresses().http).await.unwrap();
        let head =
            format!("POST {UNLUCKY}/carts HTTP/1.1\r\nhost: souk\r\ncontent-length: 9\r\n\r\n{{");
        tokio::io::AsyncWriteExt::write_all(&mut upload, head.as_bytes()).await.unwrap();
        uploads.push(upload);
    }
    eventually(std::time::Duration::from_secs(20), async || {
        if other.requests() == 20 { Ok(()) } else { Err(std::io::Error::other("not yet")) }
    })
    .await
    .unwrap();
    assert_eq!(two.status(UNLUCKY).await, 200);
    assert_eq!(two.metric("souk_router_cell_requests{cell=\"cell-2\"}"), 0);
}

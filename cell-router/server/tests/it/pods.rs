//! Several pods of one cell: each tenant has one that it prefers, and none of them is needed.

use std::{
    net::SocketAddr,
    sync::mpsc,
    time::{Duration, Instant},
};

use base_ids::{Epoch, Generation, Slot};
use base_testkit::eventually;
use bytes::Bytes;
use futures_util::future::join_all;
use http::Method;
use router_server::{Config, Router, RunningRouter};
use router_table::{Cell, Draft, Pod, Refusal, Table};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::Runtime,
    task::JoinHandle,
};

use crate::{
    cells::StandInCell,
    client::{Answer, Client},
    fleet::{config, keep},
};

/// Longest wait for anything that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stand-in that can be killed: with it go its port and every connection. The answers name it after its number.
struct KillablePod {
    cell: StandInCell,
    runtime: Option<Runtime>,
}

impl KillablePod {
    async fn start(number: u16) -> Self {
        Self::start_on(number, TcpListener::bind("127.0.0.1:0").await.unwrap().into_std().unwrap())
    }

    fn start_on(number: u16, listener: std::net::TcpListener) -> Self {
        let (started, heard) = mpsc::channel();
        // A runtime of its own: what ends with it ends as if its process had.
        let start = move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let cell = runtime.block_on(async {
                StandInCell::start_on(number, TcpListener::from_std(listener).unwrap())
            });
            started.send((cell, runtime)).unwrap();
        };
        std::thread::spawn(start).join().unwrap();
        let (cell, runtime) = heard.recv().unwrap();
        Self { cell, runtime: Some(runtime) }
    }

    fn address(&self) -> SocketAddr {
        self.cell.address
    }

    /// Who answers, as the answers name it.
    fn name(&self) -> &str {
        self.cell.id.as_str()
    }

    fn kill(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for KillablePod {
    fn drop(&mut self) {
        // A runtime must not be dropped where a test runs asynchronously.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A router in front of one cell with pods `0`, `1` and so on at these addresses.
struct OneCell {
    router: RunningRouter,
    client: Client,
    _directory: TempDir,
}

impl OneCell {
    async fn start(pods: &[SocketAddr], change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        keep(directory.path(), &table(7, pods));
        let mut config = config(directory.path());
        change(&mut config);
        let router = Router::start(config).await.unwrap();
        let client = Client::of(router.addresses().http);
        Self { router, client, _directory: directory }
    }

    /// The number of the pod that a tenant prefers.
    fn preferred(&self, tenant: &str) -> usize {
        self.order(tenant)[0]
    }

    fn order(&self, tenant: &str) -> Vec<usize> {
        let table = self.router.table();
        table.pods_for(0, tenant).map(|pod| pod.name.as_str().parse().unwrap()).collect()
    }

    /// The first `count` of the users `users/u0` and so on who prefer this pod.
    fn fans(&self, pod: usize, count: usize) -> Vec<String> {
        let users = (0..).map(|nth| format!("users/u{nth}"));
        users.filter(|user| self.preferred(user) == pod).take(count).collect()
    }

    fn metric(&self, line: &str) -> u64 {
        let text = self.router.metrics().text();
        let found = text.lines().find_map(|own| own.strip_prefix(line));
        found.map_or(0, |value| value.trim().parse().unwrap())
    }

    /// So many reads at once, each as another client.
    fn sent(&self, path: &str, count: usize) -> Vec<JoinHandle<Answer>> {
        let (router, path) = (self.router.addresses().http, path.to_owned());
        let read = |path: String| async move { Client::of(router).get(&path).await };
        std::iter::repeat_n(path, count).map(|path| tokio::spawn(read(path))).collect()
    }

    async fn ask(&self, method: Method, path: &str, key: Option<&str>) -> Answer {
        let headers: Vec<_> = key.into_iter().map(|key| ("idempotency-key", key)).collect();
        // A connection of its own, as other clients have.
        let client = Client::of(self.router.addresses().http);
        client.send(method, path, &headers, Bytes::from_static(b"{}")).await
    }
}

fn table(epoch: u64, pods: &[SocketAddr]) -> Table {
    let mut draft = Draft::new(Epoch(epoch));
    let pods = pods.iter().enumerate().map(|(nth, address)| Pod {
        name: nth.to_string().parse().unwrap(),
        ..Pod::only(*address, *address, *address)
    });
    let cell = draft.cell(Cell {
        id: "cell-1".parse().unwrap(),
        pods: pods.collect(),
        signing_keys: Vec::new(),
    });
    for slot in 0..=u16::MAX {
        draft.slot(Slot(slot), cell, Generation(1));
    }
    draft.build().unwrap()
}

/// Three pods and the router in front of them.
async fn three() -> (Vec<KillablePod>, OneCell) {
    three_with(|_| {}).await
}

async fn three_with(change: impl FnOnce(&mut Config)) -> (Vec<KillablePod>, OneCell) {
    let mut pods = Vec::new();
    for number in 0..3 {
        pods.push(KillablePod::start(number).await);
    }
    let addresses: Vec<_> = pods.iter().map(KillablePod::address).collect();
    let cell = OneCell::start(&addresses, change).await;
    (pods, cell)
}

/// An address where nobody listens, kept from others.
fn closed() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    eventually(PATIENCE, async || {
        if holds().await { Ok(()) } else { Err(std::io::Error::other(what.to_owned())) }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn each_tenant_is_served_by_the_pod_that_it_prefers() {
    let (pods, cell) = three().await;
    let mut served = [0; 3];
    for nth in 0..60 {
        let tenant = format!("users/u{nth}");
        let answer = cell.client.get(&format!("/v1/{tenant}")).await;
        let preferred = cell.preferred(&tenant);
        assert_eq!(answer.cell(), pods[preferred].name());
        served[preferred] += 1;
    }
    assert!(served.iter().all(|served| *served > 5), "{served:?}");
    assert_eq!(cell.metric("souk_router_fallbacks_total{cell=\"cell-1\"}"), 0);
    assert_eq!(cell.metric("souk_router_pod_requests{cell=\"cell-1\",pod=\"1\"}"), 0);
}

#[tokio::test]
async fn of_what_a_killed_pod_had_only_what_must_not_be_repeated_fails() {
    let (mut pods, cell) = three().await;
    let fan = cell.fans(1, 1).remove(0);
    let next = cell.order(&fan)[1];
    pods[1].cell.stall(true);
    let path = format!("/v1/{fan}/carts/main");
    let key = Some("key-1");
    let ways =
        [(Method::GET, None), (Method::PUT, None), (Method::POST, key), (Method::POST, None)];
    let all = async {
        let asked = ways.iter().flat_map(|way| std::iter::repeat_n(way, 5));
        join_all(asked.map(|(method, key)| cell.ask(method.clone(), &path, *key))).await
    };
    let kill = async {
        until("all are in flight", async || pods[1].cell.requests() == 20).await;
        pods[1].kill();
    };
    let (answers, ()) = tokio::join!(all, kill);
    for (nth, answer) in answers.iter().enumerate() {
        if nth < 15 {
            assert_eq!(answer.cell(), pods[next].name(), "request {nth}");
        } else {
            assert_eq!(answer.problem(), "outcome_unknown", "request {nth}");
        }
    }
    assert_eq!(cell.metric("souk_router_cell_broken{cell=\"cell-1\"}"), 0);
    assert_eq!(cell.ask(Method::POST, &path, None).await.cell(), pods[next].name());
}

#[tokio::test]
async fn under_load_a_killed_pod_costs_nobody_more_than_one_request() {
    let (mut pods, cell) = three().await;
    let clients = 12;
    let load = async |nth: usize| {
        let (client, user) = (Client::of(cell.router.addresses().http), format!("users/u{nth}"));
        let path = format!("/v1/{user}/carts/main");
        let mut lost = 0;
        for round in 0..150 {
            let key = format!("{nth}-{round}");
            let headers = [("idempotency-key", key.as_str())];
            assert_eq!(client.get(&path).await.status, 200);
            let keyed = client.send(Method::POST, &path, &headers, Bytes::new()).await;
            assert_eq!(keyed.status, 200);
            let plain = client.send(Method::POST, &path, &[], Bytes::new()).await;
            if plain.status != 200 {
                assert_eq!(plain.problem(), "outcome_unknown");
                lost += 1;
            }
        }
        lost
    };
    let kill = async {
        until("the load runs", async || pods[2].cell.requests() > 50).await;
        pods[2].kill();
    };
    let (lost, ()) = tokio::join!(join_all((0..clients).map(load)), kill);
    assert!(lost.iter().all(|lost| *lost <= 1), "{lost:?}");
    assert!(cell.metric("souk_router_fallbacks_total{cell=\"cell-1\"}") > 50);
}

#[tokio::test]
async fn a_pod_that_cannot_be_reached_is_asked_now_and_then_until_it_is_back() {
    let (socket, dead) = closed();
    let alive = KillablePod::start(1).await;
    let cell = OneCell::start(&[dead, alive.address()], |_| {}).await;
    let fans = cell.fans(0, 5);
    for nth in 0..100 {
        let path = format!("/v1/{}", fans[nth % fans.len()]);
        assert_eq!(cell.client.get(&path).await.cell(), alive.name());
        let post = cell.client.send(Method::POST, &path, &[], Bytes::from_static(b"{}")).await;
        assert_eq!(post.cell(), alive.name(), "nothing had been sent");
    }
    let in_vain = cell.metric("souk_router_connect_errors_total{cell=\"cell-1\"}");
    assert!((1..20).contains(&in_vain), "{in_vain} of 200");
    assert_eq!(cell.metric("souk_router_cell_broken{cell=\"cell-1\"}"), 0);
    assert_eq!(cell.metric("souk_router_pod_aside{cell=\"cell-1\",pod=\"1\"}"), 0);
    let back = StandInCell::start_on(0, socket.listen(64).unwrap());
    until("it is found again", async || {
        cell.client.get(&format!("/v1/{}", fans[0])).await.cell() == back.id.as_str()
    })
    .await;
    for fan in &fans {
        assert_eq!(cell.client.get(&format!("/v1/{fan}")).await.cell(), back.id.as_str());
    }
    assert_eq!(cell.metric("souk_router_pod_aside{cell=\"cell-1\",pod=\"0\"}"), 0);
}

/// Gives a cell ten requests at once, of which eight may be of one kind.
fn ten_at_once(config: &mut Config) {
    config.cells.at_once.least = 10;
    config.cells.at_once.first = 10;
}

#[tokio::test]
async fn a_pod_that_hangs_fills_its_own_cap_and_is_passed_over_within_seconds() {
    let (pods, cell) = three_with(ten_at_once).await;
    let (fan, others) = (cell.fans(1, 1).remove(0), cell.fans(0, 5));
    let next = pods[cell.order(&fan)[1]].name();
    let path = |user: &str| format!("/v1/{user}/carts/main");
    pods[1].cell.stall(true);
    let (begun, hung) = (Instant::now(), cell.sent(&path(&fan), 8));
    until("it has all that it is given", async || pods[1].cell.requests() == 8).await;
    let shed = cell.client.get(&path(&fan)).await;
    assert_eq!((shed.status.as_u16(), shed.problem().as_str()), (503, "overloaded"));
    for other in &others {
        assert_eq!(cell.client.get(&path(other)).await.cell(), pods[0].name());
    }
    until("it is passed over", async || cell.client.get(&path(&fan)).await.status == 200).await;
    let passed_over = begun.elapsed();
    assert!((3..15).contains(&passed_over.as_secs()), "after {passed_over:?}");
    for _ in 0..50 {
        assert_eq!(cell.client.get(&path(&fan)).await.cell(), next);
    }
    assert_eq!(pods[1].cell.requests(), 8);
    pods[1].cell.stall(false);
    for request in hung {
        assert_eq!(request.await.unwrap().cell(), pods[1].name());
    }
    until("it is back", async || cell.client.get(&path(&fan)).await.cell() == pods[1].name()).await;
}

#[tokio::test]
async fn of_a_pod_that_is_frozen_nobody_waits_for_an_answer_once_it_is_passed_over() {
    // Connections are taken for it, and nobody reads what comes.
    let frozen = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let alive = KillablePod::start(1).await;
    let at = [frozen.local_addr().unwrap(), alive.address()];
    let cell = OneCell::start(&at, |config| {
        ten_at_once(config);
        config.patience.connect_ms = 200;
    })
    .await;
    let path = format!("/v1/{}/carts/main", cell.fans(0, 1)[0]);
    let now = "souk_router_pod_requests{cell=\"cell-1\",pod=\"0\"}";
    let hung = cell.sent(&path, 4);
    until("it has them", async || cell.metric(now) == 4).await;
    let begun = Instant::now();
    until("it is silent", async || begun.elapsed() > Duration::from_secs(4)).await;
    let in_vain = || cell.metric("souk_router_connect_errors_total{cell=\"cell-1\"}");
    until("it was asked whether it is back", async || {
        assert_eq!(cell.client.get(&path).await.cell(), alive.name());
        in_vain() >= 3
    })
    .await;
    assert_eq!(cell.metric(now), 4, "nobody was sent there since");
    hung.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn a_body_that_cannot_be_sent_twice_is_asked_about_at_the_next_pod() {
    let (_socket, dead) = closed();
    let alive = KillablePod::start(1).await;
    let cell = OneCell::start(&[dead, alive.address()], |_| {}).await;
    let path = format!("/v1/{}/media", cell.fans(0, 1)[0]);
    let answer = cell.client.send(Method::POST, &path, &[], vec![7; 300_000].into()).await;
    assert_eq!(
        (answer.cell().as_str(), &answer.json()["body_len"]),
        (alive.name(), &300_000.into())
    );
    assert_eq!(alive.cell.questions(), 1);
}

#[tokio::test]
async fn a_cell_whose_pods_are_all_dead_does_not_answer() {
    let ((_first, first), (_second, second)) = (closed(), closed());
    let cell = OneCell::start(&[first, second], |config| {
        config.cells.breaker.open_ms = 60_000;
        config.cells.breaker.open_ms_max = 60_000;
    })
    .await;
    for nth in 0..40 {
        let answer = cell.client.get(&format!("/v1/users/u{nth}")).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "unavailable"));
        assert_eq!(answer.json()["detail"], "cell-1 does not answer");
    }
    assert_eq!(cell.metric("souk_router_connect_errors_total{cell=\"cell-1\"}"), 16);
    assert_eq!(cell.metric("souk_router_cell_broken{cell=\"cell-1\"}"), 1);
}

#[tokio::test]
async fn a_pod_that_knows_less_than_the_router_is_passed_over() {
    let (pods, cell) = three().await;
    let fan = cell.fans(0, 1).remove(0);
    let path = format!("/v1/{fan}");
    let behind =
        |_: &str| Some(Refusal::NotMine { cell: None, generation: Generation(0), epoch: Epoch(0) });
    pods[0].cell.refuse(behind);
    let next = cell.order(&fan)[1];
    assert_eq!(cell.client.get(&path).await.cell(), pods[next].name());
    pods[0].cell.refuse(|_| None);
    until("it has caught up", async || cell.client.get(&path).await.cell() == pods[0].name()).await;
}

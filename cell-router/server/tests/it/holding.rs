//! Requests of a held tenant wait, unread and in order, and go on where the tenant then lives.

use std::sync::Arc;

use base_ids::Epoch;
use bytes::Bytes;
use http::Method;
use router_server::{Config, Router, RunningRouter};
use router_table::Refusal;
use souk_proto_fleet::v1::{self, mesh_client::MeshClient};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    cells::StandInCell,
    client::{Answer, Client},
    control_plane::ControlPlane,
    fleet::{Fleet, config, held_table, table},
};

const TENANT: &str = "vendors/atlas";

/// Two cells and a router that a stand-in control plane pushes tables to.
struct Stage {
    cells: Vec<StandInCell>,
    control_plane: ControlPlane,
    router: RunningRouter,
    client: Arc<Client>,
    _directory: TempDir,
}

impl Stage {
    /// The tenant lives in the first cell and is held, by the table and by the cell.
    async fn held(set: impl FnOnce(&mut Config)) -> Self {
        let cells = vec![StandInCell::start(1).await, StandInCell::start(2).await];
        cells[0].refuse_writes(held);
        let mut control_plane = ControlPlane::start().await;
        let directory = tempfile::tempdir().unwrap();
        let mut config = config(directory.path());
        config.control_plane = Some(format!("http://{}", control_plane.address));
        config.hold.wait_ms = 60_000;
        set(&mut config);
        let router = Router::start(config).await.unwrap();
        control_plane.push(&held_table(5, &cells, TENANT, 0)).await;
        let client = Arc::new(Client::of(router.addresses().http));
        Self { cells, control_plane, router, client, _directory: directory }
    }

    /// The tenant lives in the second cell from now on.
    async fn release(&mut self, epoch: u64) {
        self.control_plane.push(&table(epoch, &self.cells, &[(TENANT, 1)])).await;
    }

    fn post(&self, name: &str) -> tokio::task::JoinHandle<Answer> {
        let (client, path) = (Arc::clone(&self.client), format!("/v1/{TENANT}/{name}"));
        tokio::spawn(async move {
            client.send(Method::POST, &path, &[], Bytes::from_static(b"{}")).await
        })
    }
}

fn held(tenant: &str) -> Option<Refusal> {
    (tenant == TENANT).then_some(Refusal::Held { epoch: Epoch(5) })
}

/// Waits until so many requests wait.
async fn until_waiting(router: &RunningRouter, count: usize) {
    let line = format!("souk_router_hold_waiting {count}\n");
    let look = async {
        while !router.metrics().text().contains(&line) {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(std::time::Duration::from_secs(20), look).await;
    in_time.unwrap_or_else(|_| panic!("not {count}: {}", router.metrics().text()));
}

#[tokio::test]
async fn writes_wait_for_the_next_table_and_go_on_in_the_order_of_their_coming() {
    let mut stage = Stage::held(|_| {}).await;
    let mut waiting = Vec::new();
    for number in 0..12 {
        waiting.push(stage.post(&format!("offers/{number}")));
        until_waiting(&stage.router, number + 1).await;
    }
    let read = stage.client.get(&format!("/v1/{TENANT}/offers")).await;
    assert_eq!(read.cell(), "cell-1", "reads are not held");
    assert_eq!(stage.client.get("/v1/users/u1").await.status, 200, "nor is anybody else");
    stage.release(6).await;
    for (number, answer) in waiting.into_iter().enumerate() {
        let answer = answer.await.unwrap();
        assert_eq!(answer.cell(), "cell-2");
        assert_eq!(answer.json()["path"], format!("/v1/{TENANT}/offers/{number}"));
        assert_eq!(answer.told("souk-generation").unwrap(), "6");
    }
    let expected: Vec<_> = (0..12).map(|n| format!("/v1/{TENANT}/offers/{n}")).collect();
    let mut served = stage.cells[1].served();
    served.retain(|path| path.contains("/offers/"));
    assert_eq!(served, expected);
    let metrics = stage.router.metrics().text();
    for line in [
        "souk_router_hold_waiting 0\n",
        "souk_router_hold_waiting_bytes 0\n",
        "souk_router_hold_requests_total 12\n",
        "souk_router_hold_waited_seconds_count 12\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
}

#[tokio::test]
async fn a_waiting_request_is_not_read() {
    let mut stage = Stage::held(|_| {}).await;
    let mut stream = TcpStream::connect(stage.router.addresses().http).await.unwrap();
    let head = format!("POST /v1/{TENANT}/x HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // It waits although nothing of its body has come.
    until_waiting(&stage.router, 1).await;
    stage.release(6).await;
    stream.write_all(b"12345").await.unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    assert_eq!(stage.cells[0].requests(), 0, "the holding cell has seen no request");
}

#[tokio::test]
async fn a_table_that_still_holds_releases_nobody() {
    let mut stage = Stage::held(|_| {}).await;
    let waiting = stage.post("x");
    until_waiting(&stage.router, 1).await;
    let still = held_table(6, &stage.cells, TENANT, 0);
    stage.control_plane.push(&still).await;
    until_waiting(&stage.router, 1).await;
    stage.release(7).await;
    assert_eq!(waiting.await.unwrap().cell(), "cell-2");
}

fn told_to_come_back(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (503, "held"), "{answer:?}");
    assert_eq!(answer.headers["retry-after"], "1");
}

#[tokio::test]
async fn what_finds_no_room_is_told_to_come_back_and_so_is_what_has_waited_too_long() {
    let mut stage = Stage::held(|config| {
        config.hold.tenant_requests_max = 2;
        config.hold.wait_ms = 300;
    })
    .await;
    let waiting = [stage.post("a"), stage.post("b")];
    until_waiting(&stage.router, 2).await;
    told_to_come_back(&stage.post("c").await.unwrap());
    for answer in waiting {
        told_to_come_back(&answer.await.unwrap());
    }
    let metrics = stage.router.metrics().text();
    assert!(metrics.contains("souk_router_hold_refused_total{bound=\"tenant_requests\"} 1\n"));
    assert!(metrics.contains("souk_router_hold_refused_total{bound=\"time\"} 2\n"), "{metrics}");
    stage.release(6).await;
    assert_eq!(stage.post("d").await.unwrap().cell(), "cell-2");
}

#[tokio::test]
async fn large_requests_use_up_the_bytes() {
    let stage = Stage::held(|config| {
        config.hold.tenant_bytes_max = 100_000;
        config.hold.wait_ms = 300;
    })
    .await;
    let large = || async {
        let body = Bytes::from(vec![b'x'; 1 << 20]);
        stage.client.send(Method::PUT, &format!("/v1/{TENANT}/x"), &[], body).await
    };
    let (first, second) = tokio::join!(large(), large());
    told_to_come_back(&first);
    told_to_come_back(&second);
    let metrics = stage.router.metrics().text();
    assert!(metrics.contains("{bound=\"tenant_bytes\"} 1\n"), "{metrics}");
}

#[tokio::test]
async fn a_hold_that_only_the_cell_knows_of_is_waited_for_and_its_end_found_without_a_table() {
    let fleet = Fleet::start(1).await;
    fleet.cells[0].refuse_writes(held);
    let client = Client::of(fleet.router.addresses().http);
    let path = format!("/v1/{TENANT}/offers");
    let body = || Bytes::from_static(b"{\"a\":1}");
    let released = async {
        until_waiting(&fleet.router, 1).await;
        fleet.cells[0].refuse_writes(|_| None);
    };
    let (answer, ()) = tokio::join!(client.send(Method::POST, &path, &[], body()), released);
    assert_eq!((answer.cell().as_str(), answer.json()["body_len"].as_u64()), ("cell-1", Some(7)));
    assert_eq!(
        fleet.cells[0].requests(),
        2,
        "once refused, once served; between them it was asked"
    );
    assert!(fleet.cells[0].questions() > 0);
}

#[tokio::test]
async fn of_calls_only_those_wait_that_the_cell_holds() {
    let mut stage = Stage::held(|_| {}).await;
    let address = format!("http://{}", stage.router.addresses().http);
    let mut mesh = MeshClient::connect(address).await.unwrap();
    let mut follow = tonic::Request::new(v1::FollowRequest::default());
    follow.metadata_mut().insert("souk-tenant", TENANT.parse().unwrap());
    let mut read = mesh.follow(follow).await.unwrap().into_inner();
    assert_eq!(read.message().await.unwrap().unwrap().head, 1);

    let mut call = tonic::Request::new(v1::CallRequest::default());
    call.metadata_mut().insert("souk-tenant", TENANT.parse().unwrap());
    let mut other = mesh.clone();
    let write = tokio::spawn(async move { other.call(call).await });
    until_waiting(&stage.router, 1).await;
    stage.release(6).await;
    let answered = write.await.unwrap().unwrap().into_inner();
    let Some(v1::call_response::Outcome::Response(told)) = answered.outcome else {
        panic!("{answered:?}")
    };
    assert_eq!(told, format!("cell-2 {TENANT} 0"));
}

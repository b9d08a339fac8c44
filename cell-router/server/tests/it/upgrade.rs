//! One process follows another on the same ports while clients come and go.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use base_fault::chain;
use router_server::{Addresses, Router};
use tokio::{
    io::{AsyncWriteExt as _, BufReader, Lines},
    net::{UnixListener, UnixStream},
    process::{Child, ChildStderr},
    task::JoinSet,
};

use crate::{
    cells::StandInCell,
    client::Client,
    fleet::{config, keep, table},
    process::{souk_router, until_it_serves},
};

/// A router process that takes over from the one before, if there is one.
struct Process {
    router: Child,
    addresses: Addresses,
    _said: Lines<BufReader<ChildStderr>>,
}

impl Process {
    async fn start(directory: &Path) -> Self {
        let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
        let (data, addresses) = (path(""), path("addresses.json"));
        let handover = path("handover");
        let args = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--access-log", "none"];
        let more = ["--data-dir", &data, "--addresses-file", &addresses, "--handover", &handover];
        let mut router = souk_router(&[args, more].concat()).spawn().unwrap();
        let said = until_it_serves(&mut router).await;
        let told = std::fs::read(&addresses).unwrap();
        let addresses = serde_json::from_slice(&told).unwrap();
        Self { router, addresses, _said: said }
    }
}

/// Sends requests until it is told that it is enough: on connections that it keeps, and now and then on a new one.
async fn visit(kept: Client, fresh: impl Fn() -> Client, enough: Arc<AtomicBool>) -> usize {
    let mut answered = 0;
    while !enough.load(Ordering::Relaxed) {
        assert_eq!(kept.get("/v1/users/u1").await.cell(), "cell-1");
        if answered % 5 == 0 {
            assert_eq!(fresh().get("/v1/users/u2").await.cell(), "cell-1");
        }
        answered += 1;
    }
    answered
}

#[tokio::test]
async fn a_new_process_takes_over_and_no_request_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let cells = [StandInCell::start(1).await];
    keep(directory.path(), &table(1, &cells, &[]));
    let mut running = Process::start(directory.path()).await;
    let addresses = running.addresses;
    let enough = Arc::new(AtomicBool::new(false));
    let mut visitors = JoinSet::new();
    for make in [Client::of, Client::http2] {
        let fresh = move || make(addresses.http);
        visitors.spawn(visit(fresh(), fresh, Arc::clone(&enough)));
    }
    for _ in 0..2 {
        let next = Process::start(directory.path()).await;
        assert_eq!(next.addresses, addresses);
        // The one before ends by itself, and in a good way.
        assert!(running.router.wait().await.unwrap().success());
        running = next;
    }
    enough.store(true, Ordering::Relaxed);
    let answered = visitors.join_all().await;
    assert!(answered.iter().all(|answered| *answered > 0), "{answered:?}");
    assert_eq!(Client::of(addresses.admin).get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_follower_that_fails_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let cells = [StandInCell::start(1).await];
    keep(directory.path(), &table(1, &cells, &[]));
    let mut running = Process::start(directory.path()).await;
    let client = Client::of(running.addresses.http);
    // One takes the sockets and leaves.
    let leaves = UnixStream::connect(directory.path().join("handover")).await.unwrap();
    leaves.readable().await.unwrap();
    drop(leaves);
    assert_eq!(client.get("/v1/users/u1").await.cell(), "cell-1");
    // One knows no table: it would answer everybody that it does not.
    let elsewhere = tempfile::tempdir().unwrap();
    let mut ignorant = config(elsewhere.path());
    ignorant.handover = Some(directory.path().join("handover"));
    let refused = Router::start(ignorant).await.err().unwrap();
    assert!(refused.context().contains("no routing table"), "{refused}");
    assert_eq!(client.get("/v1/users/u1").await.cell(), "cell-1");
    // The next one can.
    let next = Process::start(directory.path()).await;
    assert_eq!(next.addresses, running.addresses);
    assert!(running.router.wait().await.unwrap().success());
    assert_eq!(client.get("/v1/users/u1").await.cell(), "cell-1");
}

#[tokio::test]
async fn nothing_is_taken_from_who_is_no_router_and_nothing_waits_for_who_was_killed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("handover");
    let stranger = UnixListener::bind(&path).unwrap();
    let mut config = config(directory.path());
    config.handover = Some(path);
    let greets = async {
        let mut line = stranger.accept().await.unwrap().0;
        line.write_all(b"220 mail.example ready\r\n").await.unwrap();
        line
    };
    let (refused, _line) = tokio::join!(Router::start(config.clone()), greets);
    assert!(chain(&refused.err().unwrap()).contains("is no router"));
    // What a killed process leaves is a socket at which nobody waits.
    drop(stranger);
    Router::start(config).await.unwrap().stop().await;
}

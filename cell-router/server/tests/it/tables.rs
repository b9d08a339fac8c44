//! Tables by push with acknowledgement, the last good one on disk, never an older one.

use router_server::Router;
use router_table::{Changed, LastGood};

use crate::{
    cells::StandInCell,
    client::Client,
    control_plane::ControlPlane,
    fleet::{config, keep, table},
};

async fn two_cells() -> Vec<StandInCell> {
    vec![StandInCell::start(1).await, StandInCell::start(2).await]
}

#[tokio::test]
async fn a_pushed_table_is_routed_by_acknowledged_and_kept() {
    let (cells, mut control_plane) = (two_cells().await, ControlPlane::start().await);
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.control_plane = Some(format!("http://{}", control_plane.address));
    let router = Router::start(config.clone()).await.unwrap();
    let client = Client::of(router.addresses().http);
    for (epoch, home) in [(1, 0), (2, 1), (5, 0)] {
        control_plane.push(&table(epoch, &cells, &[("users/u1", home)])).await;
        let answer = client.get("/v1/users/u1").await;
        assert_eq!(answer.cell(), cells[home].id.as_str());
        assert_eq!(answer.told("souk-epoch").unwrap(), epoch.to_string());
    }
    let page = Client::of(router.addresses().admin).get("/table").await.json();
    assert_eq!((&page["epoch"], &page["overrides"]), (&5.into(), &1.into()));
    assert!(page["age_ms"].is_i64() || page["age_ms"].is_u64());
    router.stop().await;

    // The control plane is gone; a new process serves by what is on disk.
    drop(control_plane);
    let router = Router::start(config).await.unwrap();
    let answer = Client::of(router.addresses().http).get("/v1/users/u1").await;
    assert_eq!(answer.cell(), "cell-1");
    assert_eq!(answer.told("souk-epoch").unwrap(), "5");
}

#[tokio::test]
async fn neither_an_older_table_nor_a_damaged_one_is_taken_over() {
    let (cells, mut control_plane) = (two_cells().await, ControlPlane::start().await);
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.control_plane = Some(format!("http://{}", control_plane.address));
    config.beat_ms = 20;
    let router = Router::start(config).await.unwrap();
    control_plane.push(&table(7, &cells, &[("users/u1", 0)])).await;

    control_plane.push_raw((&table(6, &cells, &[("users/u1", 1)])).into());
    let mut damaged = souk_proto_fleet::v1::Table::from(&table(8, &cells, &[("users/u1", 1)]));
    damaged.slot_cells[77] ^= 3;
    while !router.metrics().text().contains("cause=\"older\"") {
        assert_eq!(control_plane.next_word().await.epoch, 7);
    }
    control_plane.push_raw(damaged);
    while !router.metrics().text().contains("cause=\"damaged\"") {
        assert_eq!(control_plane.next_word().await.epoch, 7);
    }
    assert_eq!(Client::of(router.addresses().http).get("/v1/users/u1").await.cell(), "cell-1");
    // The stream was given up; the router comes back and takes the next sound table.
    control_plane.push(&table(9, &cells, &[("users/u1", 1)])).await;
    assert_eq!(Client::of(router.addresses().http).get("/v1/users/u1").await.cell(), "cell-2");
}

#[tokio::test]
async fn a_damaged_table_on_disk_is_refused_and_asked_for_anew() {
    let (cells, mut control_plane) = (two_cells().await, ControlPlane::start().await);
    let directory = tempfile::tempdir().unwrap();
    keep(directory.path(), &table(3, &cells, &[]));
    let file = directory.path().join("routing-table");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[9_999] ^= 4;
    std::fs::write(&file, bytes).unwrap();
    let mut config = config(directory.path());
    config.control_plane = Some(format!("http://{}", control_plane.address));
    let router = Router::start(config).await.unwrap();
    assert_eq!(router.table().epoch().0, 0);
    assert!(router.metrics().text().contains("cause=\"damaged_on_disk\"} 1"));
    assert_eq!(control_plane.next_word().await.epoch, 0, "it says that it holds none");
    control_plane.push(&table(3, &cells, &[])).await;
    assert_eq!(Client::of(router.addresses().http).get("/v1/users/u1").await.status, 200);
    let kept = router_table::LastGood::at(file).load().unwrap().unwrap();
    assert_eq!(kept.epoch().0, 3);
}

#[tokio::test]
async fn the_control_plane_may_come_later_and_the_addresses_are_told() {
    let cells = two_cells().await;
    let mut control_plane = ControlPlane::start().await;
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(&directory.path().join("made/on/start"));
    config.control_plane = Some(format!("http://{}", control_plane.address));
    config.addresses_file = Some(directory.path().join("router.json"));
    let router = Router::start(config).await.unwrap();
    let told = std::fs::read(directory.path().join("router.json")).unwrap();
    let told: router_server::Addresses = serde_json::from_slice(&told).unwrap();
    assert_eq!(told, router.addresses());
    let ready = Client::of(told.admin);
    assert_eq!(ready.get("/readyz").await.status, 503);
    assert_eq!(ready.get("/healthz").await.status, 200);
    control_plane.push(&table(1, &cells, &[])).await;
    assert_eq!(ready.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_taken_port_is_told_and_nothing_is_left_running() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listen = taken.local_addr().unwrap().to_string();
    let Err(fault) = Router::start(config).await else { panic!("the port is taken") };
    assert!(fault.context().contains("cannot be bound"), "{fault:?}");
}

#[tokio::test]
async fn what_changed_is_applied_and_what_does_not_fit_is_asked_for_as_a_whole() {
    let (cells, mut control_plane) = (two_cells().await, ControlPlane::start().await);
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.control_plane = Some(format!("http://{}", control_plane.address));
    let router = Router::start(config).await.unwrap();
    let tables: Vec<_> = [(7, 0), (8, 1), (9, 0)]
        .map(|(epoch, owner)| table(epoch, &cells, &[("users/u1", owner)]))
        .into();
    let delta = |from: usize, to: usize| {
        tables[to].delta(tables[from].epoch(), &Changed::between(&tables[from], &tables[to]))
    };
    control_plane.push(&tables[0]).await;
    control_plane.push_delta(&delta(0, 1));
    control_plane.acknowledged(&tables[1]).await;
    let cell = async || Client::of(router.addresses().http).get("/v1/users/u1").await.cell();
    assert_eq!(cell().await, "cell-2");
    let kept = LastGood::at(directory.path().join("routing-table")).load().unwrap();
    assert_eq!(kept.as_ref(), Some(&tables[1]), "what was applied is kept");

    // It starts from a table that the router no longer holds, and one leads elsewhere than it says.
    let mut spoilt = delta(1, 2);
    spoilt.digest ^= 1;
    for misfit in [delta(0, 2), spoilt] {
        control_plane.push_delta(&misfit);
        let word = loop {
            let word = control_plane.next_word().await;
            if word.wants_whole {
                break word;
            }
        };
        assert_eq!((word.epoch, word.digest), (8, tables[1].digest()));
        assert_eq!(cell().await, "cell-2");
    }
    control_plane.push(&tables[2]).await;
    assert_eq!(cell().await, "cell-1");
    assert!(router.metrics().text().contains("cause=\"delta\"} 2\n"));
}

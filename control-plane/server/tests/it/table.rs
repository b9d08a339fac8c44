//! The table goes to everybody who watches, and comes again to who holds another one.

use base_ids::{Epoch, Generation};
use cp_model::Place;
use futures_util::FutureExt as _;
use souk_proto_fleet::v1::{ListRoutersRequest, RouterStatus, table_held::Role};
use tonic::Code;

use crate::fleet::{Plane, Watcher, beat, eventually, send};

async fn router(plane: &Plane) -> RouterStatus {
    let answer = plane.operator().await.list_routers(ListRoutersRequest {}).await.unwrap();
    answer.into_inner().routers.pop().unwrap()
}

#[tokio::test]
async fn the_whole_table_comes_first_then_each_newer_one_and_acks_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    let mut watcher = Watcher::router(plane.address(), "router-1").await;
    let empty = watcher.next().await.unwrap();
    assert_eq!(empty.epoch(), Epoch(0));
    watcher.ack(&empty).await;
    send(plane.address(), beat(1)).await.unwrap();
    let mut table = watcher.next().await.unwrap();
    // Registration and settlement are two epochs; a watcher may see both or only the newer.
    while table.epoch() < Epoch(2) {
        table = watcher.next().await.unwrap();
    }
    assert_eq!(table.route("users/a").owner().unwrap().generation, Generation(1));
    watcher.ack(&table).await;
    eventually("the ack is listed", async || router(&plane).await.epoch == 2).await;
    assert!(router(&plane).await.digest_agrees);
    assert!(router(&plane).await.connected);
    drop(watcher);
    eventually("the router is gone", async || !router(&plane).await.connected).await;
}

#[tokio::test]
async fn a_member_whose_digest_disagrees_gets_the_whole_table_again() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    let mut watcher = Watcher::router(plane.address(), "router-1").await;
    let table = watcher.next().await.unwrap();
    watcher.report(table.epoch().0, table.digest() ^ 1).await;
    assert_eq!(watcher.next().await.unwrap(), table);
    assert!(!router(&plane).await.digest_agrees);
    assert_eq!(plane.counter("digests_disagreed_total").await, 1);
    watcher.ack(&table).await;
    eventually("they agree again", async || router(&plane).await.digest_agrees).await;
}

#[tokio::test]
async fn a_member_that_claims_an_epoch_that_never_was_gets_ours() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    let mut watcher = Watcher::router(plane.address(), "router-1").await;
    let table = watcher.next().await.unwrap();
    watcher.report(99, 1).await;
    assert_eq!(watcher.next().await.unwrap(), table);
    assert_eq!(plane.counter("digests_disagreed_total").await, 1);
}

#[tokio::test]
async fn a_member_that_stays_behind_gets_the_table_again_after_its_second_report() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    let mut watcher = Watcher::router(plane.address(), "router-1").await;
    let old = watcher.next().await.unwrap();
    watcher.ack(&old).await;
    send(plane.address(), beat(1)).await.unwrap();
    let mut table = watcher.next().await.unwrap();
    while table.epoch() < Epoch(2) {
        table = watcher.next().await.unwrap();
    }
    watcher.ack(&old).await;
    watcher.ack(&old).await;
    assert_eq!(watcher.next().await.unwrap(), table);
}

#[tokio::test]
async fn a_change_of_owner_reaches_all_who_watch() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    send(plane.address(), beat(2)).await.unwrap();
    let mut watchers = vec![
        Watcher::router(plane.address(), "router-1").await,
        Watcher::router(plane.address(), "router-2").await,
        Watcher::cell(plane.address(), "cell-1").await,
    ];
    for watcher in &mut watchers {
        watcher.next().await.unwrap();
    }
    let tenant = Place::Tenant("vendors/atlas".parse().unwrap());
    let claim = plane.running.plane().claim(tenant, Generation(1), "cell-2".parse().unwrap());
    assert_eq!(claim.await.unwrap(), Generation(2));
    for watcher in &mut watchers {
        let table = watcher.next().await.unwrap();
        let owner = table.route("vendors/atlas").owner().unwrap();
        assert_eq!((owner.cell.id.as_str(), owner.generation), ("cell-2", Generation(2)));
    }
}

#[tokio::test]
async fn a_change_reaches_all_who_watch_even_if_whoever_asked_for_it_has_left() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    send(plane.address(), beat(2)).await.unwrap();
    let mut watcher = Watcher::router(plane.address(), "router-1").await;
    watcher.next().await.unwrap();
    let tenant = Place::Tenant("vendors/atlas".parse().unwrap());
    let claim = plane.running.plane().claim(tenant, Generation(1), "cell-2".parse().unwrap());
    // Begins the change, and leaves at the first moment at which it has to wait.
    assert!(claim.now_or_never().is_none());
    let table = watcher.next().await.unwrap();
    assert_eq!(table.route("vendors/atlas").owner().unwrap().cell.id.as_str(), "cell-2");
}

#[tokio::test]
async fn a_member_must_say_who_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    for (name, role) in [("", Role::Router), ("router-1", Role::Unspecified)] {
        let mut watcher = Watcher::open(plane.address(), name, role).await.unwrap();
        assert_eq!(watcher.next().await.unwrap_err().code(), Code::InvalidArgument);
    }
}

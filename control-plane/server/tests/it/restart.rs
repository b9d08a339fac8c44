//! What was decided is still so after a restart.

use std::sync::Arc;

use base_ids::{Generation, Slot};
use base_time::SystemClock;
use cp_model::Place;
use cp_server::start;

use crate::fleet::{Plane, Watcher, beat, config, send};

#[tokio::test]
async fn a_restart_keeps_the_table_and_its_generations() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 2).await;
    for number in 1..=2 {
        send(plane.address(), beat(number)).await.unwrap();
    }
    let owner = plane.running.plane().fleet().slot(Slot(5)).unwrap().owner.clone();
    plane.running.plane().claim(Place::Slot(Slot(5)), Generation(1), owner).await.unwrap();
    let mut watcher = Watcher::router(plane.address(), "router-1").await;
    let before = watcher.next().await.unwrap();
    plane.running.stop().await;
    let status = watcher.next().await.unwrap_err();
    assert_eq!(status.message(), "the control plane is stopping");

    let plane = Plane::start(directory.path(), 2).await;
    let mut watcher = Watcher::router(plane.address(), "router-1").await;
    let after = watcher.next().await.unwrap();
    assert_eq!(after, before, "same epoch, same digest, before any cell has beaten");
    assert_eq!(after.slot(Slot(5)).unwrap().generation, Generation(2));
    send(plane.address(), beat(1)).await.unwrap();
    assert_eq!(plane.running.plane().fleet().epoch(), after.epoch(), "nothing new was said");
}

#[tokio::test]
async fn two_on_one_directory_are_refused_clearly() {
    let directory = tempfile::tempdir().unwrap();
    let _first = Plane::start(directory.path(), 1).await;
    let second = start(config(directory.path(), 1), Arc::new(SystemClock), None).await;
    let error = second.err().unwrap().to_string();
    assert!(error.starts_with("another control plane already uses the data directory"), "{error}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let first = Plane::start(&directory.path().join("1"), 1).await;
    let mut taken = config(&directory.path().join("2"), 1);
    taken.listen = first.address();
    let error = start(taken, Arc::new(SystemClock), None).await.err().unwrap();
    assert!(base_fault::chain(&error).contains(&format!("cannot listen on {}", first.address())));
}

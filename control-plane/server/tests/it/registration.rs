//! Cells register; slots get their first homes when enough of them have.

use base_ids::{Epoch, Generation, Slot};
use cp_model::Place;
use tonic::Code;

use crate::fleet::{Plane, Watcher, beat, key, send};

#[tokio::test]
async fn slots_get_their_first_homes_all_at_once_when_enough_cells_have_registered() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 3).await;
    for number in 1..=2 {
        send(plane.address(), beat(number)).await.unwrap();
        assert_eq!(plane.running.plane().fleet().unheld().count(), Slot::COUNT);
    }
    let answer = send(plane.address(), beat(3)).await.unwrap();
    let fleet = plane.running.plane().fleet();
    assert_eq!(fleet.unheld().count(), 0);
    assert_eq!((fleet.epoch(), answer.epoch), (Epoch(4), 4), "three registrations, one settlement");
    for (cell, slots) in fleet.slots_by_cell() {
        assert!((21_000..22_700).contains(&slots), "{cell} has {slots}");
    }
}

#[tokio::test]
async fn a_cell_that_joins_later_takes_nothing_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    send(plane.address(), beat(2)).await.unwrap();
    let fleet = plane.running.plane().fleet();
    assert_eq!(fleet.slots_by_cell().len(), 1);
    assert_eq!(fleet.slots_by_cell()[&"cell-1".parse().unwrap()], 65_536);
}

#[tokio::test]
async fn cells_that_register_at_the_same_time_settle_once() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 3).await;
    let address = plane.address();
    let beats: Vec<_> = (1..=6).map(|number| tokio::spawn(send(address, beat(number)))).collect();
    for beat in beats {
        beat.await.unwrap().unwrap();
    }
    let fleet = plane.running.plane().fleet();
    assert_eq!(fleet.unheld().count(), 0);
    let generations = (0..=u16::MAX).map(|slot| fleet.slot(Slot(slot)).unwrap().generation);
    assert!(generations.into_iter().all(|generation| generation == Generation(1)));
    assert_eq!(fleet.epoch(), Epoch(7));
}

#[tokio::test]
async fn a_beat_without_news_changes_nothing_and_new_keys_raise_the_epoch() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    let before = send(plane.address(), beat(1)).await.unwrap();
    assert_eq!(send(plane.address(), beat(1)).await.unwrap(), before);
    let mut router = Watcher::router(plane.address(), "router-1").await;
    router.next().await.unwrap();
    let mut rotated = beat(1);
    rotated.signing_keys.insert(0, key("cell-1-k2"));
    assert_eq!(send(plane.address(), rotated).await.unwrap().epoch, before.epoch + 1);
    let table = router.next().await.unwrap();
    assert!(table.signing_key("cell-1-k2").is_some() && table.signing_key("cell-1-k1").is_some());
}

#[tokio::test]
async fn a_heartbeat_that_makes_no_sense_is_refused_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    let mut wrong = beat(1);
    wrong.edge_address = "somewhere".into();
    let status = send(plane.address(), wrong).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let mut twice = beat(1);
    twice.signing_keys.push(twice.signing_keys[0].clone());
    let status = send(plane.address(), twice).await.unwrap_err();
    assert_eq!(status.message(), "cell cell-1 lists signing key cell-1-k1 twice");
    assert_eq!(plane.counter("heartbeats_refused_total").await, 2);
    assert_eq!(plane.running.plane().fleet().epoch(), Epoch(0));
}

#[tokio::test]
async fn of_claims_at_the_same_time_one_wins_and_everybody_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    for number in 1..=4 {
        send(plane.address(), beat(number)).await.unwrap();
    }
    let mut cell = Watcher::cell(plane.address(), "cell-1").await;
    let before = cell.next().await.unwrap();
    let claims: Vec<_> = (1..=4)
        .map(|number| {
            let control = plane.running.plane().clone();
            let owner = format!("cell-{number}").parse().unwrap();
            tokio::spawn(
                async move { control.claim(Place::Slot(Slot(9)), Generation(1), owner).await },
            )
        })
        .collect();
    let mut won = 0;
    for claim in claims {
        won += u32::from(claim.await.unwrap().is_ok());
    }
    assert_eq!(won, 1);
    let after = cell.next().await.unwrap();
    assert_eq!(after.epoch(), before.epoch().next());
    assert_eq!(after.slot(Slot(9)).unwrap().generation, Generation(2));
}

//! What cells tell each other in the topic of all.

use std::{sync::Arc, time::Duration};

use base_ids::CellId;
use base_testkit::eventually;
use cell_kafka::{Kafka, Share};
use cell_runtime::{
    feed::{Feed, Follower, Stretch},
    mesh::PublicBatch,
};

use crate::cluster::{OwnCell, words};

const PATIENCE: Duration = Duration::from_secs(30);

fn stretch(source: &CellId, after: u64, to: u64) -> Stretch {
    let messages = (after + 1..=to).map(|at| (at, words("users/a", at).message)).collect();
    Stretch { source: source.clone(), after, batch: PublicBatch { messages, head: to + 1 } }
}

fn feed(kafka: &Kafka) -> Arc<dyn Feed> {
    kafka.feed().unwrap()
}

/// Receives, and acknowledges it.
async fn receive(kafka: &Kafka) -> Vec<Stretch> {
    let received = tokio::time::timeout(PATIENCE, feed(kafka).receive()).await;
    let received = received.expect("what was told comes in time").unwrap();
    let receipts: Vec<_> = received.iter().map(|told| told.receipt.clone()).collect();
    feed(kafka).acknowledge(&receipts);
    received.into_iter().map(|told| told.stretch).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_back_goes_on_behind_what_it_has_acknowledged() {
    let test = "whoever_comes_back_goes_on_behind_what_it_has_acknowledged";
    let (Some(here), Some(there)) = (OwnCell::new(test), OwnCell::new(test)) else { return };
    let prefix = format!("t-{}", here.id);
    let (here, there) = (here.on_feed(&prefix), there.on_feed(&prefix));
    let (teller, hearer) = (here.open().await, there.open().await);
    // It hears what is told from the moment on when it is there.
    let first = eventually(PATIENCE, async || {
        feed(&teller).tell(&stretch(&here.id, 0, 0)).await.unwrap();
        let soon = Duration::from_millis(100);
        tokio::time::timeout(soon, receive(&hearer)).await.map_err(drop)
    });
    first.await.unwrap();
    feed(&teller).tell(&stretch(&here.id, 0, 40)).await.unwrap();
    while receive(&hearer).await.last() != Some(&stretch(&here.id, 0, 40)) {}
    hearer.close().await;
    feed(&teller).tell(&stretch(&here.id, 40, 41)).await.unwrap();
    let hearer = there.open().await;
    assert_eq!(receive(&hearer).await, [stretch(&here.id, 40, 41)]);
    for kafka in [teller, hearer] {
        kafka.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_only_tells_follows_nobody() {
    let Some(cell) = OwnCell::new("a_process_that_only_tells_follows_nobody") else { return };
    let prefix = format!("t-{}", cell.id);
    let cell = cell.on_feed(&prefix);
    let sources: Vec<CellId> =
        (0..40).map(|number| format!("c{number}").parse().unwrap()).collect();
    let teller = cell.open_for(Share { public: false, ..Share::FULL }).await;
    let hearer = cell.open().await;
    let follows = |kafka: &Kafka, who| {
        sources.iter().filter(|source| feed(kafka).follower(source) == who).count()
    };
    let all = eventually(PATIENCE, async || match follows(&hearer, Follower::This) {
        40 => Ok(()),
        some => Err(some),
    });
    all.await.unwrap();
    assert_eq!(follows(&teller, Follower::This), 0);
    teller.close().await;
    hearer.close().await;
}

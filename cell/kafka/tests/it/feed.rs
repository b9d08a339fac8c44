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

/// How many of these sources a process follows; `None` while it does not know of each.
fn followed(kafka: &Kafka, sources: &[CellId]) -> Option<usize> {
    let followers: Vec<_> = sources.iter().map(|source| feed(kafka).follower(source)).collect();
    let known = followers.iter().all(|follower| *follower != Follower::Unknown);
    known.then(|| followers.iter().filter(|follower| **follower == Follower::This).count())
}

/// Receives, and acknowledges it.
async fn receive(kafka: &Kafka) -> Vec<Stretch> {
    let received = tokio::time::timeout(PATIENCE, feed(kafka).receive()).await;
    let received = received.expect("what was told comes in time").unwrap();
    let receipts: Vec<_> = received.iter().map(|told| told.receipt.clone()).collect();
    feed(kafka).acknowledge(&receipts);
    received.into_iter().map(|told| told.stretch).collect()
}

async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let so = eventually(PATIENCE, async || if so() { Ok(()) } else { Err(what.to_owned()) });
    so.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_cell_tells_comes_to_another_whole_and_in_order() {
    let test = "what_a_cell_tells_comes_to_another_whole_and_in_order";
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
    assert_eq!(feed(&hearer).follower(&here.id), Follower::This);
    let told = [(0, 3), (3, 3), (3, 40)].map(|(after, to)| stretch(&here.id, after, to));
    for stretch in &told {
        feed(&teller).tell(stretch).await.unwrap();
    }
    let mut heard = Vec::new();
    while heard.len() < told.len() {
        let beat = stretch(&here.id, 0, 0);
        heard.extend(receive(&hearer).await.into_iter().filter(|stretch| *stretch != beat));
    }
    assert_eq!(heard, told);
    // Whoever comes back goes on behind what it has acknowledged.
    hearer.close().await;
    feed(&teller).tell(&stretch(&here.id, 40, 41)).await.unwrap();
    let hearer = there.open().await;
    assert_eq!(receive(&hearer).await, [stretch(&here.id, 40, 41)]);
    for kafka in [teller, hearer] {
        kafka.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_source_is_followed_by_one_process_of_a_cell() {
    let Some(cell) = OwnCell::new("each_source_is_followed_by_one_process_of_a_cell") else {
        return;
    };
    let prefix = format!("t-{}", cell.id);
    let cell = cell.on_feed(&prefix);
    let sources: Vec<CellId> =
        (0..40).map(|number| format!("c{number}").parse().unwrap()).collect();
    let sender = cell.open_for(Share { public: false, ..Share::FULL }).await;
    let first = cell.open().await;
    until("the only one that is to follow follows all", || followed(&first, &sources) == Some(40))
        .await;
    let second = cell.open().await;
    until("both share them", || {
        let (some, others) = (followed(&first, &sources), followed(&second, &sources));
        some.zip(others).is_some_and(|(some, others)| some > 0 && some + others == 40)
    })
    .await;
    let both = |source: &CellId| {
        let this = |kafka| feed(kafka).follower(source) == Follower::This;
        this(&first) && this(&second)
    };
    assert!(!sources.iter().any(both));
    assert_eq!(followed(&sender, &sources), None);
    first.close().await;
    until("who is left follows all", || followed(&second, &sources) == Some(40)).await;
    second.close().await;
    sender.close().await;
}

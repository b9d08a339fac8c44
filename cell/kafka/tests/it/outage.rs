//! Brokers that go away and come back: the library's own in this process, and a real one that is killed.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use base_fault::Code;
use base_testkit::{OwnEngine, eventually};
use cell_kafka::Mishap;
use rdkafka::mocking::MockCluster;

use crate::cluster::{OwnCell, acknowledge, receive, words};

/// How long a broker that was killed may take to be what it was.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_brokers_are_away_calls_wait_or_fail_and_then_it_goes_on() {
    let cluster = MockCluster::new(1).unwrap();
    let mut cell = OwnCell::at(&cluster.bootstrap_servers());
    cell.config.make_topics = false;
    cell.config.send_ms_max = 1_000;
    for topic in ["messages", "dead-letters"] {
        cluster.create_topic(&cell.topic(topic), 2, 1).unwrap();
    }
    let kafka = cell.open().await;
    let queue = kafka.queue();
    queue.send(&[words("users/a", 1)]).await.unwrap();
    acknowledge(&kafka, &receive(&kafka, 1).await);

    cluster.broker_down(1).unwrap();
    let fault = queue.send(&[words("users/a", 2)]).await.unwrap_err();
    let text = base_fault::chain(&fault);
    assert_eq!(fault.code(), Code::Unavailable, "{text}");
    for word in [&*cluster.bootstrap_servers(), &*cell.topic("messages"), "check that the brokers"]
    {
        assert!(text.contains(word), "{text}");
    }
    // One that is on its way when they come back arrives by itself.
    let on_way = queue.send(&[words("users/a", 2)]);
    cluster.broker_up(1).unwrap();
    let on_way = tokio::time::timeout(Duration::from_secs(20), on_way).await.unwrap();
    if on_way.is_err() {
        queue.send(&[words("users/a", 2)]).await.unwrap();
    }
    // The first may come again: its acknowledgement may have been lost with the brokers.
    let mut received = receive(&kafka, 1).await;
    while received.last().map(|one| &one.addressed) != Some(&words("users/a", 2)) {
        received = receive(&kafka, 1).await;
    }

    kafka.mishaps().queue(Mishap::CallLost, 1);
    let fault = queue.send(&[words("users/a", 3)]).await.unwrap_err();
    assert_eq!(fault.code(), Code::OutcomeUnknown);
    let held: Arc<dyn cell_runtime::queue::Queue> = queue;
    kafka.close().await;
    assert!(received[0].receipt.is_void());
    assert!(held.receive().await.is_err(), "it is closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_put_in_when_the_broker_is_killed_comes_when_it_is_back() {
    let test = "what_was_put_in_when_the_broker_is_killed_comes_when_it_is_back";
    let Some(broker) = OwnEngine::start(test, "kafka", &[]).unwrap() else { return };
    let mut cell = OwnCell::at(&broker.address().unwrap());
    cell.config.send_ms_max = 20_000;
    let kafka = cell.open().await;
    let of = |number: u64| words(&format!("users/u{}", number % 7), number);
    let early: Vec<_> = (1..=50).map(of).collect();
    kafka.queue().send(&early).await.unwrap();
    let heard = receive(&kafka, 10).await;
    acknowledge(&kafka, &heard);
    // Some are on their way when it is killed, some are put in while it is dead.
    let on_way: Vec<_> = (51..=80).map(|number| kafka.queue().send(&[of(number)])).collect();
    broker.kill("kafka-1").unwrap();
    let late: Vec<_> = (81..=100).map(|number| kafka.queue().send(&[of(number)])).collect();
    let restarted = tokio::task::spawn_blocking(move || broker.restart().map(|()| broker));
    let broker = restarted.await.unwrap().unwrap();
    for (number, sent) in (51..).zip(on_way.into_iter().chain(late)) {
        // What failed is put in again, as whoever sends does: until then nobody knows of a leader again.
        if sent.await.is_err() {
            let again =
                eventually(PATIENCE, async || kafka.queue().send(&[of(number)]).await.map(drop));
            again.await.unwrap();
        }
    }
    let mut missing: BTreeSet<u64> = (1..=100).collect();
    let mut received = heard;
    loop {
        for one in &received {
            missing.remove(&one.addressed.message.version.0);
        }
        acknowledge(&kafka, &received);
        if missing.is_empty() {
            break;
        }
        received = receive(&kafka, 1).await;
    }
    kafka.close().await;
    drop(broker);
}

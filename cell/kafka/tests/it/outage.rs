//! Brokers that go away and come back, in this process: nothing needs to be there for it.

use std::{sync::Arc, time::Duration};

use base_fault::Code;
use cell_kafka::Mishap;
use rdkafka::mocking::MockCluster;

use crate::cluster::{OwnCell, acknowledge, receive, words};

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
    let received = receive(&kafka, 1).await;
    assert_eq!(received[0].addressed, words("users/a", 2));

    kafka.mishaps().queue(Mishap::CallLost, 1);
    let fault = queue.send(&[words("users/a", 3)]).await.unwrap_err();
    assert_eq!(fault.code(), Code::OutcomeUnknown);
    let held: Arc<dyn cell_runtime::queue::Queue> = queue;
    kafka.close().await;
    assert!(received[0].receipt.is_void());
    assert!(held.receive().await.is_err(), "it is closed");
}

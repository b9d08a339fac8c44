//! What happens to records between processes that come, go, and do not keep up.

use std::time::Duration;

use base_testkit::eventually;
use cell_kafka::{Kafka, Share};
use prometheus_client::{encoding::text::encode, registry::Registry};
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer as _},
    producer::{FutureProducer, FutureRecord},
};

use crate::cluster::{OwnCell, acknowledge, receive, words};

const PATIENCE: Duration = Duration::from_secs(30);

fn producer(cell: &OwnCell) -> FutureProducer {
    ClientConfig::new().set("bootstrap.servers", cell.config.brokers.join(",")).create().unwrap()
}

/// First record that is still there, and the place of the next one.
fn marks(cell: &OwnCell, topic: &str, partition: i32) -> (i64, i64) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cell.config.brokers.join(","))
        .create()
        .unwrap();
    consumer.fetch_watermarks(topic, partition, PATIENCE).unwrap()
}

fn number(kafka: &Kafka, name: &str) -> u64 {
    let mut registry = Registry::default();
    kafka.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    let of =
        |line: &str| Some(line.strip_prefix(name)?.rsplit_once(' ')?.1.parse::<u64>().unwrap());
    text.lines().filter_map(of).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_nobody_can_read_is_shown_and_passed_over() {
    let test = "a_record_that_nobody_can_read_is_shown_and_passed_over";
    let Some(mut cell) = OwnCell::new(test) else { return };
    cell.config.partitions = 1;
    let kafka = cell.open().await;
    let topic = cell.topic("messages");
    let poison = FutureRecord::to(&topic).key("users/a").payload("no message at all");
    producer(&cell).send(poison, PATIENCE).await.unwrap();
    kafka.queue().send(&[words("users/a", 1)]).await.unwrap();
    let received = receive(&kafka, 1).await;
    assert_eq!(received[0].addressed, words("users/a", 1));
    acknowledge(&kafka, &received);
    assert_eq!(marks(&cell, &cell.topic("dead-letters"), 0), (0, 1));
    assert_eq!(number(&kafka, "cell_kafka_unreadable_total"), 1);
    let forgotten = eventually(PATIENCE, async || match kafka.trim().await.unwrap() {
        0 => Err(()),
        records => Ok(records),
    });
    assert_eq!(forgotten.await, Ok(2), "it holds nothing up");
    kafka.close().await;
    cell.forget().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_is_forgotten_and_nothing_else() {
    let Some(mut cell) = OwnCell::new("what_is_over_is_forgotten_and_nothing_else") else { return };
    cell.config.partitions = 1;
    let kafka = cell.open().await;
    let ten: Vec<_> = (1..=10).map(|number| words("users/a", number)).collect();
    kafka.queue().send(&ten).await.unwrap();
    let received = receive(&kafka, 10).await;
    assert_eq!(kafka.trim().await.unwrap(), 0, "nothing is acknowledged");
    acknowledge(&kafka, &received[..4]);
    acknowledge(&kafka, &received[6..]);
    let forgotten = eventually(PATIENCE, async || match kafka.trim().await.unwrap() {
        0 => Err(()),
        records => Ok(records),
    });
    assert_eq!(forgotten.await, Ok(4));
    assert_eq!(marks(&cell, &cell.topic("messages"), 0), (4, 10));
    let lag = eventually(PATIENCE, async || match number(&kafka, "cell_kafka_lag{") {
        6 => Ok(()),
        other => Err(other),
    });
    lag.await.unwrap();
    kafka.close().await;
    let again = cell.open().await;
    assert_eq!(receive(&again, 6).await[0].addressed, words("users/a", 5));
    again.close().await;
    cell.forget().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_does_not_keep_up_keeps_its_share_and_shares_it() {
    let test = "a_process_that_does_not_keep_up_keeps_its_share_and_shares_it";
    let Some(cell) = OwnCell::new(test) else { return };
    let slow = cell.open().await;
    let many: Vec<_> =
        (1..=4_000).map(|number| words(&format!("users/u{}", number % 50), number)).collect();
    slow.queue().send(&many).await.unwrap();
    let begun = receive(&slow, 1).await;
    // Nobody takes more from it; another one comes all the same, and gets its share at once.
    let other = cell.open().await;
    let first = receive(&other, 1).await;
    assert!(begun.iter().all(|one| one.receipt.is_void()), "all was shared out anew");
    let mut seen: std::collections::BTreeSet<_> =
        first.iter().map(|one| one.addressed.message.version).collect();
    while seen.len() < 4_000 {
        let (slow_queue, other_queue) = (slow.queue(), other.queue());
        let received = tokio::select! {
            received = slow_queue.receive() => received,
            received = other_queue.receive() => received,
        };
        let received = received.unwrap();
        seen.extend(received.iter().map(|one| one.addressed.message.version));
    }
    slow.close().await;
    other.close().await;
    cell.forget().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_of_one_name_the_older_is_shut_out_and_says_why() {
    let test = "of_two_processes_of_one_name_the_older_is_shut_out_and_says_why";
    let Some(mut cell) = OwnCell::new(test) else { return };
    cell.pod = Some("pod-0".parse().unwrap());
    let older = cell.open().await;
    older.queue().send(&[words("users/a", 1)]).await.unwrap();
    receive(&older, 1).await;
    let newer = cell.open().await;
    let mut broken = older.broken();
    let why = tokio::time::timeout(PATIENCE, broken.wait_for(Option::is_some)).await.unwrap();
    let text = why.unwrap().as_ref().unwrap().to_string();
    assert!(text.contains(&cell.config.brokers[0]) && text.contains("the same `pod`"), "{text}");
    assert_eq!(receive(&newer, 1).await[0].addressed, words("users/a", 1));
    older.close().await;
    newer.close().await;
    cell.forget().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_shut_out_once_joins_anew_and_goes_on() {
    let test = "who_is_shut_out_once_joins_anew_and_goes_on";
    let Some(mut cell) = OwnCell::new(test) else { return };
    cell.pod = Some("pod-0".parse().unwrap());
    let kafka = cell.open().await;
    kafka.queue().send(&[words("users/a", 1)]).await.unwrap();
    let before = receive(&kafka, 1).await;
    // A broker that comes back may take a process for its older self; so it does while another one has its name for a moment.
    let namesake: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cell.config.brokers.join(","))
        .set("group.id", format!("t.{}", cell.id))
        .set("group.instance.id", "pod-0")
        .set("partition.assignment.strategy", "range")
        .set("session.timeout.ms", "6000")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    namesake.subscribe(&[&cell.topic("messages")]).unwrap();
    let joined = tokio::task::spawn_blocking(move || {
        while namesake.assignment().unwrap().count() == 0 {
            namesake.poll(Duration::from_millis(100));
        }
    });
    tokio::time::timeout(PATIENCE, joined).await.unwrap().unwrap();
    let again = receive(&kafka, 1).await;
    assert_eq!(again[0].addressed, before[0].addressed);
    assert!(before[0].receipt.is_void() && !again[0].receipt.is_void());
    assert!(kafka.broken().borrow().is_none(), "it goes on by itself");
    acknowledge(&kafka, &again);
    kafka.queue().send(&[words("users/a", 2)]).await.unwrap();
    assert_eq!(receive(&kafka, 1).await[0].addressed, words("users/a", 2));
    kafka.close().await;
    cell.forget().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_only_puts_messages_in_takes_no_share_of_them() {
    let test = "a_process_that_only_puts_messages_in_takes_no_share_of_them";
    let Some(cell) = OwnCell::new(test) else { return };
    let sender = cell.open_for(Share::NONE).await;
    let many: Vec<_> = (0..30).map(|nth| words(&format!("users/u{nth}"), nth)).collect();
    sender.queue().send(&many).await.unwrap();
    let hearer = cell.open().await;
    let received = tokio::time::timeout(PATIENCE, receive(&hearer, 30)).await.unwrap();
    acknowledge(&hearer, &received);
    let queue = sender.queue();
    assert!(tokio::time::timeout(Duration::ZERO, queue.receive()).await.is_err());
    assert_eq!(sender.trim().await.unwrap(), 0);
    sender.close().await;
    hearer.close().await;
    cell.forget().await;
}

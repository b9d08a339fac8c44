//! Topics that do not open, and what they say.

use base_testkit::free_port;
use cell_kafka::{Config, Kafka, OpenRefusal};
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};

use crate::cluster::OwnCell;

async fn refusal(cell: &OwnCell) -> OpenRefusal {
    match Kafka::open(&cell.id, None, &cell.config).await {
        Err(refusal) => refusal,
        Ok(_) => panic!("{} opened", cell.id),
    }
}

#[tokio::test]
async fn brokers_that_are_not_there_are_named_with_what_to_check() {
    let nobody = format!("127.0.0.1:{}", free_port().unwrap());
    let mut cell = OwnCell::at(&nobody);
    cell.config.open_ms_max = 500;
    let refusal = refusal(&cell).await;
    let text = refusal.to_string();
    assert!(matches!(refusal, OpenRefusal::Unreachable { .. }), "{text}");
    assert!(text.contains(&nobody) && text.contains("check that it runs"), "{text}");
}

#[tokio::test]
async fn settings_are_refused_all_at_once_before_anybody_is_asked() {
    let mut cell = OwnCell::at("nobody");
    cell.config = Config { replication: 0, partitions: 0, ..cell.config };
    let text = refusal(&cell).await.to_string();
    for word in ["nobody", "replication", "partitions"] {
        assert!(text.contains(word), "{text}");
    }
}

#[tokio::test]
async fn more_copies_than_brokers_are_refused() {
    let Some(mut cell) = OwnCell::new("more_copies_than_brokers_are_refused") else { return };
    cell.config.replication = 3;
    let text = refusal(&cell).await.to_string();
    assert!(text.contains(&cell.topic("messages")) && text.contains("`replication`"), "{text}");
}

#[tokio::test]
async fn a_topic_that_is_laid_out_otherwise_is_refused_with_what_to_do() {
    let test = "a_topic_that_is_laid_out_otherwise_is_refused_with_what_to_do";
    let Some(cell) = OwnCell::new(test) else { return };
    let make = async |name: &str, partitions, retention: &str| {
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1))
            .set("retention.ms", retention);
        let options = AdminOptions::new();
        let made = cell.admin().create_topics([&topic], &options).await.unwrap();
        assert!(made.iter().all(Result::is_ok), "{made:?}");
    };
    make(&cell.topic("messages"), 2, "-1").await;
    let text = refusal(&cell).await.to_string();
    for word in ["2 partitions", "`partitions = 2`", "--partitions 3"] {
        assert!(text.contains(word), "{text}");
    }
    let fewer = OwnCell {
        config: Config { partitions: 2, ..cell.config.clone() },
        id: cell.id.clone(),
        pod: None,
    };
    make(&cell.topic("dead-letters"), 1, "60000").await;
    let text = refusal(&fewer).await.to_string();
    for word in ["retention.ms=60000", "retention.ms=2592000000", "kafka-configs.sh --alter"] {
        assert!(text.contains(word), "{text}");
    }
    cell.forget().await;
}

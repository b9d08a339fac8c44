//! Brokers, and topics of a test's own on them.

use std::time::Duration;

use base_ids::{CellId, MessageId, PodName, StreamName, Version};
use base_testkit::TestEngine;
use base_time::Timestamp;
use cell_kafka::{Config, Kafka, Share};
use cell_runtime::{mesh::Addressed, port::Message, queue::Received};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
};

/// A cell of a test's own.
pub(crate) struct OwnCell {
    pub(crate) id: CellId,
    pub(crate) pod: Option<PodName>,
    pub(crate) config: Config,
}

impl OwnCell {
    /// On the Kafka that is there; `None`, and said so, where none is.
    pub(crate) fn new(test: &str) -> Option<Self> {
        Some(Self::at(&TestEngine::Kafka.address(test)?))
    }

    /// On some brokers.
    pub(crate) fn at(brokers: &str) -> Self {
        let id = uuid::Uuid::new_v4().simple().to_string()[..12].parse().unwrap();
        let brokers = brokers.split(',').map(str::to_owned);
        let config = Config {
            prefix: "t".to_owned(),
            partitions: 3,
            replication: 1,
            public: false,
            ..Config::new(brokers)
        };
        Self { id, pod: None, config }
    }

    /// Shares a feed with whoever has the same prefix.
    pub(crate) fn on_feed(mut self, prefix: &str) -> Self {
        self.config =
            Config { prefix: prefix.to_owned(), public: true, public_partitions: 6, ..self.config };
        self
    }

    pub(crate) async fn open(&self) -> Kafka {
        self.open_for(Share::FULL).await
    }

    pub(crate) async fn open_for(&self, share: Share) -> Kafka {
        Kafka::open_for(&self.id, self.pod.as_ref(), &self.config, share).await.unwrap()
    }

    pub(crate) fn topic(&self, name: &str) -> String {
        format!("t.{}.{name}", self.id)
    }

    pub(crate) fn admin(&self) -> AdminClient<DefaultClientContext> {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", self.config.brokers.join(",")).create().unwrap()
    }

    /// Takes its topics away.
    pub(crate) async fn forget(&self) {
        let topics = [self.topic("messages"), self.topic("dead-letters")];
        let topics = topics.each_ref().map(String::as_str);
        self.admin().delete_topics(&topics, &AdminOptions::new()).await.unwrap();
    }
}

/// The words number `number` to a tenant.
pub(crate) fn words(to: &str, number: u64) -> Addressed {
    let from: StreamName = "users/sender/carts/main".parse().unwrap();
    let message = Message {
        id: MessageId::derived(&from, Version(number), 0),
        version: Version(number),
        kind: "souk.carts.v1.LineAdded".to_owned(),
        body: vec![0, 255, 7],
        at: Timestamp::from_millis(1_795_262_400_000),
        trace: None,
        from,
    };
    Addressed { to: to.parse().unwrap(), service: "inventory".to_owned(), message }
}

/// Receives until so many have come.
pub(crate) async fn receive(kafka: &Kafka, count: usize) -> Vec<Received> {
    let queue = kafka.queue();
    let mut all = Vec::new();
    while all.len() < count {
        let received = tokio::time::timeout(Duration::from_mins(1), queue.receive()).await;
        all.extend(received.expect("what was put in comes in time").unwrap());
    }
    all
}

pub(crate) fn acknowledge(kafka: &Kafka, received: &[Received]) {
    let receipts: Vec<_> = received.iter().map(|one| one.receipt.clone()).collect();
    kafka.queue().acknowledge(&receipts);
}

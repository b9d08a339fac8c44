//! The shared laws on a real Kafka.

use std::{collections::HashMap, sync::Arc};

use base_ids::CellId;
use cell_kafka::{Kafka, Mishap};
use cell_runtime::{
    conformance::{
        feed::{self, FeedSubject},
        queue::{self, QueueSubject},
    },
    feed::Feed,
    queue::Queue,
};

use crate::cluster::OwnCell;

struct Pods {
    cell: OwnCell,
    open: Vec<(Arc<dyn Queue>, Kafka)>,
}

impl Pods {
    fn place(&self, member: &Arc<dyn Queue>) -> usize {
        self.open.iter().position(|(queue, _)| Arc::ptr_eq(queue, member)).unwrap()
    }
}

impl QueueSubject for Pods {
    async fn join(&mut self) -> Arc<dyn Queue> {
        let kafka = self.cell.open().await;
        let queue = kafka.queue();
        self.open.push((Arc::clone(&queue), kafka));
        queue
    }

    async fn leave(&mut self, member: Arc<dyn Queue>) {
        let (_, kafka) = self.open.remove(self.place(&member));
        kafka.close().await;
    }

    fn lose_answer(&self, member: &Arc<dyn Queue>) -> bool {
        self.open[self.place(member)].1.mishaps().queue(Mishap::AnswerLost, 1);
        true
    }
}

/// Cells that share a feed. Each name stands for a cell of the test's own.
struct Cells {
    test: &'static str,
    prefix: String,
    known: HashMap<CellId, OwnCell>,
    open: Vec<(Arc<dyn Feed>, Kafka)>,
}

impl Cells {
    fn new(test: &'static str) -> Self {
        let prefix = format!("t-{}", OwnCell::new(test).unwrap().id);
        Self { test, prefix, known: HashMap::new(), open: Vec::new() }
    }

    fn place(&self, member: &Arc<dyn Feed>) -> usize {
        self.open.iter().position(|(feed, _)| Arc::ptr_eq(feed, member)).unwrap()
    }
}

impl FeedSubject for Cells {
    async fn join(&mut self, cell: &CellId) -> Arc<dyn Feed> {
        let (test, prefix) = (self.test, &self.prefix);
        let new = || OwnCell::new(test).unwrap().on_feed(prefix);
        let kafka = self.known.entry(cell.clone()).or_insert_with(new).open().await;
        let feed = kafka.feed().unwrap();
        self.open.push((Arc::clone(&feed), kafka));
        feed
    }

    async fn leave(&mut self, member: Arc<dyn Feed>) {
        let (_, kafka) = self.open.remove(self.place(&member));
        kafka.close().await;
    }

    fn lose_answer(&self, member: &Arc<dyn Feed>) -> bool {
        self.open[self.place(member)].1.mishaps().queue(Mishap::AnswerLost, 1);
        true
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_on_kafka_keeps_every_law() {
    let test = "the_queue_on_kafka_keeps_every_law";
    if OwnCell::new(test).is_none() {
        return;
    }
    let laws = queue::laws(async || Pods { cell: OwnCell::new(test).unwrap(), open: Vec::new() });
    assert_eq!(Box::pin(laws).await, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_feed_on_kafka_keeps_every_law() {
    let test = "the_feed_on_kafka_keeps_every_law";
    if OwnCell::new(test).is_none() {
        return;
    }
    assert_eq!(Box::pin(feed::laws(async || Cells::new(test))).await, 4);
}

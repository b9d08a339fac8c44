//! The shared laws on a real Kafka.

use std::sync::Arc;

use cell_kafka::{Kafka, Mishap};
use cell_runtime::{
    conformance::queue::{QueueSubject, laws},
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_keeps_every_law() {
    let test = "kafka_keeps_every_law";
    if OwnCell::new(test).is_none() {
        return;
    }
    let laws = laws(async || Pods { cell: OwnCell::new(test).unwrap(), open: Vec::new() });
    assert_eq!(Box::pin(laws).await, 8);
}

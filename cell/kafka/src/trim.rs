//! Forgets what all of a share's messages up to some place have been acknowledged, so that the topic holds only what is still needed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    consumer::Consumer as _,
};
use tokio::{sync::Mutex, task::spawn_blocking};

use crate::{client::Context, queue::TopicQueue, trouble::trouble};

/// How often.
const EVERY: Duration = Duration::from_mins(1);
const PATIENCE: Duration = Duration::from_secs(10);

/// Forgets what is committed in this process's share.
pub(crate) struct Trim {
    admin: Arc<AdminClient<Context>>,
    queue: Arc<TopicQueue>,
    context: Context,
    places: String,
    /// Up to where is forgotten already.
    done: HashMap<i32, i64>,
}

impl Trim {
    pub(crate) fn new(
        admin: Arc<AdminClient<Context>>,
        queue: Arc<TopicQueue>,
        context: Context,
        places: String,
    ) -> Self {
        Self { admin, queue, context, places, done: HashMap::new() }
    }

    /// Forgets again and again.
    pub(crate) async fn run(this: Arc<Mutex<Self>>) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(fault) = this.lock().await.once().await {
                // Nothing is lost by it but room on the brokers' disks.
                let fault = base_fault::chain(&fault);
                tracing::warn!(
                    fault,
                    "what was acknowledged could not be forgotten; it is tried again in a minute"
                );
            }
        }
    }

    /// Forgets once; says how many records.
    ///
    /// Errors: the brokers do not answer, or it is not allowed.
    pub(crate) async fn once(&mut self) -> Result<i64, Fault> {
        let Some(consumer) = self.queue.reader.consumer() else { return Ok(0) };
        let committed = spawn_blocking(move || {
            let share = consumer.assignment()?;
            consumer.committed_offsets(share, PATIENCE)
        });
        let committed = committed.await.expect("the library does not panic");
        let topic = &self.queue.messages;
        let tried = format!("forgetting what is over in the topic {topic}");
        let committed = committed.map_err(|error| trouble(&self.places, &tried, error))?;
        let mut over = TopicPartitionList::new();
        for part in committed.elements() {
            let Offset::Offset(offset) = part.offset() else { continue };
            if offset > self.done.get(&part.partition()).copied().unwrap_or(0) {
                over.add_partition_offset(topic, part.partition(), Offset::Offset(offset))
                    .expect("an offset that is committed may be named");
            }
        }
        if over.count() == 0 {
            return Ok(0);
        }
        let options = AdminOptions::new().request_timeout(Some(PATIENCE));
        let forgotten = self.admin.delete_records(&over, &options).await;
        let forgotten = forgotten.map_err(|error| trouble(&self.places, &tried, error))?;
        let mut count = 0;
        for part in forgotten.elements() {
            if let Err(error) = part.error() {
                return Err(trouble(&self.places, &tried, error));
            }
            let Offset::Offset(first) = part.offset() else {
                let text = format!("Kafka at {}: {tried} has no outcome", self.places);
                return Err(Fault::ours(Code::Internal, text));
            };
            let before = self.done.insert(part.partition(), first).unwrap_or(0);
            count += first - before;
        }
        self.context.metrics.trimmed.inc_by(u64::try_from(count).unwrap_or(0));
        Ok(count)
    }
}

//! What lies between the pods of the cell, and between cells: a queue and a feed on Kafka, if they are configured.

use std::sync::Arc;

use base_fault::Fault;
use base_telemetry::Metrics;
use cell_kafka::{Kafka, OpenRefusal, Share};
use cell_runtime::{feed::Feed, queue::Queue};
use tokio::sync::watch;

use crate::{config::Config, roles::Work};

/// The queue, or nothing: then each pod hears what it has told.
pub(crate) struct Between(Option<Kafka>);

impl Between {
    /// Opens what is configured.
    pub(crate) async fn open(config: &Config) -> Result<Self, OpenRefusal> {
        let Some(kafka) = &config.kafka else { return Ok(Self(None)) };
        let (name, pod) = (&config.name, Some(&config.pod));
        let share = Share {
            messages: config.role.has(Work::Relay),
            public: config.role.has(Work::Indexer),
        };
        Box::pin(Kafka::open_for(name, pod, kafka, share)).await.map(Some).map(Self)
    }

    /// The port.
    pub(crate) fn queue(&self) -> Option<Arc<dyn Queue>> {
        self.0.as_ref().map(Kafka::queue)
    }

    /// What lies between the cells, if it is to be used.
    pub(crate) fn feed(&self) -> Option<Arc<dyn Feed>> {
        self.0.as_ref().and_then(Kafka::feed)
    }

    /// Puts its own numbers on the admin port.
    pub(crate) fn register(&self, metrics: &Metrics) {
        if let Some(kafka) = &self.0 {
            metrics.with(|registry| kafka.register(registry));
        }
    }

    /// Why it cannot go on: another process has this one's place. While the brokers are away it goes on when they are back.
    pub(crate) fn broken(&self) -> watch::Receiver<Option<Fault>> {
        self.0.as_ref().map_or_else(|| watch::channel(None).1, Kafka::broken)
    }

    /// Leaves in order.
    pub(crate) async fn close(self) {
        if let Some(kafka) = self.0 {
            kafka.close().await;
        }
    }
}

//! What goes: all of a call at once, its answers awaited together.

use std::{sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use cell_kernel::Answer;
use cell_runtime::{feed::Stretch, mesh::Addressed, port::DeadLetter};
use prometheus_client::metrics::counter::Counter;
use rdkafka::{
    ClientConfig,
    error::KafkaResult,
    producer::{FutureProducer, FutureRecord, Producer as _, future_producer::DeliveryFuture},
};

use crate::{
    client::Context,
    mishaps::{Mishap, Mishaps},
    record,
    topics::Place,
    trouble::trouble,
};

/// How long what is on its way may take when the process ends.
const FLUSH: Duration = Duration::from_secs(5);

/// Puts records into topics.
#[derive(Clone)]
pub(crate) struct Writer {
    producer: FutureProducer<Context>,
    context: Context,
    places: Arc<str>,
    mishaps: Arc<Mishaps>,
}

impl Writer {
    pub(crate) fn new(config: &ClientConfig, context: Context, places: &str) -> KafkaResult<Self> {
        let producer = config.create_with_context(context.clone())?;
        Ok(Self { producer, context, places: places.into(), mishaps: Arc::default() })
    }

    pub(crate) fn mishaps(&self) -> Arc<Mishaps> {
        Arc::clone(&self.mishaps)
    }

    /// Puts messages in, in order, at once; what it returns says when enough brokers have all of them.
    pub(crate) fn send(&self, topic: &str, messages: &[Addressed]) -> Answer<'static, ()> {
        let mishap = self.mishaps.meet();
        let mut on_way = Vec::with_capacity(messages.len());
        let mut refused = None;
        if mishap != Some(Mishap::CallLost) {
            for message in messages {
                match self.put_in(topic, message.to.as_str(), &record::write(message)) {
                    Ok(delivery) => on_way.push(delivery),
                    Err(fault) => {
                        refused = Some(fault);
                        break;
                    }
                }
            }
        }
        let (writer, tried) = (self.clone(), tried(messages.len(), topic));
        Box::pin(async move {
            let ended = writer.arrived(on_way, refused, &tried, &writer.context.metrics.sent).await;
            let ended = if mishap.is_some() { Err(writer.silence(&tried)) } else { ended };
            if ended.is_err() {
                writer.context.metrics.send_failures.inc();
            }
            ended
        })
    }

    /// Shows a dead letter.
    ///
    /// Errors: it is not there.
    pub(crate) async fn show_dead(&self, topic: &str, letter: &DeadLetter) -> Result<(), Fault> {
        let (key, bytes) = record::write_dead(letter);
        self.show(topic, &key, &bytes).await
    }

    /// Shows a dead letter as bytes.
    ///
    /// Errors: it is not there.
    pub(crate) async fn show(&self, topic: &str, key: &str, bytes: &[u8]) -> Result<(), Fault> {
        let delivery = self.put_in(topic, key, bytes)?;
        let shown = &self.context.metrics.dead_shown;
        self.arrived(vec![delivery], None, &tried(1, topic), shown).await
    }

    /// Tells a stretch of the cell's public messages.
    ///
    /// Errors: it may be there or not.
    pub(crate) async fn tell(&self, topic: &Place, stretch: &Stretch) -> Result<(), Fault> {
        let (bytes, tried) = (record::write_stretch(stretch), tried(1, &topic.name));
        let mishap = self.mishaps.meet();
        if mishap == Some(Mishap::CallLost) {
            return Err(self.silence(&tried));
        }
        let record = FutureRecord::to(&topic.name)
            .key(stretch.source.as_str())
            .partition(topic.partition_of(&stretch.source))
            .payload(&bytes);
        let refused = |error| trouble(&self.places, &tried, error);
        let delivery = self.producer.send_result(record).map_err(|(error, _)| refused(error))?;
        self.arrived(vec![delivery], None, &tried, &self.context.metrics.told).await?;
        if mishap.is_some() { Err(self.silence(&tried)) } else { Ok(()) }
    }

    fn put_in(&self, topic: &str, key: &str, bytes: &[u8]) -> Result<DeliveryFuture, Fault> {
        let record = FutureRecord::to(topic).key(key).payload(bytes);
        let refused = |error| trouble(&self.places, &tried(1, topic), error);
        self.producer.send_result(record).map_err(|(error, _)| refused(error))
    }

    /// Waits for all answers; the first that is a no stands for all.
    async fn arrived(
        &self,
        on_way: Vec<DeliveryFuture>,
        mut failed: Option<Fault>,
        tried: &str,
        count: &Counter,
    ) -> Result<(), Fault> {
        for delivery in on_way {
            match delivery.await {
                Ok(Ok(_)) => drop(count.inc()),
                Ok(Err((error, _))) => {
                    failed.get_or_insert_with(|| trouble(&self.places, tried, error));
                }
                Err(_) => drop(failed.get_or_insert_with(|| self.silence(tried))),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn silence(&self, tried: &str) -> Fault {
        let text = format!("Kafka at {}: {tried} got no answer", self.places);
        Fault::downstream(Code::OutcomeUnknown, Duration::ZERO, text)
    }

    /// Waits for what is on its way; blocks.
    pub(crate) fn flush(&self) {
        if let Err(error) = self.producer.flush(FLUSH) {
            tracing::info!(%error, "what was on its way to Kafka goes again at the next start");
        }
    }
}

fn tried(count: usize, topic: &str) -> String {
    format!("putting {count} into the topic {topic}")
}

//! What comes: read by one task that never stops asking, so that this process keeps its share even while nobody takes what it holds.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use cell_runtime::{queue::Receipt, record::Unreadable};
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use rdkafka::{
    Message as _,
    consumer::{Consumer as _, StreamConsumer},
    error::KafkaResult,
    message::BorrowedMessage,
};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, spawn_blocking},
};

use crate::{client::Context, record::write_unreadable, writer::Writer};

/// Records that are held here until somebody takes them.
const HELD: usize = 1_000;
/// How long nobody may take any before no more are asked for.
const PAUSE_AFTER: Duration = Duration::from_secs(1);
/// How long is waited for what is over at once, most likely.
const SOON: Duration = Duration::from_millis(100);

pub(crate) type Consumer = StreamConsumer<Context>;

/// Reads a record.
pub(crate) type Read<T> = fn(&[u8]) -> Result<T, Unreadable>;

/// Joins the group of a topic's readers.
pub(crate) type Join = Box<dyn Fn() -> KafkaResult<Consumer> + Send + Sync>;

/// The library's end of it; none while the group is joined anew, and when the reader is closed.
type Joined = Arc<Mutex<Option<Arc<Consumer>>>>;

/// Reads a topic's share of this process.
pub(crate) struct Reader<T> {
    context: Context,
    topic: String,
    consumer: Joined,
    held: tokio::sync::Mutex<mpsc::Receiver<(T, Receipt)>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// Takes records from the library and hands them on.
struct Pump<T> {
    read: Read<T>,
    count: Counter,
    join: Join,
    consumer: Joined,
    context: Context,
    exclusions: watch::Receiver<u64>,
    leaving: Option<JoinHandle<()>>,
    hand_on: mpsc::Sender<(T, Receipt)>,
    writer: Writer,
    dead_letters: String,
}

impl<T: Send + 'static> Reader<T> {
    /// Begins to read. What cannot be read is shown among `dead_letters`.
    ///
    /// Errors: those of joining.
    pub(crate) fn begin(
        join: Join,
        context: Context,
        topic: String,
        (read, count): (Read<T>, Counter),
        (writer, dead_letters): (Writer, String),
    ) -> KafkaResult<Self> {
        let exclusions = context.exclusions();
        let consumer: Joined = Arc::new(Mutex::new(Some(Arc::new(join()?))));
        let (hand_on, held) = mpsc::channel(HELD);
        let pump = Pump {
            read,
            count,
            join,
            consumer: Arc::clone(&consumer),
            context: context.clone(),
            exclusions,
            leaving: None,
            hand_on,
            writer,
            dead_letters,
        };
        let task = Mutex::new(Some(tokio::spawn(pump.run())));
        Ok(Self { context, topic, consumer, held: tokio::sync::Mutex::new(held), task })
    }

    /// What came, at least one; `None` when the reader has ended.
    pub(crate) async fn receive(&self, count_max: usize) -> Option<Vec<(T, Receipt)>> {
        let mut received = Vec::new();
        let count = self.held.lock().await.recv_many(&mut received, count_max).await;
        (count > 0).then_some(received)
    }

    /// Notes what has had its effect; the library commits it.
    pub(crate) fn acknowledge(&self, receipts: &[Receipt]) {
        let Some(consumer) = self.consumer() else { return };
        for (partition, over) in self.context.acknowledged(receipts) {
            // A share that has just gone is read by somebody else from where it was committed.
            let _ = consumer.store_offset(&self.topic, partition, over - 1);
        }
    }

    /// The library's end of it, until it is closed.
    pub(crate) fn consumer(&self) -> Option<Arc<Consumer>> {
        self.consumer.lock().clone()
    }

    /// Commits what is over and leaves.
    pub(crate) async fn close(&self) {
        let task = self.task.lock().take();
        if let Some(task) = task {
            task.abort();
            // Its end of the library is gone when it is.
            let _ = task.await;
        }
        self.context.share_ends();
        let consumer = self.consumer.lock().take();
        if let Some(consumer) = consumer {
            spawn_blocking(move || drop(consumer)).await.expect("closing does not panic");
        }
    }
}

impl<T> Pump<T> {
    async fn run(mut self) {
        let hand_on = self.hand_on.clone();
        loop {
            let Some(received) = self.next().await else { continue };
            match tokio::time::timeout(PAUSE_AFTER, hand_on.reserve()).await {
                Ok(Ok(place)) => place.send(received),
                Ok(Err(_)) => return,
                Err(_) => {
                    if self.hold_on(received).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// The next message; nothing if what came was none.
    async fn next(&mut self) -> Option<(T, Receipt)> {
        let joined = self.consumer.lock().clone();
        let Some(consumer) = joined else {
            self.join_anew().await;
            return None;
        };
        let came = tokio::select! {
            came = consumer.recv() => came,
            Ok(()) = self.exclusions.changed() => {
                self.leave();
                return None;
            }
        };
        match came {
            Ok(message) => self.read(&consumer, &message).await,
            Err(error) => {
                self.context.metrics.errors.inc();
                tracing::info!(%error, "what comes from Kafka is interrupted; it goes on by itself");
                // The library tries again at its own pace; what it says meanwhile must not fill the log.
                tokio::time::sleep(SOON).await;
                None
            }
        }
    }

    /// Gives the library's end up, which the brokers have shut out.
    fn leave(&mut self) {
        self.context.share_ends();
        let Some(left) = self.consumer.lock().take() else { return };
        self.leaving = Some(tokio::spawn(async move {
            // Somebody may have it in his hands for a moment.
            while Arc::strong_count(&left) > 1 {
                tokio::time::sleep(SOON).await;
            }
            spawn_blocking(move || drop(left)).await.expect("closing does not panic");
        }));
    }

    /// Joins once the old end is gone: what it says on its way must not end the new share.
    async fn join_anew(&mut self) {
        if let Some(leaving) = &mut self.leaving {
            leaving.await.expect("leaving does not panic");
            self.leaving = None;
        }
        self.context.joins();
        match (self.join)() {
            Ok(consumer) => *self.consumer.lock() = Some(Arc::new(consumer)),
            Err(error) => {
                tracing::warn!(%error, "the readers of a topic cannot be joined; it is tried again");
                tokio::time::sleep(PAUSE_AFTER).await;
            }
        }
    }

    async fn read(
        &self,
        consumer: &Consumer,
        message: &BorrowedMessage<'_>,
    ) -> Option<(T, Receipt)> {
        let receipt = self.context.received(message.partition(), message.offset());
        let bytes = message.payload().unwrap_or_default();
        let unreadable = match (self.read)(bytes) {
            Ok(content) => {
                self.count.inc();
                return Some((content, receipt));
            }
            Err(unreadable) => unreadable,
        };
        self.context.metrics.unreadable.inc();
        let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
        tracing::error!(topic, partition, offset, %unreadable, "a record is passed over and shown among the dead letters");
        let shown = write_unreadable(bytes, &unreadable);
        let key = format!("{partition}-{offset}");
        if let Err(fault) = self.writer.show(&self.dead_letters, &key, &shown).await {
            tracing::error!(fault = base_fault::chain(&fault), "it could not even be shown");
        }
        for (partition, over) in self.context.acknowledged(&[receipt]) {
            let _ = consumer.store_offset(topic, partition, over - 1);
        }
        None
    }

    /// Asks for no more until everything has been taken, and stays a member meanwhile. `Err` if nobody will ever take it.
    async fn hold_on(&mut self, first: (T, Receipt)) -> Result<(), Fault> {
        let mut held = VecDeque::from([first]);
        let hand_on = self.hand_on.clone();
        self.pause(true);
        while !held.is_empty() {
            tokio::select! {
                biased;
                place = hand_on.reserve() => match place {
                    Ok(place) => drop(held.pop_front().map(|next| place.send(next))),
                    Err(_) => return Err(Fault::ours(Code::Internal, "nobody reads")),
                },
                // What came before the pause, or with another share.
                more = self.next() => {
                    held.extend(more);
                    self.pause(true);
                }
            }
        }
        self.pause(false);
        Ok(())
    }

    fn pause(&self, pause: bool) {
        let Some(consumer) = self.consumer.lock().clone() else { return };
        let paused = consumer
            .assignment()
            .and_then(|share| if pause { consumer.pause(&share) } else { consumer.resume(&share) });
        if let Err(error) = paused {
            tracing::debug!(%error, "a share that has just gone");
        }
    }
}

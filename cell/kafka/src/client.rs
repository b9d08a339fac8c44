//! How the library is told what we want of it, and what it tells us.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use base_fault::{Code, Fault};
use base_ids::PodName;
use cell_runtime::queue::{Progress, Receipt};
use parking_lot::Mutex;
use rdkafka::{
    ClientConfig, ClientContext, Statistics,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, ConsumerContext, Rebalance},
    error::KafkaError,
    topic_partition_list::TopicPartitionListElem,
    types::RDKafkaErrorCode,
};
use tokio::sync::watch;

use crate::{config::Config, metrics::Metrics, trouble::what_to_check};

/// Most bytes of a record; as topics have it unless they are told otherwise.
const RECORD_BYTES_MAX: &str = "1000000";
/// Longest wait before the next try to reach a broker.
const RECONNECT_MS_MAX: &str = "1000";
const STATISTICS_MS: &str = "5000";
/// Who is shut out again so soon has a namesake.
const EXCLUDED_TWICE: Duration = Duration::from_mins(1);

/// What the library tells, and which share of the topic is ours now. Clones share it.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) metrics: Metrics,
    places: Arc<str>,
    shares: Arc<Mutex<HashMap<i32, Share>>>,
    /// Which partitions this process reads, once that is known.
    assigned: Arc<Mutex<Option<HashSet<i32>>>>,
    /// Of whoever reads: how it was shut out.
    exclusion: Option<Arc<Exclusion>>,
    broken: watch::Sender<Option<Fault>>,
}

/// What shuts a member out of its group: another process of its name, or a broker that comes back and takes it for its older self.
#[derive(Default)]
struct Exclusion {
    /// When it was last, and whether it still is.
    last: Mutex<(Option<Instant>, bool)>,
    /// How often it was to join anew.
    times: watch::Sender<u64>,
}

/// One partition that this process reads.
struct Share {
    progress: Progress,
    taken_away: Arc<AtomicBool>,
}

impl Context {
    pub(crate) fn new(config: &Config, metrics: Metrics) -> Self {
        let places = config.places().into();
        Self {
            metrics,
            places,
            shares: Arc::default(),
            assigned: Arc::default(),
            exclusion: None,
            broken: watch::Sender::new(None),
        }
    }

    /// The same for whoever reads a topic, of which it has shares of its own.
    pub(crate) fn for_reader(&self) -> Self {
        let exclusion = Some(Arc::default());
        Self { shares: Arc::default(), assigned: Arc::default(), exclusion, ..self.clone() }
    }

    /// Changes when the reader has to join its group anew.
    pub(crate) fn exclusions(&self) -> watch::Receiver<u64> {
        self.exclusion.as_ref().map_or_else(|| watch::channel(0).1, |own| own.times.subscribe())
    }

    /// The reader joins anew.
    pub(crate) fn joins(&self) {
        if let Some(exclusion) = &self.exclusion {
            exclusion.last.lock().1 = false;
        }
    }

    /// Which partitions this process reads now, if that is known.
    pub(crate) fn share(&self) -> Option<HashSet<i32>> {
        self.assigned.lock().clone()
    }

    /// Why this process cannot go on, once it cannot.
    pub(crate) fn broken(&self) -> watch::Receiver<Option<Fault>> {
        self.broken.subscribe()
    }

    /// Notes that a record came, and gives what it is acknowledged by.
    pub(crate) fn received(&self, partition: i32, offset: i64) -> Receipt {
        let mut shares = self.shares.lock();
        let share = shares.entry(partition).or_insert_with(|| Share {
            progress: Progress::from(offset),
            taken_away: Arc::default(),
        });
        share.progress.received(offset);
        Receipt::new(partition, offset, Arc::clone(&share.taken_away))
    }

    /// Notes acknowledgements; answers up to where each partition is over by now, if that has moved.
    pub(crate) fn acknowledged(&self, receipts: &[Receipt]) -> HashMap<i32, i64> {
        let mut moved = HashMap::new();
        let mut shares = self.shares.lock();
        for receipt in receipts.iter().filter(|receipt| !receipt.is_void()) {
            let Some(share) = shares.get_mut(&receipt.partition) else { continue };
            if share.progress.acknowledged(receipt.offset) {
                moved.insert(receipt.partition, share.progress.over());
            }
        }
        moved
    }

    /// Others may read from now on what this process has read.
    pub(crate) fn share_ends(&self) {
        for (_, share) in self.shares.lock().drain() {
            share.taken_away.store(true, Ordering::Release);
        }
        *self.assigned.lock() = None;
        self.metrics.share_ends();
    }
}

/// What follows when a process is shut out.
enum Again {
    Joins,
    /// It is on its way to join already.
    Known,
    /// Somebody else has its name.
    Ends,
}

impl Exclusion {
    /// Of two processes of one name each shuts the other out when it joins, so the older one is the first to be shut out twice.
    fn note(&self) -> Again {
        let mut last = self.last.lock();
        if last.1 {
            return Again::Known;
        }
        let twice = last.0.is_some_and(|at| at.elapsed() < EXCLUDED_TWICE);
        *last = (Some(Instant::now()), true);
        if twice {
            return Again::Ends;
        }
        self.times.send_modify(|times| *times += 1);
        Again::Joins
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, fac: &str, text: &str) {
        match level {
            RDKafkaLogLevel::Debug | RDKafkaLogLevel::Info | RDKafkaLogLevel::Notice => {
                tracing::debug!(fac, "librdkafka: {text}");
            }
            // What follows from it for us is said by whoever notices it.
            _ => tracing::info!(fac, "librdkafka: {text}"),
        }
    }

    fn stats(&self, statistics: Statistics) {
        self.metrics.lags(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.metrics.errors.inc();
        let code = error.rdkafka_error_code();
        let fatal =
            matches!(code, Some(RDKafkaErrorCode::Fatal | RDKafkaErrorCode::FencedInstanceId));
        if fatal {
            let check = what_to_check(code.unwrap_or(RDKafkaErrorCode::Fatal));
            let text = format!("Kafka at {} shuts this process out: {reason}{check}", self.places);
            let again = self.exclusion.as_ref().map_or(Again::Ends, |own| own.note());
            match again {
                Again::Joins => {
                    tracing::warn!(error = %error, "{text}; it joins anew");
                }
                Again::Known => {}
                Again::Ends => {
                    let fault = Fault::ours(Code::Internal, text).because(error);
                    self.broken.send_replace(Some(fault));
                }
            }
        } else {
            tracing::info!(places = &*self.places, %error, reason, "Kafka");
        }
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        // All is shared out anew whenever somebody comes or goes; what has its effect meanwhile comes again and is heard once.
        if !matches!(rebalance, Rebalance::Assign(_)) {
            self.share_ends();
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(share) = rebalance {
            self.metrics.shares.inc();
            let share = share.elements();
            let topic = share.first().map_or("", |part| part.topic()).to_owned();
            tracing::info!(topic, partitions = share.len(), "this process has its share");
            *self.assigned.lock() =
                Some(share.iter().map(TopicPartitionListElem::partition).collect());
        }
    }
}

/// What every client has.
fn common(config: &Config, pod: Option<&PodName>) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", config.places())
        .set("client.id", pod.map_or("souk-cell", PodName::as_str))
        .set("message.max.bytes", RECORD_BYTES_MAX)
        .set("reconnect.backoff.max.ms", RECONNECT_MS_MAX)
        .set("socket.keepalive.enable", "true")
        .set("statistics.interval.ms", STATISTICS_MS);
    client
}

/// For topics.
pub(crate) fn admin(config: &Config) -> ClientConfig {
    common(config, None)
}

/// For what is put in: on enough brokers before it is answered, in order, never twice by the library itself, and never more of it in
/// memory than fits.
pub(crate) fn producer(config: &Config, pod: Option<&PodName>) -> ClientConfig {
    let mut client = common(config, pod);
    client
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "1")
        .set("compression.type", "lz4")
        .set("partitioner", "murmur2_random")
        .set("message.timeout.ms", config.send_ms_max.to_string())
        .set("queue.buffering.max.messages", "50000")
        .set("queue.buffering.max.kbytes", "65536");
    client
}

/// For what is told to everyone: whoever begins, and whoever's place was forgotten, is told over the mesh what was before.
pub(crate) fn subscriber(config: &Config, pod: Option<&PodName>, group: &str) -> ClientConfig {
    let mut client = consumer(config, pod, group);
    client.set("auto.offset.reset", "latest");
    client
}

/// For what comes. The library commits by itself what we note as over, and nothing else: also when it gives a share back and when it
/// ends. Partitions are handed out in ranges; why not cooperatively stands in the decision record.
pub(crate) fn consumer(config: &Config, pod: Option<&PodName>, group: &str) -> ClientConfig {
    let mut client = common(config, pod);
    client
        .set("group.id", group)
        .set("partition.assignment.strategy", "range")
        .set("session.timeout.ms", config.silent_ms_max.to_string())
        .set("heartbeat.interval.ms", (config.silent_ms_max / 6).to_string())
        .set("enable.auto.commit", "true")
        .set("auto.commit.interval.ms", "500")
        .set("enable.auto.offset.store", "false")
        // Whoever begins, and whoever's place was forgotten, begins with what is there: heard once.
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "100")
        .set("fetch.error.backoff.ms", "100")
        .set("queued.max.messages.kbytes", "16384");
    if let Some(pod) = pod {
        client.set("group.instance.id", pod.as_str());
    }
    client
}

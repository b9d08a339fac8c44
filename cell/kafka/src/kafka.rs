//! Opens a cell's topics, and closes them in order.

use std::sync::Arc;

use base_fault::Fault;
use base_ids::{CellId, PodName};
use cell_runtime::{feed::Feed, queue::Queue};
use prometheus_client::registry::Registry;
use rdkafka::{ClientConfig, admin::AdminClient, consumer::Consumer as _, error::KafkaError};
use tokio::{
    sync::{Mutex, watch},
    task::{JoinHandle, spawn_blocking},
};

use crate::{
    client::{self, Context},
    config::Config,
    feed::TopicFeed,
    metrics::Metrics,
    mishaps::Mishaps,
    queue::TopicQueue,
    reader::{Consumer, Join, Reader},
    record,
    refusal::OpenRefusal,
    topics::{self, Place},
    trim::Trim,
    writer::Writer,
};

/// Of what a process takes its share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Of what the cell's tenants tell each other.
    pub messages: bool,
    /// Of what all cells tell everyone.
    pub public: bool,
}

impl Share {
    /// Of all that comes.
    pub const FULL: Self = Self { messages: true, public: true };
    /// Of nothing: it only sends.
    pub const NONE: Self = Self { messages: false, public: false };
}

/// A cell's open topics.
pub struct Kafka {
    queue: Arc<TopicQueue>,
    feed: Option<Arc<TopicFeed>>,
    context: Context,
    trim: Arc<Mutex<Trim>>,
    trimming: JoinHandle<()>,
}

impl Kafka {
    /// Reaches the brokers, makes the topics that are not there, and joins the cell's processes. As `pod`, whose name is the same after a
    /// restart, it goes on with its share at once then, and nobody else takes it over while it is away for less than `silent_ms_max`;
    /// as nobody in particular its share passes on when it ends.
    ///
    /// Errors: a setting is wrong, no broker answers, or a topic cannot be had as it has to be.
    pub async fn open(
        cell: &CellId,
        pod: Option<&PodName>,
        config: &Config,
    ) -> Result<Self, OpenRefusal> {
        Self::open_for(cell, pod, config, Share::FULL).await
    }

    /// The same for a process that takes its share of some of what comes only. It sends whatever it takes.
    ///
    /// Errors: those of [`Self::open`].
    pub async fn open_for(
        cell: &CellId,
        pod: Option<&PodName>,
        config: &Config,
        share: Share,
    ) -> Result<Self, OpenRefusal> {
        let mistakes = config.mistakes();
        if !mistakes.is_empty() {
            return Err(OpenRefusal::Settings(mistakes.join("; ")));
        }
        let places = config.places();
        let library = |cause| OpenRefusal::Library { places: config.places(), cause };
        let context = Context::new(config, Metrics::default());
        let admin = client::admin(config).create_with_context(context.clone()).map_err(library)?;
        let admin: Arc<AdminClient<Context>> = Arc::new(admin);
        reach(&admin, config).await?;
        let (messages, dead) = (topics::messages(cell, config), topics::dead_letters(cell, config));
        if config.make_topics {
            topics::ensure(&admin, &[messages.clone(), dead.clone()], config).await?;
        }

        let writer = Writer::new(&client::producer(config, pod), context.clone(), &places);
        let writer = writer.map_err(library)?;
        let group = format!("{}.{cell}", config.prefix);
        let reading = context.for_reader();
        let client = client::consumer(config, pod, &group);
        let reader = Reader::begin(
            joining(client, &reading, share.messages.then_some(&messages.name)),
            reading.clone(),
            messages.name.clone(),
            (record::read, context.metrics.received.clone()),
            (writer.clone(), dead.name.clone()),
        );
        let reader = reader.map_err(library)?;
        let feed = if config.public {
            Some(open_feed(&admin, cell, pod, config, (&writer, &context, share.public)).await?)
        } else {
            None
        };
        let acknowledged = context.metrics.acknowledged.clone();
        let (messages, dead_letters) = (messages.name, dead.name);
        let queue = Arc::new(TopicQueue { messages, dead_letters, writer, reader, acknowledged });
        let trim = Trim::new(admin, Arc::clone(&queue), context.clone(), places);
        let trim = Arc::new(Mutex::new(trim));
        let trimming = tokio::spawn(Trim::run(Arc::clone(&trim)));
        Ok(Self { queue, feed, context, trim, trimming })
    }

    /// The queue between the cell's processes.
    pub fn queue(&self) -> Arc<dyn Queue> {
        Arc::clone(&self.queue) as Arc<dyn Queue>
    }

    /// The feed that all cells share, if it is to be used.
    pub fn feed(&self) -> Option<Arc<dyn Feed>> {
        self.feed.as_ref().map(|feed| Arc::clone(feed) as Arc<dyn Feed>)
    }

    /// Registers what is counted.
    pub fn register(&self, registry: &mut Registry) {
        self.context.metrics.register(registry);
    }

    /// Why this process cannot go on, once it cannot: the brokers let somebody else have its place.
    pub fn broken(&self) -> watch::Receiver<Option<Fault>> {
        self.context.broken()
    }

    /// Where tests make calls end badly.
    pub fn mishaps(&self) -> Arc<Mishaps> {
        self.queue.writer.mishaps()
    }

    /// Forgets what this process's share has acknowledged and committed, as it does once a minute by itself; says how many records.
    ///
    /// Errors: the brokers do not answer, or do not allow it.
    pub async fn trim(&self) -> Result<i64, Fault> {
        self.trim.lock().await.once().await
    }

    /// Commits what is over, leaves, and waits for what is on its way.
    pub async fn close(self) {
        self.trimming.abort();
        self.queue.reader.close().await;
        if let Some(feed) = &self.feed {
            feed.reader.close().await;
        }
        let writer = self.queue.writer.clone();
        spawn_blocking(move || writer.flush()).await.expect("to flush does not panic");
    }
}

/// Begins to read what other cells tell.
async fn open_feed(
    admin: &Arc<AdminClient<Context>>,
    cell: &CellId,
    pod: Option<&PodName>,
    config: &Config,
    (writer, context, hears): (&Writer, &Context, bool),
) -> Result<Arc<TopicFeed>, OpenRefusal> {
    let (public, dead) = (topics::public(config), topics::dead_letters(cell, config));
    if config.make_topics {
        topics::ensure(admin, std::slice::from_ref(&public), config).await?;
    }
    let topic = Arc::new(Place::of(admin, &public, config).await?);
    let context = context.for_reader();
    let group = format!("{}.{cell}.public", config.prefix);
    let library = |cause| OpenRefusal::Library { places: config.places(), cause };
    let client = client::subscriber(config, pod, &group);
    let reader = Reader::begin(
        joining(client, &context, hears.then_some(&topic.name)),
        context.clone(),
        topic.name.clone(),
        (record::read_stretch, context.metrics.heard.clone()),
        (writer.clone(), dead.name),
    );
    let reader = reader.map_err(library)?;
    Ok(Arc::new(TopicFeed { topic, writer: writer.clone(), reader, context }))
}

/// How a group is joined: to read a topic, or to read nothing.
fn joining(client: ClientConfig, context: &Context, topic: Option<&String>) -> Join {
    let (context, topic) = (context.clone(), topic.cloned());
    Box::new(move || {
        let consumer: Consumer = client.create_with_context(context.clone())?;
        if let Some(topic) = &topic {
            consumer.subscribe(&[topic])?;
        }
        Ok(consumer)
    })
}

async fn reach(admin: &Arc<AdminClient<Context>>, config: &Config) -> Result<(), OpenRefusal> {
    let (asked, patience) = (Arc::clone(admin), config.open_max());
    let answer = spawn_blocking(move || asked.inner().fetch_metadata(None, patience)).await;
    let (places, millis) = (config.places(), config.open_ms_max);
    match answer.expect("the library does not panic") {
        Ok(_) => Ok(()),
        Err(cause @ KafkaError::MetadataFetch(_)) => {
            Err(OpenRefusal::Unreachable { places, millis, cause })
        }
        Err(cause) => Err(OpenRefusal::Library { places, cause }),
    }
}

//! Which topics there are, how they are laid out, and whether those that are there are laid out so.

use std::{sync::Arc, time::Duration};

use base_ids::CellId;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    error::KafkaError,
    types::RDKafkaErrorCode,
};
use tokio::{task::spawn_blocking, time::Instant};

use crate::{client::Context, config::Config, refusal::OpenRefusal};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// How long the brokers may take for a change.
const PATIENCE: Duration = Duration::from_secs(20);

/// How soon it is looked again for a topic that was just made.
const LOOK: Duration = Duration::from_millis(50);

/// How a topic is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) name: String,
    /// The setting that says how many partitions there are.
    setting: &'static str,
    partitions: i32,
    /// For how long records stay, in milliseconds; -1 for as long as nobody forgets them.
    retention_ms: String,
}

/// What the cell's processes tell each other. Nothing goes by age: a cell that was down for a month has lost nothing.
pub(crate) fn messages(cell: &CellId, config: &Config) -> Layout {
    Layout {
        name: format!("{}.{cell}.messages", config.prefix),
        setting: "partitions",
        partitions: i32::from(config.partitions),
        retention_ms: "-1".to_owned(),
    }
}

/// What all cells tell everyone.
pub(crate) fn public(config: &Config) -> Layout {
    Layout {
        name: format!("{}.public", config.prefix),
        setting: "public_partitions",
        partitions: i32::from(config.public_partitions),
        retention_ms: (u64::from(config.public_days) * DAY_MS).to_string(),
    }
}

/// A topic as it is, whose partitions are chosen here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) name: String,
    partitions: u64,
}

impl Place {
    /// Looks at a topic.
    ///
    /// Errors: it cannot be looked at, or is not there.
    pub(crate) async fn of(
        admin: &Arc<AdminClient<Context>>,
        layout: &Layout,
        config: &Config,
    ) -> Result<Self, OpenRefusal> {
        let found = partitions_of(admin, &layout.name, config).await;
        let refused = |why: String| OpenRefusal::Topic {
            topic: layout.name.clone(),
            places: config.places(),
            what: "looked at",
            why,
            check: "check that it was made, or let it be made by `make_topics = true`".to_owned(),
        };
        match found {
            Ok(0) => Err(refused("it is not there".to_owned())),
            Ok(found) => Ok(Self {
                name: layout.name.clone(),
                partitions: u64::try_from(found).unwrap_or(u64::MAX),
            }),
            Err(error) => Err(refused(error.to_string())),
        }
    }

    /// Where a cell's messages lie: the same for all cells.
    pub(crate) fn partition_of(&self, source: &CellId) -> i32 {
        let hash = xxhash_rust::xxh3::xxh3_64(source.as_str().as_bytes());
        i32::try_from(hash % self.partitions).unwrap_or(0)
    }
}

/// How many partitions a topic has; 0 if it is not there, also after a while: brokers tell of one that was just made a little later.
async fn partitions_of(
    admin: &Arc<AdminClient<Context>>,
    topic: &str,
    config: &Config,
) -> Result<usize, KafkaError> {
    let begun = Instant::now();
    loop {
        let (asked, name, patience) = (Arc::clone(admin), topic.to_owned(), config.open_max());
        let metadata =
            spawn_blocking(move || asked.inner().fetch_metadata(Some(&name), patience)).await;
        let metadata = metadata.expect("the library does not panic")?;
        let found = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
        if found > 0 || begun.elapsed() >= patience {
            return Ok(found);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Where dead letters are shown.
pub(crate) fn dead_letters(cell: &CellId, config: &Config) -> Layout {
    Layout {
        name: format!("{}.{cell}.dead-letters", config.prefix),
        setting: "",
        partitions: 1,
        retention_ms: (u64::from(config.dead_letter_days) * DAY_MS).to_string(),
    }
}

/// Makes the topics that are not there.
///
/// Errors: one cannot be made, or is there and laid out in another way.
pub(crate) async fn ensure(
    admin: &Arc<AdminClient<Context>>,
    layouts: &[Layout],
    config: &Config,
) -> Result<(), OpenRefusal> {
    for layout in layouts {
        if make(admin, layout, config).await? {
            tracing::info!(
                topic = layout.name,
                partitions = layout.partitions,
                copies = config.replication,
                retention_ms = layout.retention_ms,
                "made a topic"
            );
        } else {
            check(admin, layout, config).await?;
        }
    }
    Ok(())
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

/// False if it is there.
async fn make(
    admin: &Arc<AdminClient<Context>>,
    layout: &Layout,
    config: &Config,
) -> Result<bool, OpenRefusal> {
    let copies = i32::from(config.replication);
    let in_sync = copies.saturating_sub(1).max(1).to_string();
    let topic = NewTopic::new(&layout.name, layout.partitions, TopicReplication::Fixed(copies))
        .set("retention.ms", &layout.retention_ms)
        .set("cleanup.policy", "delete")
        .set("min.insync.replicas", &in_sync)
        // What is forgotten goes with its segment.
        .set("segment.bytes", "67108864");
    let refused = |why: String, check: String| OpenRefusal::Topic {
        topic: layout.name.clone(),
        places: config.places(),
        what: "made",
        why,
        check,
    };
    let made = admin.create_topics([&topic], &options()).await;
    let made =
        made.map_err(|error| refused(error.to_string(), "check the brokers' logs".to_owned()))?;
    match made.into_iter().next() {
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
        Some(Err((_, code))) => {
            let check = match code {
                RDKafkaErrorCode::InvalidReplicationFactor => {
                    format!("there are fewer brokers than copies are asked for: set `replication` below {copies}, or start more brokers")
                }
                RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed => {
                    "whoever comes from here may not make topics: make it with these settings, or allow it".to_owned()
                }
                _ => "check the brokers' logs".to_owned(),
            };
            Err(refused(code.to_string(), check))
        }
        _ => Ok(true),
    }
}

async fn check(
    admin: &Arc<AdminClient<Context>>,
    layout: &Layout,
    config: &Config,
) -> Result<(), OpenRefusal> {
    let Layout { name, setting, partitions, retention_ms } = layout;
    let unseen = |why: String| OpenRefusal::Topic {
        topic: name.clone(),
        places: config.places(),
        what: "looked at",
        why,
        check: "check the brokers' logs, and that whoever comes from here may describe it"
            .to_owned(),
    };
    let other = |found: String, asked: String, mend: String| OpenRefusal::OtherLayout {
        topic: name.clone(),
        places: config.places(),
        found,
        asked,
        mend,
    };
    let found = partitions_of(admin, name, config).await;
    let found = found.map_err(|error| unseen(error.to_string()))?;
    if i32::try_from(found).unwrap_or(i32::MAX) < *partitions {
        let mend = format!(
            "set `{setting} = {found}`, or raise it while the topic is empty: kafka-topics.sh --alter --topic {name} --partitions {partitions}"
        );
        return Err(other(format!("{found} partitions"), partitions.to_string(), mend));
    }
    let described = admin.describe_configs([&ResourceSpecifier::Topic(name)], &options()).await;
    let described = described.map_err(|error| unseen(error.to_string()))?;
    let described = match described.into_iter().next() {
        Some(Ok(described)) => described,
        Some(Err(code)) => return Err(unseen(code.to_string())),
        None => return Err(unseen("no answer".to_owned())),
    };
    for (setting, asked) in [("retention.ms", retention_ms.as_str()), ("cleanup.policy", "delete")]
    {
        let found = described.get(setting).and_then(|entry| entry.value.as_deref());
        if found != Some(asked) {
            let found = format!("{setting}={}", found.unwrap_or_default());
            let mend = format!(
                "kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config {setting}={asked}"
            );
            return Err(other(found, format!("{setting}={asked}"), mend));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn where_a_cell_lies_is_the_same_for_all_builds() {
        let place = Place { name: "souk.public".to_owned(), partitions: 12 };
        let of = |cell: &str| place.partition_of(&cell.parse().unwrap());
        assert_eq!(["cell-1", "cell-2", "cell-3", "fez"].map(of), [6, 2, 0, 2]);
    }
}

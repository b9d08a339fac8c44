//! Which topics there are, how they are laid out, and whether those that are there are laid out so.

use std::{sync::Arc, time::Duration};

use base_ids::CellId;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    types::RDKafkaErrorCode,
};
use tokio::task::spawn_blocking;

use crate::{client::Context, config::Config, refusal::OpenRefusal};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// How long the brokers may take for a change.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a topic is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) name: String,
    /// The setting that says how many partitions there are.
    partitions_of: &'static str,
    partitions: i32,
    /// For how long records stay, in milliseconds; -1 for as long as nobody forgets them.
    retention_ms: String,
}

/// What the cell's processes tell each other. Nothing goes by age: a cell that was down for a month has lost nothing.
pub(crate) fn messages(cell: &CellId, config: &Config) -> Layout {
    Layout {
        name: format!("{}.{cell}.messages", config.prefix),
        partitions_of: "partitions",
        partitions: i32::from(config.partitions),
        retention_ms: "-1".to_owned(),
    }
}

/// Where dead letters are shown.
pub(crate) fn dead_letters(cell: &CellId, config: &Config) -> Layout {
    Layout {
        name: format!("{}.{cell}.dead-letters", config.prefix),
        partitions_of: "",
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
    let Layout { name, partitions_of, partitions, retention_ms } = layout;
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
    let (asked, topic, patience) = (Arc::clone(admin), name.clone(), config.open_max());
    let metadata =
        spawn_blocking(move || asked.inner().fetch_metadata(Some(&topic), patience)).await;
    let metadata = metadata.expect("the library does not panic");
    let metadata = metadata.map_err(|error| unseen(error.to_string()))?;
    let found = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    if i32::try_from(found).unwrap_or(i32::MAX) < *partitions {
        let mend = format!(
            "set `{partitions_of} = {found}`, or raise it while the topic is empty: kafka-topics.sh --alter --topic {name} --partitions {partitions}"
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

//! Why the topics do not open, in words that say what to check.

use rdkafka::error::KafkaError;

/// Why the topics do not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenRefusal {
    /// A setting is wrong.
    #[error("Kafka is not set up right: {0}")]
    Settings(String),
    /// No broker answers.
    #[error(
        "no broker of Kafka answers at {places} within {millis} ms; check that it runs, that the addresses are right, that its advertised addresses can be reached from here and that no firewall is between"
    )]
    Unreachable {
        /// Which were tried.
        places: String,
        /// For how long.
        millis: u64,
        /// What the library said.
        #[source]
        cause: KafkaError,
    },
    /// A topic cannot be made or looked at.
    #[error("the topic {topic} at {places} cannot be {what}: {why}; {check}")]
    Topic {
        /// Which.
        topic: String,
        /// Where.
        places: String,
        /// What was tried.
        what: &'static str,
        /// What the brokers said.
        why: String,
        /// What to check.
        check: String,
    },
    /// A topic is there and laid out in another way.
    #[error("the topic {topic} at {places} has {found} and the settings ask for {asked}; {mend}")]
    OtherLayout {
        /// Which.
        topic: String,
        /// Where.
        places: String,
        /// What is there.
        found: String,
        /// What the settings ask for.
        asked: String,
        /// What to do.
        mend: String,
    },
    /// The library refuses.
    #[error("the library for Kafka cannot be set up for {places}")]
    Library {
        /// Where.
        places: String,
        /// Why not.
        #[source]
        cause: KafkaError,
    },
}

//! How the brokers are reached, and how the topics are laid out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of a cell's topics on Kafka.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Some brokers, as `host:port`; the others are found through them.
    pub brokers: Vec<String>,
    /// How the names of all topics begin: the same for all cells that are to hear each other's public messages there.
    pub prefix: String,
    /// Whether topics that are missing are made, and those that are there looked at; false where somebody else sees to that.
    pub make_topics: bool,
    /// Partitions of the topic between the cell's processes: at most so many of them share the work. Not to be changed while it holds
    /// messages.
    pub partitions: u16,
    /// Copies that new topics keep; all but one of them have what is acknowledged. 3 wherever losing a machine must not stop the cell.
    pub replication: u8,
    /// Whether the cell's public messages are told in the topic of all cells, `<prefix>.public`, and those of others heard there. Cells
    /// that are not there are followed over the mesh.
    pub public: bool,
    /// Partitions of the topic of all cells, if it is made; at most so many pods of a cell share the following.
    pub public_partitions: u16,
    /// Days that public messages stay in their topic; whoever was away for longer is told over the mesh.
    pub public_days: u16,
    /// Days that dead letters are shown in their topic; the store keeps them until somebody decides.
    pub dead_letter_days: u16,
    /// Milliseconds that a message may take until enough brokers have it: 1,000 to 300,000. Then it is tried again.
    pub send_ms_max: u64,
    /// Milliseconds without a sign of life after which the share of a process passes on: 6,000 to 300,000, as brokers allow unless
    /// they are told otherwise.
    pub silent_ms_max: u64,
    /// Milliseconds that the first answer of the brokers may take at the start: 500 to 60,000.
    pub open_ms_max: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            brokers: vec!["127.0.0.1:9092".to_owned()],
            prefix: "souk".to_owned(),
            make_topics: true,
            partitions: 12,
            replication: 3,
            public: true,
            public_partitions: 12,
            public_days: 3,
            dead_letter_days: 30,
            send_ms_max: 30_000,
            silent_ms_max: 6_000,
            open_ms_max: 10_000,
        }
    }
}

impl Config {
    /// The defaults, on these brokers.
    pub fn new(brokers: impl IntoIterator<Item = String>) -> Self {
        Self { brokers: brokers.into_iter().collect(), ..Self::default() }
    }

    /// What is wrong with the settings; all of it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.brokers.is_empty() {
            mistakes.push("brokers is empty; name some as host:port".to_owned());
        }
        let odd = self.brokers.iter().filter(|broker| base_config::host_and_port(broker).is_none());
        mistakes.extend(odd.map(|broker| format!("brokers: `{broker}` is not host:port")));
        if !is_plain(&self.prefix) {
            mistakes.push("prefix must be 1 to 100 of a-z, A-Z, 0-9, - and _".to_owned());
        }
        let bounds = [
            ("partitions", u64::from(self.partitions), 1..=1_000),
            ("replication", u64::from(self.replication), 1..=9),
            ("public_partitions", u64::from(self.public_partitions), 1..=1_000),
            ("public_days", u64::from(self.public_days), 1..=3_650),
            ("dead_letter_days", u64::from(self.dead_letter_days), 1..=3_650),
            ("send_ms_max", self.send_ms_max, 1_000..=300_000),
            ("silent_ms_max", self.silent_ms_max, 6_000..=300_000),
            ("open_ms_max", self.open_ms_max, 500..=60_000),
        ];
        for (field, value, allowed) in bounds {
            if !allowed.contains(&value) {
                let (least, most) = (allowed.start(), allowed.end());
                mistakes.push(format!("{field} must be {least} to {most}"));
            }
        }
        mistakes
    }

    /// The brokers as one text.
    pub(crate) fn places(&self) -> String {
        self.brokers.join(",")
    }

    pub(crate) fn open_max(&self) -> Duration {
        Duration::from_millis(self.open_ms_max)
    }
}

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=100).contains(&name.len()) && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_defaults_are_right_and_each_mistake_is_named() {
        assert_eq!(Config::default().mistakes(), Vec::<String>::new());
        let wrong = Config {
            brokers: vec!["a".to_owned(), "b:9092".to_owned()],
            prefix: "souk.".to_owned(),
            make_topics: true,
            partitions: 0,
            replication: 0,
            public: true,
            public_partitions: 0,
            public_days: 0,
            dead_letter_days: 0,
            send_ms_max: 1,
            silent_ms_max: 1,
            open_ms_max: 1,
        };
        let mistakes = wrong.mistakes();
        for word in [
            "`a` is not",
            "prefix",
            "partitions",
            "replication",
            "dead_letter_days",
            "public_partitions",
            "public_days",
            "send_ms_max",
            "silent_ms_max",
            "open_ms_max",
        ] {
            assert!(mistakes.iter().any(|text| text.contains(word)), "{word}: {mistakes:?}");
        }
        assert_eq!(mistakes.len(), 10);
    }
}

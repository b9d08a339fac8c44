//! How the engine is reached, and how the pods of a cell look after each other.

use std::time::Duration;

use base_config::Secret;
use serde::{Deserialize, Serialize};

/// Settings of a cell's keyspace on ScyllaDB or Cassandra.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Some nodes of the engine, as `host:port`; the others are found through them.
    pub nodes: Vec<String>,
    /// The cell's own keyspace; made if it is missing. 1 to 48 of `a-z`, `0-9` and `_`, a letter first.
    pub keyspace: String,
    /// Copies of each row that a new keyspace keeps. 3 wherever losing a machine must not stop the cell.
    pub replication: u8,
    /// The data centre that is asked, where the engine has several.
    pub datacenter: Option<String>,
    /// The user, if the engine asks for one.
    pub user: Option<String>,
    /// The user's password.
    pub password: Secret,
    /// Milliseconds that a process waits at its start for an engine that does not answer yet.
    pub patience_ms: u64,
    /// Milliseconds that one call to the engine may take: 50 to 30,000.
    pub call_ms_max: u64,
    /// Milliseconds between two signs of life of a pod: 50 to 10,000.
    pub beat_ms: u64,
    /// Milliseconds without a sign of life after which a pod's work is taken over: at least five beats.
    pub silent_ms_max: u64,
    /// Messages on their way that are held in memory; of more only the place is held.
    pub held_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            nodes: vec!["127.0.0.1:9042".to_owned()],
            keyspace: "souk".to_owned(),
            replication: 3,
            datacenter: None,
            user: None,
            password: Secret::default(),
            patience_ms: 30_000,
            call_ms_max: 2_000,
            beat_ms: 1_000,
            silent_ms_max: 5_000,
            held_max: 20_000,
        }
    }
}

impl Config {
    /// The defaults, for a keyspace on these nodes.
    pub fn new(nodes: impl IntoIterator<Item = String>, keyspace: impl Into<String>) -> Self {
        let (nodes, keyspace) = (nodes.into_iter().collect(), keyspace.into());
        Self { nodes, keyspace, ..Self::default() }
    }

    /// What is wrong with the settings; all of it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if self.nodes.is_empty() {
            mistakes.push("nodes is empty; name some as host:port".to_owned());
        }
        let odd = self.nodes.iter().filter(|node| base_config::host_and_port(node).is_none());
        mistakes.extend(odd.map(|node| format!("nodes: `{node}` is not host:port")));
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let named = self.keyspace.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
            && self.keyspace.len() <= 48
            && self.keyspace.bytes().all(plain);
        if !named {
            let text = "keyspace must be 1 to 48 of a-z, 0-9 and _, a letter first";
            mistakes.push(text.to_owned());
        }
        if self.replication == 0 {
            mistakes.push("replication must be at least 1".to_owned());
        }
        if self.user.is_some() == self.password.is_empty() {
            mistakes.push("user and password are set both or not at all".to_owned());
        }
        if !(50..=30_000).contains(&self.call_ms_max) {
            mistakes.push("call_ms_max must be 50 to 30000".to_owned());
        }
        if !(50..=10_000).contains(&self.beat_ms) {
            mistakes.push("beat_ms must be 50 to 10000".to_owned());
        }
        if self.silent_ms_max < self.beat_ms.saturating_mul(5) {
            mistakes.push("silent_ms_max must be at least five times beat_ms".to_owned());
        }
        mistakes
    }

    pub(crate) fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms)
    }

    pub(crate) fn call_max(&self) -> Duration {
        Duration::from_millis(self.call_ms_max)
    }

    pub(crate) fn beat(&self) -> Duration {
        Duration::from_millis(self.beat_ms)
    }

    pub(crate) fn silent_max(&self) -> Duration {
        Duration::from_millis(self.silent_ms_max)
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_defaults_are_right_and_each_mistake_is_named() {
        assert_eq!(Config::default().mistakes(), Vec::<String>::new());
        let wrong = Config {
            nodes: vec!["a".to_owned(), "b:9042".to_owned(), ":1".to_owned()],
            keyspace: "Souk; DROP".to_owned(),
            replication: 0,
            user: Some("cell".to_owned()),
            call_ms_max: 1,
            beat_ms: 1_000,
            silent_ms_max: 4_999,
            ..Config::default()
        };
        let mistakes = wrong.mistakes();
        for word in
            ["`a` is not", "`:1` is not", "keyspace", "replication", "user", "call_ms", "silent_ms"]
        {
            assert!(mistakes.iter().any(|text| text.contains(word)), "{word}: {mistakes:?}");
        }
        assert_eq!(mistakes.len(), 7);
    }
}

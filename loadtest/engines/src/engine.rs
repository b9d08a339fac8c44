//! Which engines there are, and which nodes of each.

use std::{fmt, str::FromStr};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// An engine that a cell or the control plane can run on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Apache Cassandra: journals, views, timers.
    Cassandra,
    /// Apache Kafka in KRaft mode: the message log.
    Kafka,
    /// Redis: what may be lost.
    Redis,
    /// etcd: the control plane's state.
    Etcd,
    /// A server of S3's protocol over a directory: blobs.
    S3,
}

impl Engine {
    /// All of them, those that take longest to start first.
    pub const ALL: [Self; 5] = [Self::Cassandra, Self::Kafka, Self::Etcd, Self::Redis, Self::S3];

    /// As it is written in names of files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cassandra => "cassandra",
            Self::Kafka => "kafka",
            Self::Redis => "redis",
            Self::Etcd => "etcd",
            Self::S3 => "s3",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One process of an engine, such as `cassandra-2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeName {
    /// Of which.
    pub engine: Engine,
    /// From 1 on.
    pub number: u8,
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.engine, self.number)
    }
}

impl FromStr for NodeName {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let known = text.rsplit_once('-').and_then(|(name, number)| {
            let engine = Engine::ALL.into_iter().find(|engine| engine.as_str() == name)?;
            Some(Self { engine, number: number.parse().ok()? })
        });
        known.with_context(|| format!("`{text}` is no node; nodes are called as cassandra-1 is"))
    }
}

/// Which nodes are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which engines.
    pub engines: Vec<Engine>,
    /// How many nodes of Cassandra.
    pub ring: u8,
    /// How many members of etcd.
    pub members: u8,
    /// A current etcd, not Debian's.
    pub current_etcd: bool,
}

impl Wanted {
    /// How many nodes of an engine.
    pub fn nodes_of(&self, engine: Engine) -> u8 {
        match engine {
            Engine::Cassandra => self.ring,
            Engine::Etcd => self.members,
            Engine::Kafka | Engine::Redis | Engine::S3 => 1,
        }
    }
}

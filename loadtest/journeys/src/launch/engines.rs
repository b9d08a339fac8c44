//! Real engines under a fleet: a set of their own in its directory, which ends with it.

use std::{net::SocketAddr, path::Path};

use loadtest_engines::{Engine, NodeName, Place, Set, Standing, Wanted};
use serde::{Deserialize, Serialize};

use crate::say;

/// On what a fleet's processes keep what they keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// Nodes of Cassandra, where each cell has a keyspace, beside an S3 with the documents of all; without any each cell has its own
    /// disk.
    pub cassandra: u8,
    /// Whether the cells on Cassandra have a Kafka between their processes and among themselves, and a Redis for what they may lose.
    #[serde(default)]
    pub between: bool,
    /// So many cells keep to their own disk all the same, the first ones.
    #[serde(default)]
    pub apart: u16,
    /// Members of etcd, where control planes keep their state; without any the one has a directory.
    pub etcd: u8,
    /// Control planes that are one.
    pub control_planes: u8,
    /// Processes of each cell that is on Cassandra.
    #[serde(default = "one")]
    pub pods: u8,
}

fn one() -> u8 {
    1
}

impl Ground {
    /// Everybody on their own disk.
    pub const DISKS: Self =
        Self { cassandra: 0, between: false, apart: 0, etcd: 0, control_planes: 1, pods: 1 };
    /// Cells on Cassandra, Kafka, Redis and S3, the control plane on etcd.
    pub const REAL: Self = Self { cassandra: 1, between: true, etcd: 1, ..Self::DISKS };
    /// The same, but for a cell on its own disk.
    pub const MIXED: Self = Self { apart: 1, ..Self::REAL };

    /// Whether a cell is on the engines, and not on its own disk.
    pub(super) fn bears(self, cell: u16) -> bool {
        self.cassandra > 0 && cell > self.apart
    }

    /// How many processes a cell has.
    pub(super) fn pods_of(self, cell: u16) -> u8 {
        if self.bears(cell) { self.pods } else { 1 }
    }

    fn wanted(self) -> Wanted {
        let nodes = [
            (Engine::Cassandra, self.cassandra),
            (Engine::Kafka, self.between.into()),
            (Engine::Redis, self.between.into()),
            // Several processes of a cell have no directory in common.
            (Engine::S3, self.cassandra),
            (Engine::Etcd, self.etcd),
        ];
        let engines = nodes.into_iter().filter(|(_, nodes)| *nodes > 0);
        Wanted {
            engines: engines.map(|(engine, _)| engine).collect(),
            ring: self.cassandra,
            members: self.etcd,
            current_etcd: false,
        }
    }
}

impl Default for Ground {
    fn default() -> Self {
        Self::DISKS
    }
}

/// The engines of a fleet. Dropping it kills them, and so does the end of this process.
#[derive(Debug)]
pub struct Engines {
    set: Set,
    wanted: Wanted,
    nodes: Vec<(NodeName, SocketAddr)>,
}

impl Engines {
    /// Installs below `home` what is missing, starts what the ground needs in a folder, and waits until it answers; says what it does.
    ///
    /// Errors: something cannot be installed, or does not come up, with its last words.
    pub(super) async fn start(ground: Ground, home: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut set = Set::open_for_me(Place::apart(home, folder)?)?;
        let wanted = ground.wanted();
        if !wanted.engines.is_empty() {
            set.up(&wanted).await?;
        }
        let standings = set.standings().await;
        let nodes = standings.iter().map(|standing| (standing.node, standing.address));
        Ok(Self { nodes: nodes.collect(), set, wanted })
    }

    /// Every node.
    pub fn nodes(&self) -> Vec<NodeName> {
        self.nodes.iter().map(|(node, _)| *node).collect()
    }

    pub(super) fn pids(&self) -> Vec<(NodeName, u32)> {
        self.set.pids()
    }

    /// Where clients of an engine come in.
    pub(super) fn addresses(&self, engine: Engine) -> Vec<SocketAddr> {
        let of = self.nodes.iter().filter(|(node, _)| node.engine == engine);
        of.map(|(_, address)| *address).collect()
    }

    /// How all nodes are.
    pub async fn standings(&self) -> Vec<Standing> {
        self.set.standings().await
    }

    /// Kills a node as `kill -9` does.
    ///
    /// Errors: there is no such node, or it does not end.
    pub async fn kill(&mut self, node: NodeName) -> anyhow::Result<()> {
        self.set.kill(node).await
    }

    /// Has Redis forget all that it holds.
    ///
    /// Errors: it does not answer.
    pub async fn flush_redis(&self) -> anyhow::Result<()> {
        for address in self.addresses(Engine::Redis) {
            loadtest_engines::flush_redis(address).await?;
        }
        Ok(())
    }

    /// Starts who was killed again, on the same port and data, and waits until all answer.
    ///
    /// Errors: a node does not come up, with its last words.
    pub async fn back(&mut self) -> anyhow::Result<()> {
        if self.nodes.is_empty() {
            return Ok(());
        }
        self.set.up(&self.wanted).await?;
        let now = self.set.standings().await;
        for (was, is) in self.nodes.iter().zip(&now) {
            anyhow::ensure!(
                *was == (is.node, is.address),
                "{} came back at {}, not where it was",
                is.node,
                is.address
            );
        }
        Ok(())
    }

    /// Ends all nodes; their data stays.
    ///
    /// Errors: one does not end.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        if !self.nodes.is_empty() {
            say::line("stopping the engines");
        }
        self.set.down(false).await
    }
}

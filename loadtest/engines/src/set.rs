//! A set of engines: brought up, looked at, taken down.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use base_testkit::{Watch, eventually};
use futures_util::future::try_join_all;
use loadtest_kit::{Ports, proc, say};
use serde::{Deserialize, Serialize};

use crate::{
    engine::{Engine, NodeName, Wanted},
    place::Place,
    probe,
    process::Process,
    recipe::{self, Installed, Site},
};

/// What is known of a set between two calls.
const STATE: &str = "state.json";
/// Where everybody is, for those who connect.
const ADDRESSES: &str = "engines.json";
/// How long a node may take until it answers: a ring takes 20 seconds on a machine that has nothing else to do.
const PATIENCE: Duration = Duration::from_mins(4);
/// How much of a node's log stands in an error.
const LAST_LINES: usize = 25;

/// A set of engines on this machine.
#[derive(Debug)]
pub struct Set {
    place: Place,
    state: State,
    /// Whoever must not outlive this process; none of a set that goes on by itself.
    watches: Option<BTreeMap<NodeName, Watch>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    nodes: Vec<Node>,
    ports: BTreeMap<String, u16>,
    /// Whether etcd's data is that of a current one.
    #[serde(default)]
    current_etcd: bool,
    /// Whether Cassandra asks who comes in.
    #[serde(default)]
    asks_who: bool,
}

/// A node that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Node {
    site: Site,
    process: Option<Process>,
}

/// How a node is.
#[derive(Debug)]
pub struct Standing {
    /// Which.
    pub node: NodeName,
    /// Where clients come in.
    pub address: SocketAddr,
    /// Its process, if it runs.
    pub pid: Option<u32>,
    /// Its memory in MB, if it runs.
    pub resident_mb: Option<f64>,
    /// Its version if it is ready, or why not.
    pub answer: Result<String, String>,
}

impl Set {
    /// The set that lies there, running or not.
    ///
    /// Errors: what is known of it cannot be read.
    pub fn open(place: Place) -> anyhow::Result<Self> {
        let state = place.read(STATE)?.unwrap_or_default();
        Ok(Self { place, state, watches: None })
    }

    /// The same, but whatever it starts ends when it is dropped, and with this process, however that one ends.
    ///
    /// Errors: what is known of it cannot be read.
    pub fn open_for_me(place: Place) -> anyhow::Result<Self> {
        Ok(Self { watches: Some(BTreeMap::new()), ..Self::open(place)? })
    }

    /// Where it lies.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Lets nodes of Cassandra that are started from now on ask who comes in: `cassandra`, with the password `cassandra`.
    pub fn ask_who(&mut self) {
        self.state.asks_who = true;
    }

    /// Installs what is wanted and not there, starts what does not run, and waits until all of it answers.
    ///
    /// Errors: something cannot be installed, or a node does not come up, with its last words; what was started goes on.
    pub async fn up(&mut self, wanted: &Wanted) -> anyhow::Result<()> {
        let current_etcd = wanted.current_etcd;
        if wanted.engines.contains(&Engine::Etcd) {
            ensure!(
                self.nodes_of(Engine::Etcd).is_empty() || self.state.current_etcd == current_etcd,
                "the data of etcd is that of another version; take everything down with `down --wipe` first"
            );
            self.state.current_etcd = current_etcd;
        }
        for engine in &wanted.engines {
            self.plan(*engine, wanted.nodes_of(*engine))?;
        }
        let mut due = Vec::new();
        for engine in &wanted.engines {
            let installed = recipe::installed(*engine, &self.place, current_etcd)?;
            due.extend(self.start(*engine, &installed)?);
        }
        let set = &*self;
        try_join_all(due.into_iter().map(|node| set.until_ready(node))).await?;
        self.tell_addresses()
    }

    /// Gives the nodes of an engine their places, or finds those that they have.
    fn plan(&mut self, engine: Engine, nodes: u8) -> anyhow::Result<()> {
        let known = self.nodes_of(engine).len();
        ensure!(
            known == 0 || known == usize::from(nodes),
            "the data of {engine} is that of {known} in all; to have {nodes}, take everything down with `down --wipe` first"
        );
        for number in 1..=nodes {
            let name = NodeName { engine, number };
            let known = self.state.nodes.iter().position(|node| node.site.name == name);
            if known.is_some_and(|at| self.state.nodes[at].runs()) {
                continue;
            }
            let mates = self.nodes_of(engine);
            // The ports of a ring are those of all its nodes: they are held by those that run.
            let of_a_ring = nodes > 1 && engine == Engine::Cassandra;
            let stays = known.filter(|_| of_a_ring && mates.iter().any(|mate| mate.runs()));
            let site = match stays {
                Some(at) => self.state.nodes[at].site,
                None => self.site(name)?,
            };
            match known {
                Some(at) => self.state.nodes[at] = Node { site, process: None },
                None => self.state.nodes.push(Node { site, process: None }),
            }
        }
        self.keep()
    }

    /// A node's addresses: the same as last time if they are free.
    fn site(&mut self, name: NodeName) -> anyhow::Result<Site> {
        let mut ports = Ports::remembered(self.state.ports.clone());
        let mut claim = |what: &str| ports.claim(what).map(|address| address.port());
        // The nodes of Cassandra's ring have an address each and the same ports.
        let (host, who) = match name.engine {
            Engine::Cassandra => (name.number, name.engine.to_string()),
            _ => (1, name.to_string()),
        };
        let shared = name.engine == Engine::Cassandra && name.number > 1;
        let (client, peer_port) = if shared {
            let mate = self.nodes_of(name.engine)[0].site;
            (mate.client.port(), mate.peer_port)
        } else {
            let has_peers = matches!(name.engine, Engine::Cassandra | Engine::Kafka | Engine::Etcd);
            let peer = if has_peers { claim(&format!("{who} for its like"))? } else { 0 };
            (claim(&who)?, peer)
        };
        let has_tools = name.engine == Engine::Cassandra;
        let tools_port = if has_tools { claim(&format!("{name} for nodetool"))? } else { 0 };
        for remark in ports.take_remarks() {
            say::line(remark);
        }
        self.state.ports = ports.by_listener().clone();
        let host = IpAddr::V4(Ipv4Addr::new(127, 0, 0, host));
        let client = SocketAddr::new(host, client);
        Ok(Site { name, client, peer_port, tools_port, asks_who: self.state.asks_who })
    }

    /// Starts the nodes of an engine that do not run; returns which.
    fn start(&mut self, engine: Engine, installed: &Installed) -> anyhow::Result<Vec<Site>> {
        let sites: Vec<_> = self.nodes_of(engine).iter().map(|node| node.site).collect();
        let mut started = Vec::new();
        for at in 0..self.state.nodes.len() {
            let node = self.state.nodes[at];
            if node.site.name.engine != engine || node.runs() {
                continue;
            }
            let name = node.site.name;
            let mut command = recipe::command(&node.site, &sites, installed, &self.place)
                .with_context(|| format!("{name} cannot be started"))?;
            let process = Process::start(&mut command, &self.place.log(name))?;
            if let Some(watches) = &mut self.watches {
                watches.insert(name, Watch::over(process.pid)?);
            }
            self.state.nodes[at].process = Some(process);
            // Known at once: whoever is killed now leaves nothing that nobody can find.
            self.keep()?;
            started.push(node.site);
        }
        Ok(started)
    }

    async fn until_ready(&self, site: Site) -> anyhow::Result<()> {
        let (begun, name) = (Instant::now(), site.name);
        let nodes = u8::try_from(self.nodes_of(name.engine).len())?;
        let waited = eventually(PATIENCE, async || {
            if self.node(name).is_none_or(|node| !node.runs()) {
                return Ok(Err(anyhow::anyhow!("{name} ended while it was starting")));
            }
            probe::ready(name.engine, site.client, nodes).await.map(Ok)
        });
        let outcome = match waited.await {
            Ok(outcome) => outcome,
            Err(late) => {
                Err(anyhow::anyhow!("{name} at {} is not ready: {:#}", site.client, late.last))
            }
        };
        let version = outcome.map_err(|error| {
            let (words, log) = (self.place.last_words(name, LAST_LINES), self.place.log(name));
            anyhow::anyhow!("{error:#}\n{words}\nall of it: {}", log.display())
        })?;
        let took = begun.elapsed().as_millis();
        say::good(format!("{name} {version} at {} ({took} ms)", site.client));
        Ok(())
    }

    /// Ends all nodes; data stays unless it is to be wiped.
    ///
    /// Errors: one that does not end.
    pub async fn down(&mut self, wipe: bool) -> anyhow::Result<()> {
        let processes = self.state.nodes.iter().filter_map(|node| node.process);
        try_join_all(processes.map(Process::stop)).await?;
        for node in &mut self.state.nodes {
            node.process = None;
        }
        for (_, watch) in self.watches.iter_mut().flat_map(std::mem::take) {
            watch.lift()?;
        }
        if wipe {
            self.state = State::default();
            return self.place.wipe();
        }
        self.keep()
    }

    /// Kills a node as `kill -9` does.
    ///
    /// Errors: there is no such node, or it does not end.
    pub async fn kill(&mut self, name: NodeName) -> anyhow::Result<()> {
        let node = self.state.nodes.iter_mut().find(|node| node.site.name == name);
        let node = node.with_context(|| format!("there is no {name}"))?;
        if let Some(process) = node.process.take() {
            process.kill().await?;
        }
        if let Some(watch) = self.watches.as_mut().and_then(|watches| watches.remove(&name)) {
            watch.lift()?;
        }
        self.keep()
    }

    /// Lets Cassandra's `nodetool` do something at a node; true if it says that it went well.
    ///
    /// Errors: there is no such node, or it cannot be started.
    pub fn nodetool(&self, name: NodeName, args: &[String]) -> anyhow::Result<bool> {
        ensure!(name.engine == Engine::Cassandra, "{name} has no nodetool");
        let node = self.node(name).with_context(|| format!("there is no {name}"))?;
        let installed = recipe::installed(name.engine, &self.place, false)?;
        let mut command = recipe::nodetool(&node.site, &installed, &self.place);
        Ok(command.args(args).status().context("nodetool cannot be started")?.success())
    }

    /// The nodes that run.
    pub fn pids(&self) -> Vec<(NodeName, u32)> {
        let running = self.state.nodes.iter().filter(|node| node.runs());
        running.filter_map(|node| Some((node.site.name, node.process?.pid))).collect()
    }

    /// How all nodes are.
    pub async fn standings(&self) -> Vec<Standing> {
        let mut all = Vec::new();
        for node in &self.state.nodes {
            let Site { name, client, .. } = node.site;
            let pid = node.process.filter(|process| process.runs()).map(|process| process.pid);
            let nodes = u8::try_from(self.nodes_of(name.engine).len()).unwrap_or(u8::MAX);
            let answer = match pid {
                Some(_) => probe::ready(name.engine, client, nodes).await,
                None => Err(anyhow::anyhow!("it does not run")),
            };
            all.push(Standing {
                node: name,
                address: client,
                pid,
                resident_mb: pid.and_then(|pid| proc::resident_mb(pid).ok()),
                answer: answer.map_err(|error| format!("{error:#}")),
            });
        }
        all
    }

    /// The file that says where everybody is.
    pub fn addresses_file(&self) -> PathBuf {
        self.place.set_folder().join(ADDRESSES)
    }

    fn tell_addresses(&self) -> anyhow::Result<()> {
        let mut addresses: BTreeMap<Engine, Vec<SocketAddr>> = BTreeMap::new();
        for node in &self.state.nodes {
            addresses.entry(node.site.name.engine).or_default().push(node.site.client);
        }
        if addresses.is_empty() {
            bail!("no engine is wanted");
        }
        self.place.write(ADDRESSES, &addresses).map(drop)
    }

    fn nodes_of(&self, engine: Engine) -> Vec<&Node> {
        self.state.nodes.iter().filter(|node| node.site.name.engine == engine).collect()
    }

    fn node(&self, name: NodeName) -> Option<&Node> {
        self.state.nodes.iter().find(|node| node.site.name == name)
    }

    fn keep(&self) -> anyhow::Result<()> {
        self.place.write(STATE, &self.state).map(drop)
    }
}

impl Node {
    fn runs(&self) -> bool {
        self.process.is_some_and(Process::runs)
    }
}

//! Where a store can be opened again and again: a directory, or a prefix of etcd that nobody else has.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use base_testkit::TestEngine;
use cp_etcd::{Client, Config, Fair, Weather};
use cp_store::{Leader, Standing, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Longest wait for anything that must happen: it tells a test that hangs from one that waits on a busy machine, and nothing else.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// One state, whoever opens it.
pub(crate) enum Stage {
    Directory(TempDir),
    Etcd(Box<EtcdStage>),
}

/// A prefix of etcd.
pub(crate) struct EtcdStage {
    pub(crate) config: Config,
    pub(crate) runtime: Runtime,
}

impl Stage {
    pub(crate) fn directory() -> Self {
        Self::Directory(tempfile::tempdir().unwrap())
    }

    pub(crate) fn etcd() -> Option<Self> {
        EtcdStage::new().map(Box::new).map(Self::Etcd)
    }

    /// A store that leads.
    pub(crate) fn open(&self) -> Store {
        match self {
            Self::Directory(directory) => Store::open(directory.path()).unwrap(),
            Self::Etcd(etcd) => etcd.leader("cp-1"),
        }
    }

    /// As a restart does.
    pub(crate) fn reopen(&self, store: Store) -> Store {
        store.resign();
        drop(store);
        self.open()
    }
}

impl EtcdStage {
    pub(crate) fn new() -> Option<Self> {
        static STAGES: AtomicU32 = AtomicU32::new(0);
        let endpoints = TestEngine::Etcd.members()?;
        let number = STAGES.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("/souk-test/{}-{number}/", std::process::id());
        Some(Self::at(Config { endpoints, prefix, ..Config::default() }))
    }

    pub(crate) fn at(config: Config) -> Self {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        Self { config, runtime }
    }

    /// A client of the test's own.
    pub(crate) fn client(&self) -> Client {
        let _inside = self.runtime.enter();
        Client::new(&self.config).unwrap()
    }

    pub(crate) fn key(&self, behind: &str) -> String {
        format!("{}{behind}", self.config.prefix)
    }

    /// A store that does not stand for leader.
    pub(crate) fn follower(&self, weather: Arc<dyn Weather>) -> Store {
        let _inside = self.runtime.enter();
        let client = Client::in_weather(&self.config, weather).unwrap();
        Store::on_etcd(&self.config, client, self.runtime.handle().clone()).unwrap()
    }

    /// A store that leads.
    pub(crate) fn leader(&self, name: &str) -> Store {
        self.leader_in(name, Arc::new(Fair))
    }

    pub(crate) fn leader_in(&self, name: &str, weather: Arc<dyn Weather>) -> Store {
        let store = self.follower(weather);
        store.stand(candidate(name));
        until("it leads", || store.standing() == Standing::Leads);
        store
    }

    /// Ends the leader's lease, as time would.
    pub(crate) fn end_lease(&self) {
        let client = self.client();
        self.runtime.block_on(async {
            let page = client.get(&self.key("leader")).await.unwrap();
            if let Some(kv) = page.keys.first() {
                client.give_back(kv.lease).await.unwrap();
            }
        });
    }
}

pub(crate) fn candidate(name: &str) -> Leader {
    Leader { name: name.to_owned(), address: format!("{name}:7400") }
}

/// Waits until it is so.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

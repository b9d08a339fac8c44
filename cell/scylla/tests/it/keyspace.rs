//! A keyspace of a test's own, on the engine that is there or on one of the test's own; forgotten at its end.

use std::{sync::Arc, time::Duration};

use base_testkit::{TestEngine, eventually};
use base_time::Clock;
use cell_scylla::{Config, Scylla};
use scylla::client::{session::Session, session_builder::SessionBuilder};

/// A keyspace that is dropped by [`Keyspace::forget`].
pub(crate) struct Keyspace {
    pub(crate) config: Config,
    session: Session,
}

impl Keyspace {
    /// A new one; `None`, and said so, where no engine is.
    pub(crate) async fn new(test: &str) -> Option<Self> {
        let address = TestEngine::Cassandra.address(test)?;
        Some(Self::on(vec![address], 1).await)
    }

    /// On these nodes, with so many copies.
    pub(crate) async fn on(nodes: Vec<String>, replication: u8) -> Self {
        let session = session(&nodes).await;
        let name = format!("t_{}", uuid::Uuid::new_v4().simple());
        let config = Config {
            replication,
            beat_ms: 200,
            silent_ms_max: 2_000,
            call_ms_max: 10_000,
            ..Config::new(nodes, name)
        };
        Self { config, session }
    }

    /// Opened by a process with another clock.
    pub(crate) async fn open_by(&self, clock: impl Clock) -> Scylla {
        Box::pin(Scylla::open_by(&self.config, Arc::new(clock))).await.unwrap()
    }

    /// How many rows a question is answered with.
    pub(crate) async fn count(&self, text: &str) -> usize {
        let text = text.replace("KEYSPACE", &self.config.keyspace);
        let rows = self.session.query_unpaged(text, ()).await.unwrap();
        rows.into_rows_result().unwrap().rows_num()
    }

    /// The engine was started anew.
    pub(crate) async fn connect_again(&mut self) {
        self.session = session(&self.config.nodes).await;
    }

    pub(crate) async fn open(&self) -> Scylla {
        Box::pin(Scylla::open(&self.config)).await.unwrap()
    }

    /// Says something to the engine in its own words, in this keyspace.
    pub(crate) async fn say(&self, text: &str) {
        let text = text.replace("KEYSPACE", &self.config.keyspace);
        self.session.query_unpaged(text, ()).await.unwrap();
    }

    /// Takes everything away that was written. Much quicker than another keyspace.
    pub(crate) async fn empty(&self) {
        let tables = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?";
        let tables = self.session.query_unpaged(tables, (&self.config.keyspace,)).await.unwrap();
        let tables = tables.into_rows_result().unwrap();
        for table in tables.rows::<(String,)>().unwrap() {
            let (table,) = table.unwrap();
            if table != "laid_out" {
                let truncate = format!("TRUNCATE {}.{table}", self.config.keyspace);
                self.session.query_unpaged(truncate, ()).await.unwrap();
            }
        }
    }

    pub(crate) async fn forget(&self) {
        Box::pin(Scylla::wipe(&self.config)).await.unwrap();
    }
}

async fn session(nodes: &[String]) -> Session {
    let connected = eventually(Duration::from_secs(30), async || {
        SessionBuilder::new().known_nodes(nodes).fetch_schema_metadata(false).build().await
    });
    connected.await.unwrap()
}

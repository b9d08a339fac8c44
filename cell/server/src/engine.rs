//! The engine under the stores: the embedded one, or ScyllaDB or Cassandra.

use base_fault::Fault;
use base_telemetry::Metrics;
use cell_embedded::{Activity, Embedded};
use cell_runtime::port::Stores;
use cell_scylla::Scylla;
use tokio::sync::watch;

use crate::{activity, config::Config, start::StartError};

/// An open engine.
pub(crate) enum Engine {
    /// A directory of this process.
    Embedded(Embedded),
    /// A keyspace that several processes may share.
    Scylla(Scylla),
}

impl Engine {
    /// Opens the one that is configured.
    pub(crate) async fn open(config: &Config) -> Result<Self, StartError> {
        if let Some(scylla) = &config.scylla {
            return Ok(Self::Scylla(Box::pin(Scylla::open(scylla)).await?));
        }
        let store = config.store();
        let opened = tokio::task::spawn_blocking(move || Embedded::open(&store)).await;
        Ok(Self::Embedded(opened.expect("opening a store catches its panics")?))
    }

    /// The ports on it.
    pub(crate) fn stores(&self) -> Stores {
        match self {
            Self::Embedded(store) => store.stores(),
            Self::Scylla(store) => store.stores(),
        }
    }

    /// Puts its own numbers on the admin port.
    pub(crate) fn register(&self, metrics: &Metrics) {
        let store = match self {
            Self::Scylla(store) => return activity::register_calls(metrics, store.counts()),
            Self::Embedded(store) => store.clone(),
        };
        activity::register(metrics, move || {
            let Activity { appends, events, groups, syncs } = store.activity();
            vec![
                ("cell_store_appends", "Appends that became durable", appends),
                ("cell_store_events", "Events in them", events),
                ("cell_store_groups", "Groups of writes that shared a sync", groups),
                ("cell_store_syncs", "Syncs of any file", syncs),
            ]
        });
    }

    /// Why it cannot go on. One that is reached over the network goes on when it is back.
    pub(crate) fn broken(&self) -> watch::Receiver<Option<Fault>> {
        match self {
            Self::Embedded(store) => store.broken(),
            Self::Scylla(_) => watch::channel(None).1,
        }
    }

    /// Closes it in order.
    ///
    /// Errors: what was acknowledged is kept all the same.
    pub(crate) async fn close(self) -> Result<(), Fault> {
        match self {
            Self::Embedded(store) => store.close().await,
            Self::Scylla(store) => store.close().await,
        }
    }
}

//! The shared suite on a real engine.

use std::sync::Arc;

use cell_runtime::{
    conformance::{self, BadDay, Subject},
    port::Stores,
};
use cell_scylla::{Mishap, Scylla, Step};

use crate::keyspace::Keyspace;

struct Pod {
    keyspace: Arc<Keyspace>,
    open: Option<Scylla>,
}

impl Subject for Pod {
    fn stores(&self) -> Stores {
        self.open.as_ref().expect("it is open").stores()
    }

    async fn reopen(&mut self) {
        self.open.take().expect("it is open").close().await.unwrap();
        self.open = Some(Box::pin(self.keyspace.open()).await);
    }

    fn forgets_by_itself(&self) -> bool {
        true
    }

    fn inject(&self, day: BadDay) -> bool {
        let mishaps = self.open.as_ref().expect("it is open").mishaps();
        match day {
            BadDay::FailBefore => mishaps.queue(Step::Append, Mishap::Refused, 1),
            BadDay::LoseAnswer => {
                mishaps.queue(Step::Append, Mishap::AnswerLost, 3);
                mishaps.queue(Step::ReadBack, Mishap::CallLost, 3);
            }
        }
        true
    }
}

/// A pod on the keyspace, in which nothing is left of the law before.
async fn fresh(keyspace: Arc<Keyspace>) -> Pod {
    keyspace.empty().await;
    let open = Some(keyspace.open().await);
    Pod { keyspace, open }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cassandra_keeps_every_law() {
    let Some(keyspace) = Keyspace::new("cassandra_keeps_every_law").await else { return };
    let keyspace = Arc::new(keyspace);
    // On the heap: the suite has room for the beginning of each of its subjects.
    let laws = conformance::all(async || Box::pin(fresh(keyspace.clone())).await);
    assert_eq!(Box::pin(laws).await, 33);
    keyspace.forget().await;
}

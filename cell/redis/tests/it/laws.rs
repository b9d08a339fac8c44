//! The shared laws, on Redis.

use base_ids::CellId;
use base_testkit::TestEngine;
use cell_redis::Redis;
use cell_runtime::conformance::ephemeral::{EphemeralSubject, laws};

use crate::{cell, open};

/// Two processes of one cell, and one of another.
struct Cells {
    address: String,
    cell: CellId,
    pods: [Redis; 2],
    other: Redis,
}

impl Cells {
    async fn new(address: &str) -> Self {
        let cell = cell();
        let pods = [open(address, &cell).await, open(address, &cell).await];
        let other = open(address, &self::cell()).await;
        Self { address: address.to_owned(), cell, pods, other }
    }
}

impl EphemeralSubject for Cells {
    type Store = Redis;

    fn pods(&self) -> [&Redis; 2] {
        self.pods.each_ref()
    }

    fn other_cell(&self) -> &Redis {
        &self.other
    }

    async fn forget(&mut self) {
        let client = redis::Client::open(format!("redis://{}", self.address)).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mine = format!("souk:{}:*", self.cell);
        let keys: Vec<String> =
            redis::cmd("KEYS").arg(mine).query_async(&mut connection).await.unwrap();
        assert!(keys.len() >= 3, "{keys:?}");
        redis::cmd("DEL").arg(keys).query_async::<()>(&mut connection).await.unwrap();
        // Processes that were started again remember nothing either.
        self.pods = [open(&self.address, &self.cell).await, open(&self.address, &self.cell).await];
    }
}

#[tokio::test]
async fn redis_keeps_every_law() {
    let Some(address) = TestEngine::Redis.address("redis_keeps_every_law") else { return };
    assert_eq!(laws(async || Cells::new(&address).await).await, 6);
}

#[tokio::test]
async fn every_key_ends_by_itself() {
    let Some(address) = TestEngine::Redis.address("every_key_ends_by_itself") else { return };
    laws(async || Cells::new(&address).await).await;
    let client = redis::Client::open(format!("redis://{address}")).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> =
        redis::cmd("KEYS").arg("souk:*").query_async(&mut connection).await.unwrap();
    assert!(!keys.is_empty());
    for key in keys {
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
        assert_ne!(left, -1, "{key} stays for ever");
    }
}

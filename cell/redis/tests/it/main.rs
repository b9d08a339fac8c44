//! What is shared for a while, on a real Redis: the shared laws, a Redis that goes away and comes back, wrong credentials.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod away;
mod laws;
mod wire;

use base_ids::CellId;
use cell_redis::{Config, Redis};

/// A cell of the test's own, so that tests do not meet.
fn cell() -> CellId {
    format!("cell-{}", uuid::Uuid::new_v4().as_u128() >> 64).parse().unwrap()
}

/// Patient: what is tested is not how fast the machine is.
fn config(address: &str) -> Config {
    Config { address: address.to_owned(), call_ms_max: 1_000, ..Config::default() }
}

async fn open(address: &str, cell: &CellId) -> Redis {
    Redis::open(&config(address), cell).await.unwrap()
}

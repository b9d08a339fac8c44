//! How the embedded engine is set up.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Settings of the embedded engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the store lives; made if it is missing. One process at a time.
    pub directory: PathBuf,
    /// Bytes of blocks read from disk that are kept in memory.
    pub cache_bytes: u64,
    /// Bytes of fresh writes kept in memory before they are written out as a sorted table. Up to four such tables wait at once.
    pub memtable_bytes: u64,
    /// Most writes that share one sync.
    pub group_max: usize,
    /// Most writes that wait for their turn; more wait at the caller.
    pub queue_max: usize,
    /// Threads that write tables out and merge them.
    pub worker_threads: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("data"),
            cache_bytes: 16 << 20,
            memtable_bytes: 32 << 20,
            group_max: 512,
            queue_max: 1024,
            worker_threads: 4,
        }
    }
}

impl Config {
    /// The defaults, in `directory`.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), ..Self::default() }
    }
}

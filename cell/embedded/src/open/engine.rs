//! Opens the database itself, and catches what it throws.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, compaction::Leveled};

use crate::{config::Config, refusal::OpenRefusal};

/// The one tree.
const TREE: &str = "cell";
/// Most bytes of log on disk before the engine writes tables out to be rid of them; the least it takes.
const LOG_BYTES_MAX: u64 = 128 << 20;

/// Fresh tables that may lie over each other before they are merged. Twice the engine's default: each merge rewrites the level below,
/// so half as many merges are half the work, and the filters keep point reads out of the others.
const RUNS_MAX: u8 = 8;

/// A damaged log makes the engine return errors or panic; both become a refusal.
pub(super) fn open(config: &Config, path: &Path) -> Result<(Database, Keyspace), OpenRefusal> {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let database = Database::builder(path)
            .cache_size(config.cache_bytes)
            .max_journaling_size(LOG_BYTES_MAX)
            .worker_threads(config.worker_threads.max(1))
            .manual_journal_persist(true)
            .open()?;
        let options = || {
            KeyspaceCreateOptions::default()
                // The writer changes it before it comes to that.
                .max_memtable_size(u64::MAX)
                .compaction_strategy(Arc::new(Leveled::default().with_l0_threshold(RUNS_MAX)))
                .manual_journal_persist(true)
        };
        let tree = database.keyspace(TREE, options)?;
        Ok((database, tree))
    }));
    match opened {
        Ok(opened) => opened.map_err(|error| OpenRefusal::engine(&config.directory, error)),
        Err(thrown) => Err(OpenRefusal::damaged(&config.directory, &thrown_text(&*thrown))),
    }
}

fn thrown_text(thrown: &(dyn std::any::Any + Send)) -> String {
    let text = thrown
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| thrown.downcast_ref::<&str>().copied());
    format!("the engine panicked: {}", text.unwrap_or("without a word"))
}

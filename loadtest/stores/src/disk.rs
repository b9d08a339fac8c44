//! What the disk alone takes for a sync, just before each repetition: figures of a busy machine mean little without it.

use std::{io::Write as _, path::Path, time::Instant};

/// About what a group of 32 appends writes to the log.
pub(crate) const BYTES: usize = 32 << 10;
/// Syncs, one after the other; about a second's worth.
const SYNCS: usize = 1_000;

/// How long a sync took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syncs {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Appends to a file in `directory` and syncs it, again and again.
pub(crate) fn measure(directory: &Path) -> anyhow::Result<Syncs> {
    let mut file = tempfile::tempfile_in(directory)?;
    let bytes: Vec<u8> = (0..BYTES).map(|at| (at * 31 % 251) as u8).collect();
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&bytes)?;
        file.sync_data()?;
        took.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    Ok(Syncs { p50_ms: took[SYNCS / 2], p99_ms: took[SYNCS * 99 / 100] })
}

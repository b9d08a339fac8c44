//! Shares work out over the machine's cores, each piece in a thread of its own.

use std::{
    num::NonZero,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use parking_lot::Mutex;

/// Does the work for each, as many at once as there are cores; the results in the order of the works.
pub(crate) fn each<W: Sync, T: Send>(works: &[W], carry_out: impl Fn(&W) -> T + Sync) -> Vec<T> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(works.len())));
    let hands = thread::available_parallelism().map_or(1, NonZero::get).min(works.len());
    thread::scope(|scope| {
        for _ in 0..hands {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(work) = works.get(number) else { return };
                    let result = carry_out(work);
                    results.lock().push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner();
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

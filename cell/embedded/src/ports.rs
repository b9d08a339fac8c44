//! The ports, answered by the open store: a file per port.

mod fences;
mod journal;
mod outbox;
mod public;
mod rows;

use std::ops::Bound;

use crate::key;

/// Most keys that are read in place; about a tenth of a millisecond when they are in memory.
const IN_PLACE_MAX: usize = 512;

/// The range of keys that start with `prefix` and come after `after`; both ends as a tree wants them.
fn range(prefix: Vec<u8>, after: Option<Vec<u8>>) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let end = key::behind(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
    match after {
        Some(after) if after >= prefix => (Bound::Excluded(after), end),
        _ => (Bound::Included(prefix), end),
    }
}

/// The same read from behind: keys that start with `prefix` and come before `before`.
fn range_before(prefix: Vec<u8>, before: Option<Vec<u8>>) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let end = key::behind(&prefix);
    let end = match (end, before) {
        (Some(end), Some(before)) => Bound::Excluded(end.min(before)),
        (Some(only), None) | (None, Some(only)) => Bound::Excluded(only),
        (None, None) => Bound::Unbounded,
    };
    (Bound::Included(prefix), end)
}

/// Whether a range holds anything; the tree does not take one that ends in front of its start.
fn is_empty(range: &(Bound<Vec<u8>>, Bound<Vec<u8>>)) -> bool {
    match range {
        (Bound::Included(start) | Bound::Excluded(start), Bound::Excluded(end)) => start >= end,
        _ => false,
    }
}

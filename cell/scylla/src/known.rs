//! Streams of which this pod knows that nothing of their newest append is left to be made true.

use std::collections::HashMap;

use base_ids::StreamName;

/// Streams in one generation; about 2 MB.
const GENERATION_MAX: usize = 8_192;

/// Two generations: when the young one is full it becomes the old one, and the old one is forgotten.
#[derive(Default)]
pub(crate) struct Known {
    young: HashMap<StreamName, i64>,
    old: HashMap<StreamName, i64>,
}

impl Known {
    /// The counter up to which everything is finished.
    pub(crate) fn get(&self, stream: &StreamName) -> Option<i64> {
        self.young.get(stream).or_else(|| self.old.get(stream)).copied()
    }

    pub(crate) fn set(&mut self, stream: &StreamName, counter: i64) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(stream.clone(), counter);
    }
}

#[cfg(test)]
mod tests {
    use base_ids::StreamName;

    use super::{GENERATION_MAX, Known};

    #[test]
    fn what_was_seen_lately_is_known_and_memory_is_bounded() {
        let stream =
            |number: usize| -> StreamName { format!("users/a/carts/{number}").parse().unwrap() };
        let mut known = Known::default();
        for number in 0..3 * GENERATION_MAX {
            known.set(&stream(number), 7);
        }
        assert_eq!(known.get(&stream(3 * GENERATION_MAX - 1)), Some(7));
        assert_eq!(known.get(&stream(0)), None);
        assert!(known.young.len() + known.old.len() <= 2 * GENERATION_MAX);
    }
}

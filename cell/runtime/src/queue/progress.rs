//! How far a part of the log is over: up to the first message that was received and is not acknowledged.

use std::collections::BTreeSet;

/// How far a part of the log is over (Invariant queue-3). Holds only what was received and is not acknowledged.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    outstanding: BTreeSet<i64>,
    /// Behind all that was received.
    next: i64,
}

impl Progress {
    /// Of a part that is read from `start` on.
    pub fn from(start: i64) -> Self {
        Self { outstanding: BTreeSet::new(), next: start }
    }

    /// Notes that the message at `offset` was received. Offsets rise, with gaps where the log has none of ours.
    pub fn received(&mut self, offset: i64) {
        self.outstanding.insert(offset);
        self.next = self.next.max(offset + 1);
    }

    /// Notes that the message at `offset` is acknowledged; true if that moves [`Self::over`].
    pub fn acknowledged(&mut self, offset: i64) -> bool {
        let before = self.over();
        self.outstanding.remove(&offset) && self.over() > before
    }

    /// Where reading has to go on if nobody is left: everything before it is acknowledged.
    pub fn over(&self) -> i64 {
        self.outstanding.first().copied().unwrap_or(self.next)
    }

    /// How many are received and not acknowledged.
    pub fn outstanding(&self) -> usize {
        self.outstanding.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn an_acknowledgement_does_not_reach_over_what_lies_before_it() {
        let mut progress = Progress::from(7);
        assert_eq!(progress.over(), 7);
        for offset in [7, 8, 11] {
            progress.received(offset);
        }
        assert!(!progress.acknowledged(8));
        assert!(!progress.acknowledged(11));
        assert_eq!((progress.over(), progress.outstanding()), (7, 1));
        assert!(progress.acknowledged(7), "the others were only waiting for it");
        assert_eq!((progress.over(), progress.outstanding()), (12, 0));
        assert!(!progress.acknowledged(7), "twice is once");
    }

    #[test]
    fn a_gap_in_the_log_holds_nothing_up() {
        let mut progress = Progress::from(0);
        progress.received(3);
        assert_eq!(progress.over(), 3);
        assert!(progress.acknowledged(3));
        assert_eq!(progress.over(), 4);
    }
}

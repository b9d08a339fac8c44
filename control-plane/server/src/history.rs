//! What changed with each of the last tables: a bounded number of steps, and of rows in them.

use std::collections::VecDeque;

use base_ids::Epoch;
use router_table::{Changed, Table};

/// Most steps that are remembered.
const STEPS_MAX: usize = 256;
/// Most rows that are remembered in all steps; more of them are cheaper sent as a whole table.
const ROWS_MAX: usize = 65_536;

/// The last steps from one published table to the next one.
#[derive(Debug, Default)]
pub(crate) struct History {
    steps: VecDeque<Step>,
    rows: usize,
}

#[derive(Debug)]
struct Step {
    since: Epoch,
    changed: Changed,
}

impl History {
    /// Remembers the step from one table to the next.
    pub(crate) fn note(&mut self, from: &Table, to: &Table) {
        self.push(Step { since: from.epoch(), changed: Changed::between(from, to) });
    }

    fn push(&mut self, step: Step) {
        self.rows += step.changed.rows();
        self.steps.push_back(step);
        while self.steps.len() > STEPS_MAX || self.rows > ROWS_MAX {
            let Some(gone) = self.steps.pop_front() else { return };
            self.rows -= gone.changed.rows();
        }
    }

    /// All that changed since the table of that epoch was published; nothing if the way from there is not known any more.
    pub(crate) fn since(&self, epoch: Epoch) -> Option<Changed> {
        let first = self.steps.iter().position(|step| step.since == epoch)?;
        let mut changed = Changed::default();
        for step in self.steps.iter().skip(first) {
            changed.add(&step.changed);
        }
        Some(changed)
    }
}

#[cfg(test)]
mod tests {
    use base_ids::{Epoch, Slot};
    use router_table::Changed;

    use super::{History, ROWS_MAX, STEPS_MAX, Step};

    fn step(since: u64, slots: std::ops::Range<u16>) -> Step {
        let changed = Changed { slots: slots.map(Slot).collect(), ..Changed::default() };
        Step { since: Epoch(since), changed }
    }

    #[test]
    fn steps_add_up_from_any_epoch_that_is_remembered() {
        let mut history = History::default();
        for since in 1..=3_u16 {
            history.push(step(since.into(), since..since + 2));
        }
        let rows = |since| history.since(Epoch(since)).map(|changed| changed.rows());
        assert_eq!([rows(1), rows(2), rows(3)], [Some(4), Some(3), Some(2)]);
        assert_eq!([rows(0), rows(4)], [None, None], "never published, or the newest");
    }

    #[test]
    fn steps_and_rows_are_bounded() {
        let mut history = History::default();
        for since in 0..=STEPS_MAX as u64 {
            history.push(step(since, 0..1));
        }
        assert!(history.since(Epoch(0)).is_none() && history.since(Epoch(1)).is_some());
        let half = u16::try_from(ROWS_MAX / 2).unwrap();
        for since in 300..303 {
            history.push(step(since, 0..half));
        }
        assert!(history.since(Epoch(300)).is_none() && history.since(Epoch(301)).is_some());
        assert!(history.rows <= ROWS_MAX);
    }
}

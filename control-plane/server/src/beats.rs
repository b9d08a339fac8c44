//! Which cells were heard of lately. In memory only: it never decides who owns what.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use base_ids::CellId;
use base_time::Timestamp;

/// How many earlier starts of a cell are remembered, to refuse one that still runs.
const FORMER_MAX: usize = 8;

/// The last beat of every cell since the control plane started.
#[derive(Debug, Default)]
pub(crate) struct Beats(BTreeMap<CellId, Beat>);

/// What a cell said with its last beat.
#[derive(Debug)]
pub(crate) struct Beat {
    /// Which start of the cell's process it was.
    pub(crate) boot: String,
    pub(crate) at: Timestamp,
    /// Highest commit of the cell's store.
    pub(crate) commit: u64,
    former: VecDeque<String>,
}

/// A beat of a process that another one has taken over from.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cell {cell} was started again (boot {newer}); this process (boot {boot}) is no longer the cell: stop it, or give it another id"
)]
pub(crate) struct Superseded {
    cell: CellId,
    boot: String,
    newer: String,
}

impl Beats {
    /// Whether a beat of this start of the cell counts: not if a later one has been heard of.
    pub(crate) fn admit(&self, cell: &CellId, boot: &str) -> Result<(), Superseded> {
        match self.0.get(cell) {
            Some(beat) if beat.former.iter().any(|former| former == boot) => Err(Superseded {
                cell: cell.clone(),
                boot: boot.to_owned(),
                newer: beat.boot.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Notes a beat. Returns whether it is the first one of this start of the cell.
    pub(crate) fn note(&mut self, cell: &CellId, boot: &str, commit: u64, at: Timestamp) -> bool {
        let Some(beat) = self.0.get_mut(cell) else {
            let beat = Beat { boot: boot.to_owned(), at, commit, former: VecDeque::new() };
            self.0.insert(cell.clone(), beat);
            return true;
        };
        let started = beat.boot != boot;
        if started {
            beat.former.push_front(std::mem::replace(&mut beat.boot, boot.to_owned()));
            beat.former.truncate(FORMER_MAX);
        }
        beat.at = at;
        beat.commit = commit;
        started
    }

    /// The cell's last beat, if it was heard of since the control plane started.
    pub(crate) fn of(&self, cell: &CellId) -> Option<&Beat> {
        self.0.get(cell)
    }

    /// Whether the cell was heard of within `silence_max`.
    pub(crate) fn alive(&self, cell: &CellId, now: Timestamp, silence_max: Duration) -> bool {
        self.of(cell).is_some_and(|beat| now.since(beat.at) <= silence_max)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base_ids::CellId;
    use base_time::Timestamp;

    use super::Beats;

    #[test]
    fn a_cell_is_alive_until_it_has_missed_its_beats() {
        let cell: CellId = "cell-1".parse().unwrap();
        let mut beats = Beats::default();
        let at = Timestamp::from_millis;
        assert!(!beats.alive(&cell, at(0), Duration::from_secs(5)));
        beats.note(&cell, "a", 1, at(1000));
        assert!(beats.alive(&cell, at(6000), Duration::from_secs(5)));
        assert!(!beats.alive(&cell, at(6001), Duration::from_secs(5)));
    }

    #[test]
    fn of_two_processes_with_one_id_the_later_one_is_the_cell() {
        let cell: CellId = "cell-1".parse().unwrap();
        let mut beats = Beats::default();
        assert!(beats.note(&cell, "a", 1, Timestamp::from_millis(1)));
        assert!(!beats.note(&cell, "a", 1, Timestamp::from_millis(2)));
        beats.admit(&cell, "b").unwrap();
        assert!(beats.note(&cell, "b", 1, Timestamp::from_millis(3)));
        let refusal = beats.admit(&cell, "a").unwrap_err();
        assert!(refusal.to_string().contains("started again (boot b)"));
        beats.admit(&cell, "b").unwrap();
    }
}

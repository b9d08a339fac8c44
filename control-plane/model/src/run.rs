//! Slots as people read them: runs of neighbours with the same owner and generation.

use base_ids::{CellId, Generation, Slot};

use crate::Ownership;

/// Neighbouring slots with the same owner, generation and hold, or that nobody owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRun {
    /// The first slot of the run.
    pub first: Slot,
    /// The last slot of the run.
    pub last: Slot,
    /// Who owns them; nobody yet, if none.
    pub cell: Option<CellId>,
    /// The generation of each of them; 0 if nobody owns them.
    pub generation: Generation,
    /// Whether their writes wait.
    pub held: bool,
}

/// Cuts the slots into runs, in order.
pub(crate) fn runs<'a>(rows: impl Iterator<Item = (Slot, Option<&'a Ownership>)>) -> Vec<SlotRun> {
    let mut runs: Vec<SlotRun> = Vec::new();
    for (slot, row) in rows {
        let (cell, generation) =
            row.map_or((None, Generation(0)), |row| (Some(&row.owner), row.generation));
        let held = row.is_some_and(|row| row.held.is_some());
        match runs.last_mut() {
            Some(run)
                if run.cell.as_ref() == cell
                    && (run.generation, run.held) == (generation, held) =>
            {
                run.last = slot;
            }
            _ => runs.push(SlotRun {
                first: slot,
                last: slot,
                cell: cell.cloned(),
                generation,
                held,
            }),
        }
    }
    runs
}

//! What is remembered of an import in order to decide.

use std::collections::BTreeSet;

use base_ids::ResourceId;
use base_time::Timestamp;
use cell_words::import::Outcome;
use serde::{Deserialize, Serialize};

use crate::event::Event;

/// What the stream remembers: an import, once it has begun.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The import.
    pub import: Option<Box<Import>>,
}

/// A file of offers on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Its name.
    pub import: ResourceId,
    /// When it was read.
    pub at: Timestamp,
    /// Lines with something on them.
    pub lines: u32,
    /// Lines whose offer is new.
    pub created: u32,
    /// Lines whose offer has changed.
    pub updated: u32,
    /// Lines whose offer was so already.
    pub unchanged: u32,
    /// Lines that could not be carried out.
    pub failed: u32,
    /// Lines that have not ended.
    pub pending: BTreeSet<u32>,
}

impl Import {
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::LinesFaulty { lines } => {
                self.failed += u32::try_from(lines.len()).unwrap_or(u32::MAX);
            }
            Event::LinesTaken { lines } => self.pending.extend(lines.iter().map(|line| line.line)),
            Event::LineNoted { line, outcome, .. } => {
                self.pending.remove(line);
                match outcome {
                    Outcome::Created => self.created += 1,
                    Outcome::Updated => self.updated += 1,
                    Outcome::Unchanged => self.unchanged += 1,
                    Outcome::Failed(_) => self.failed += 1,
                }
            }
            Event::ImportStarted { .. } => {}
        }
    }
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match (&mut self.import, event) {
            (None, Event::ImportStarted { import, lines, at }) => {
                self.import = Some(Box::new(Import {
                    import: import.clone(),
                    at: *at,
                    lines: *lines,
                    created: 0,
                    updated: 0,
                    unchanged: 0,
                    failed: 0,
                    pending: BTreeSet::new(),
                }));
            }
            (None, _) => {}
            (Some(import), event) => import.evolve(event),
        }
    }
}

//! How others read imports: how far each is, and what became of its lines.

use base_ids::{ResourceId, Tenant};
use base_time::Timestamp;
use cell_kernel::{Rows, Seen, View};
use cell_words::{LineProblem, import::Outcome};
use serde::{Deserialize, Serialize};

use crate::{Event, Imports as Rules, state::Import};

/// How far the vendor's imports are; keyed by the import, whose ids grow with time.
pub struct Imports;

/// How far an import is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// Whose.
    pub vendor: Tenant,
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
}

impl ImportRow {
    /// The row of an import as it is.
    pub(crate) fn of(vendor: &Tenant, import: &Import) -> Self {
        let Import { at, lines, created, updated, unchanged, failed, .. } = *import;
        let (vendor, import) = (vendor.clone(), import.import.clone());
        Self { vendor, import, at, lines, created, updated, unchanged, failed }
    }

    /// Lines that have not ended.
    pub fn pending(&self) -> u32 {
        let ended = [self.created, self.updated, self.unchanged, self.failed];
        ended.into_iter().fold(self.lines, u32::saturating_sub)
    }
}

impl View<Rules> for Imports {
    const NAME: &'static str = "imports";
    type Row = ImportRow;

    fn fold(seen: &Seen<'_, Rules>, rows: &mut Rows<ImportRow>) {
        if let Some(import) = &seen.state.import {
            rows.put(import.import.as_str(), &ImportRow::of(seen.tenant, import));
        }
    }
}

/// What became of each line; keyed `<import>/all/<line>`, and again `<import>/failed/<line>`.
pub struct Lines;

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRow {
    /// Counted from 1.
    pub line: u32,
    /// The offer that it is about, as far as that could be read.
    pub offer: String,
    /// How far it is.
    pub stage: LineStage,
}

/// How far a line is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineStage {
    /// On its way.
    Pending,
    /// Its offer is new.
    Created,
    /// Its offer has changed.
    Updated,
    /// Its offer was so already.
    Unchanged,
    /// It could not be carried out.
    Failed(Vec<LineProblem>),
}

impl View<Rules> for Lines {
    const NAME: &'static str = "lines";
    type Row = LineRow;

    fn fold(seen: &Seen<'_, Rules>, rows: &mut Rows<LineRow>) {
        let Some(import) = &seen.state.import else { return };
        let mut put = |line: u32, offer: &str, stage: LineStage| {
            let row = LineRow { line, offer: offer.to_owned(), stage };
            rows.put(format!("{}/all/{line:05}", import.import), &row);
            if matches!(row.stage, LineStage::Failed(_)) {
                rows.put(format!("{}/failed/{line:05}", import.import), &row);
            }
        };
        match seen.event {
            Event::LinesFaulty { lines } => {
                for line in lines {
                    put(line.line, &line.offer, LineStage::Failed(line.problems.clone()));
                }
            }
            Event::LinesTaken { lines } => {
                for line in lines {
                    put(line.line, line.offer.as_str(), LineStage::Pending);
                }
            }
            Event::LineNoted { line, offer, outcome } => put(*line, offer, outcome.into()),
            Event::ImportStarted { .. } => {}
        }
    }
}

impl From<&Outcome> for LineStage {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Created => Self::Created,
            Outcome::Updated => Self::Updated,
            Outcome::Unchanged => Self::Unchanged,
            Outcome::Failed(problem) => Self::Failed(vec![problem.clone()]),
        }
    }
}

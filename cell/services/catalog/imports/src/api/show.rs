//! Writes answers: how far an import is, and what became of its lines.

use cell_kernel::Done;
use cell_words::LineProblem;

use crate::{
    Imports,
    command::{Ask, FaultyLine},
    view::{ImportRow, LineRow, LineStage},
    wire,
};

/// Bad lines that the answer to an import repeats; the others are in its list of lines.
const FAULTY_SHOWN: usize = 100;

pub(super) fn import_after(done: &Done<'_, Imports>) -> wire::Import {
    let (Some(known), Ask::Start { lines }) = (&done.state.import, &done.command.ask) else {
        unreachable!("only beginning an import answers with one")
    };
    let faulty = lines.iter().filter_map(|line| line.as_ref().err());
    wire::Import {
        faulty: faulty.take(FAULTY_SHOWN).map(faulty_line).collect(),
        ..import(&ImportRow::of(&done.asked.tenant, known))
    }
}

fn faulty_line(line: &FaultyLine) -> wire::ImportLine {
    wire::ImportLine {
        line: number(line.line),
        offer: line.offer.clone(),
        outcome: wire::import_line::Outcome::Failed.into(),
        problems: problems(&line.problems),
    }
}

fn problems(of: &[LineProblem]) -> Vec<wire::Problem> {
    of.iter().map(Into::into).collect()
}

pub(super) fn import(row: &ImportRow) -> wire::Import {
    wire::Import {
        name: format!("{}/imports/{}", row.vendor, row.import),
        lines: number(row.lines),
        created: number(row.created),
        updated: number(row.updated),
        unchanged: number(row.unchanged),
        failed: number(row.failed),
        pending: number(row.pending()),
        finished: row.pending() == 0,
        at_ms: row.at.as_millis(),
        ..wire::Import::default()
    }
}

pub(super) fn line(row: &LineRow) -> wire::ImportLine {
    use wire::import_line::Outcome;
    let (outcome, problems) = match &row.stage {
        LineStage::Pending => (Outcome::Pending, Vec::new()),
        LineStage::Created => (Outcome::Created, Vec::new()),
        LineStage::Updated => (Outcome::Updated, Vec::new()),
        LineStage::Unchanged => (Outcome::Unchanged, Vec::new()),
        LineStage::Failed(of) => (Outcome::Failed, problems(of)),
    };
    let offer = row.offer.clone();
    wire::ImportLine { line: number(row.line), offer, outcome: outcome.into(), problems }
}

fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

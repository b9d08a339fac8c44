//! Onboarding and trade: papers, the operators' decisions, the commission.

use base_money::BasisPoints;
use base_papers::{Check, Paper, PaperKind, Submission};
use base_time::Timestamp;
use cell_kernel::Asked;

use super::{ALIVE, Decided, Refusal, must_be};
use crate::{
    command::Reason,
    event::{CommissionRate, Event, Override},
    facts::Facts,
    state::{Seller, Status},
};

/// From where each status can be reached, and what going there is called. Approval leads to `Open` too, by a rule of its own.
fn ways_to(status: Status) -> (&'static [Status], &'static str) {
    match status {
        Status::Applied => (&[], "applying again"),
        Status::Submitted => (&[Status::Applied, Status::Rejected], "submitting"),
        Status::Rejected => (&[Status::Submitted], "rejecting"),
        Status::Open => (&[Status::Suspended, Status::Terminated], "reinstating"),
        Status::Suspended => (&[Status::Open], "suspending"),
        Status::Terminated => (&[Status::Open, Status::Suspended], "terminating"),
    }
}

/// Asking for what is so already changes nothing.
pub(super) fn enter(seller: &Seller, to: Status, reason: Option<&Reason>) -> Decided {
    if seller.status == to {
        return Ok(Vec::new());
    }
    let (from, wanted) = ways_to(to);
    must_be(seller, from, wanted)?;
    Ok(vec![Event::StatusChanged { to, reason: reason.cloned(), despite: None }])
}

pub(super) fn approve(seller: &Seller, reason: Option<&Reason>, asked: &Asked) -> Decided {
    if seller.status == Status::Open {
        return Ok(Vec::new());
    }
    must_be(seller, &[Status::Submitted], "approving")?;
    let missing = seller.missing();
    let despite = match (missing.is_empty(), reason) {
        (true, _) => None,
        (false, None) => return Err(Refusal::RequirementsMissing(missing)),
        (false, Some(reason)) => {
            let (reason, by) = (reason.clone(), asked.caller.name());
            Some(Override { reason, missing, by, at: asked.at })
        }
    };
    Ok(vec![Event::StatusChanged { to: Status::Open, reason: None, despite }])
}

pub(super) fn submit(seller: &Seller, paper: &Paper, facts: &Facts, now: Timestamp) -> Decided {
    must_be(seller, ALIVE, "submitting papers")?;
    if seller.papers.has_unchecked(paper) {
        return Ok(Vec::new());
    }
    if let Some(said) = paper.document() {
        said.must_be(facts.kept.as_ref())?;
    }
    let (paper, check) = (paper.clone(), Check::first(paper));
    Ok(vec![Event::PaperSubmitted(Submission { paper, check, at: now })])
}

pub(super) fn check_paper(seller: &Seller, kind: PaperKind, check: Check) -> Decided {
    let known = seller.papers.get(kind).cloned().ok_or(Refusal::SubmissionUnknown(kind))?;
    Ok(vec![Event::PaperChecked(Submission { check, ..known })])
}

pub(super) fn agree(rate: BasisPoints, reason: &Reason, asked: &Asked) -> Vec<Event> {
    let (reason, by) = (Some(reason.clone()), asked.caller.name());
    vec![Event::CommissionSet(CommissionRate { rate, from: asked.at, reason, by })]
}

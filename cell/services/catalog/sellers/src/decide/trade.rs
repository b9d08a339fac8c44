//! Onboarding and trade: papers, the operators' decisions, the commission.

use cell_kernel::Asked;

use super::{ALIVE, Refusal, must_be};
use crate::{
    command::{Command, Reason},
    event::{Event, Override},
    papers::Requirement,
    state::{Seller, Status},
};

pub(super) fn decide(
    seller: &Seller,
    command: &Command,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::SubmitPaper { paper } => {
            must_be(seller, ALIVE, "submitting papers")?;
            let known = seller.papers.get(&paper.requirement());
            if known
                .is_some_and(|known| known.paper == *paper && known.check == paper.first_check())
            {
                return Ok(Vec::new());
            }
            let (paper, check) = (paper.clone(), paper.first_check());
            Ok(vec![Event::PaperSubmitted { paper, check, at: asked.at }])
        }
        Command::VerifyPaper { requirement } => {
            submitted(seller, *requirement)?;
            Ok(vec![Event::PaperVerified { requirement: *requirement }])
        }
        Command::RejectPaper { requirement, reason } => {
            submitted(seller, *requirement)?;
            let (requirement, reason) = (*requirement, reason.clone());
            Ok(vec![Event::PaperRejected { requirement, reason }])
        }
        Command::Submit => to(
            seller,
            Status::Submitted,
            &[Status::Applied, Status::Rejected],
            "submitting",
            || Event::Submitted,
        ),
        Command::Approve { override_reason } => approve(seller, override_reason.as_ref(), asked),
        Command::Reject { reason } => {
            to(seller, Status::Rejected, &[Status::Submitted], "rejecting", || Event::Rejected {
                reason: reason.clone(),
            })
        }
        Command::Suspend { reason } => {
            to(seller, Status::Suspended, &[Status::Open], "suspending", || Event::Suspended {
                reason: reason.clone(),
            })
        }
        Command::Reinstate { reason } => to(
            seller,
            Status::Open,
            &[Status::Suspended, Status::Terminated],
            "reinstating",
            || Event::Reinstated { reason: reason.clone() },
        ),
        Command::Terminate { reason } => to(
            seller,
            Status::Terminated,
            &[Status::Open, Status::Suspended],
            "terminating",
            || Event::Terminated { reason: reason.clone() },
        ),
        Command::SetCommission { rate, reason } => {
            let (reason, by) = (reason.clone(), asked.caller.name());
            Ok(vec![Event::CommissionSet { rate: *rate, reason, by }])
        }
        _ => Ok(Vec::new()),
    }
}

/// Asking for what is so already changes nothing.
fn to(
    seller: &Seller,
    target: Status,
    from: &'static [Status],
    wanted: &'static str,
    event: impl FnOnce() -> Event,
) -> Result<Vec<Event>, Refusal> {
    if seller.status == target {
        return Ok(Vec::new());
    }
    must_be(seller, from, wanted)?;
    Ok(vec![event()])
}

fn approve(seller: &Seller, reason: Option<&Reason>, asked: &Asked) -> Result<Vec<Event>, Refusal> {
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
    Ok(vec![Event::Approved { despite }])
}

fn submitted(seller: &Seller, requirement: Requirement) -> Result<(), Refusal> {
    if seller.papers.contains_key(&requirement) {
        Ok(())
    } else {
        Err(Refusal::SubmissionUnknown(requirement))
    }
}

//! May a seller apply, open, change, be stopped? And what then happens.

mod shop;
mod team;
mod trade;

use base_fault::Status as Class;
use base_ids::Tenant;
use cell_kernel::{Asked, Problem};

use crate::{
    command::{City, Command, DisplayName, Handle},
    event::Event,
    facts::Facts,
    papers::Requirement,
    state::{Seller, State, Status},
};

/// Sellers saying no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody has applied for this vendor.
    #[error("nobody has applied to sell as `{0}`")]
    SellerUnknown(Tenant),
    /// Somebody else has applied for this vendor.
    #[error("`{0}` is somebody else's application")]
    SellerTaken(Tenant),
    /// What was asked does not follow on what the seller is.
    #[error("the seller is {}; {wanted} is possible only while it is {}", status.as_str(), names(from))]
    StatusConflict {
        /// What the seller is.
        status: Status,
        /// What was asked.
        wanted: &'static str,
        /// What it would have to be.
        from: &'static [Status],
    },
    /// Something is missing, and no operator has said why it may be.
    #[error("{} of what is required is missing; an operator may open the seller all the same and say why", .0.len())]
    RequirementsMissing(Vec<Requirement>),
    /// Nothing was submitted for this requirement.
    #[error("nothing was submitted for `{}`", .0.as_str())]
    SubmissionUnknown(Requirement),
    /// A fee in yet another currency.
    #[error("a seller has delivery fees in at most {max} currencies", max = FEES_MAX)]
    DeliveryFeesFull,
    /// Nobody of this name is in the team, or invited.
    #[error("`{0}` is neither in the team nor invited")]
    MemberUnknown(Tenant),
    /// The caller has no open invitation.
    #[error("`{0}` has no open invitation into this team")]
    NotInvited(Tenant),
    /// The user is in the team already.
    #[error("`{0}` is in the team already; change the role instead")]
    MemberKnown(Tenant),
    /// The team would have no owner left.
    #[error("`{0}` is the last owner; make somebody else an owner first")]
    LastOwner(Tenant),
    /// The team is as large as it can be.
    #[error("a team has at most {max} members and invitations", max = TEAM_MAX)]
    TeamFull,
}

/// Most members and invitations of one team.
pub(crate) const TEAM_MAX: usize = 100;
/// Most currencies in which one seller delivers.
pub(crate) const FEES_MAX: usize = 10;

fn names(statuses: &[Status]) -> String {
    statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(" or ")
}

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::SellerUnknown(_) => "seller_unknown",
            Self::SellerTaken(_) => "seller_taken",
            Self::StatusConflict { .. } => "seller_status_conflict",
            Self::RequirementsMissing(_) => "seller_requirements_missing",
            Self::SubmissionUnknown(_) => "seller_submission_unknown",
            Self::DeliveryFeesFull => "seller_delivery_fees_full",
            Self::MemberUnknown(_) => "seller_member_unknown",
            Self::NotInvited(_) => "seller_not_invited",
            Self::MemberKnown(_) => "seller_member_known",
            Self::LastOwner(_) => "seller_last_owner",
            Self::TeamFull => "seller_team_full",
        }
    }

    fn status(&self) -> Class {
        match self {
            Self::SellerUnknown(_) | Self::SubmissionUnknown(_) | Self::MemberUnknown(_) => {
                Class::NotFound
            }
            Self::SellerTaken(_) | Self::MemberKnown(_) => Class::AlreadyExists,
            Self::StatusConflict { .. } | Self::RequirementsMissing(_) | Self::LastOwner(_) => {
                Class::FailedPrecondition
            }
            Self::NotInvited(_) => Class::PermissionDenied,
            Self::DeliveryFeesFull | Self::TeamFull => Class::ResourceExhausted,
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let Self::RequirementsMissing(missing) = self else { return Vec::new() };
        let problem = |requirement: &Requirement| Problem {
            code: self.code().to_owned(),
            subject: requirement.as_str().to_owned(),
            text: "nothing was submitted, or it was found wrong".to_owned(),
        };
        missing.iter().map(problem).collect()
    }
}

pub(crate) fn decide(
    state: &State,
    command: &Command,
    facts: &Facts,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    let Some(seller) = &state.seller else {
        return match command {
            Command::FileApplication { applicant, handle, name, city } => {
                Ok(apply(applicant, handle, (name, city), facts, asked))
            }
            // What others tell of a seller that is not there is of no concern; who asks for it is told.
            _ if is_heard(command) => Ok(Vec::new()),
            _ => Err(Refusal::SellerUnknown(asked.tenant.clone())),
        };
    };
    match command {
        // The handle is the vendor's name: whoever applies again with it speaks of the same application.
        Command::FileApplication { applicant, .. } if *applicant == seller.applicant => {
            Ok(Vec::new())
        }
        Command::FileApplication { .. } => Err(Refusal::SellerTaken(asked.tenant.clone())),
        Command::SubmitPaper { .. }
        | Command::VerifyPaper { .. }
        | Command::RejectPaper { .. }
        | Command::Submit
        | Command::Approve { .. }
        | Command::Reject { .. }
        | Command::Suspend { .. }
        | Command::Reinstate { .. }
        | Command::Terminate { .. }
        | Command::SetCommission { .. } => trade::decide(seller, command, asked),
        Command::ChangeProfile { .. }
        | Command::SetDeliveryFee { .. }
        | Command::PlanHoliday { .. }
        | Command::EndHoliday
        | Command::BeginHoliday { .. }
        | Command::FinishHoliday { .. }
        | Command::NoteHandleKept { .. }
        | Command::NoteHandleHeld { .. }
        | Command::NoteHandleLost { .. } => shop::decide(seller, command, facts, asked),
        Command::Invite { .. }
        | Command::AcceptInvitation { .. }
        | Command::DeclineInvitation { .. }
        | Command::ExpireInvitation { .. }
        | Command::SetRole { .. }
        | Command::RemoveMember { .. }
        | Command::Leave { .. } => team::decide(seller, command, asked.at),
    }
}

fn apply(
    applicant: &Tenant,
    handle: &Handle,
    (name, city): (&DisplayName, &City),
    facts: &Facts,
    asked: &Asked,
) -> Vec<Event> {
    let terms = facts.terms.clone().unwrap_or_default();
    let mut required = terms.required;
    required.sort();
    required.dedup();
    let applied = Event::Applied {
        applicant: applicant.clone(),
        name: name.clone(),
        city: city.clone(),
        required,
        rate: terms.commission_basis_points,
        at: asked.at,
    };
    let mut events = vec![applied];
    events.extend(facts.handle.iter().map(|decides| shop::ask(handle, decides, asked.at)));
    events
}

/// Whether the command comes from a message or a timer: then a "no" would help nobody.
fn is_heard(command: &Command) -> bool {
    matches!(
        command,
        Command::BeginHoliday { .. }
            | Command::FinishHoliday { .. }
            | Command::ExpireInvitation { .. }
            | Command::NoteHandleKept { .. }
            | Command::NoteHandleHeld { .. }
            | Command::NoteHandleLost { .. }
    )
}

/// The seller is one of `from`, or the answer says what it is.
fn must_be(seller: &Seller, from: &'static [Status], wanted: &'static str) -> Result<(), Refusal> {
    if from.contains(&seller.status) {
        Ok(())
    } else {
        Err(Refusal::StatusConflict { status: seller.status, wanted, from })
    }
}

/// Every status but the last.
const ALIVE: &[Status] =
    &[Status::Applied, Status::Submitted, Status::Rejected, Status::Open, Status::Suspended];

//! May a seller apply, open, change, be stopped? And what then happens.

mod shop;
mod team;
mod trade;

use base_claims::{Claims, Step};
use base_fault::Status as Class;
use base_ids::Tenant;
use base_papers::{Check, NotKept, PaperKind};
use cell_kernel::{Asked, Audience, Problem};

use crate::{
    command::{Application, Command},
    event::{Event, TeamStep},
    facts::{Config, Facts},
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
    RequirementsMissing(Vec<PaperKind>),
    /// Nothing was submitted for this requirement.
    #[error("nothing was submitted for `{}`", .0.as_str())]
    SubmissionUnknown(PaperKind),
    /// The document is not kept, or is something else than was said.
    #[error(transparent)]
    Document(#[from] NotKept),
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
            Self::Document(NotKept::Missing(_)) => "seller_document_missing",
            Self::Document(NotKept::Differs { .. }) => "seller_document_differs",
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
            Self::StatusConflict { .. }
            | Self::RequirementsMissing(_)
            | Self::LastOwner(_)
            | Self::Document(_) => Class::FailedPrecondition,
            Self::NotInvited(_) => Class::PermissionDenied,
            Self::DeliveryFeesFull | Self::TeamFull => Class::ResourceExhausted,
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let Self::RequirementsMissing(missing) = self else { return Vec::new() };
        let problem = |requirement: &PaperKind| Problem {
            code: self.code().to_owned(),
            subject: requirement.as_str().to_owned(),
            text: "nothing was submitted, or it was found wrong".to_owned(),
        };
        missing.iter().map(problem).collect()
    }
}

/// What happens, or why not.
pub(crate) type Decided = Result<Vec<Event>, Refusal>;

pub(crate) fn decide(state: &State, command: &Command, facts: &Facts, asked: &Asked) -> Decided {
    match (&state.seller, command) {
        (None, Command::FileApplication(first)) => Ok(apply(first, facts, asked)),
        // What others tell of a seller that is not there is of no concern; who asks for it is told.
        (None, _) if matches!(asked.caller.audience, Audience::Platform { .. }) => Ok(Vec::new()),
        (None, _) => Err(Refusal::SellerUnknown(asked.tenant.clone())),
        (Some(seller), command) => decide_of(seller, command, facts, asked),
    }
}

fn decide_of(seller: &Seller, command: &Command, facts: &Facts, asked: &Asked) -> Decided {
    let now = asked.at;
    match command {
        // The handle is the vendor's name: whoever applies again with it speaks of the same application.
        Command::FileApplication(again) if again.applicant == seller.applicant => Ok(Vec::new()),
        Command::FileApplication(_) => Err(Refusal::SellerTaken(asked.tenant.clone())),
        Command::SubmitPaper(paper) => trade::submit(seller, paper, facts, now),
        Command::VerifyPaper(paper) => trade::check_paper(seller, *paper, Check::Verified),
        Command::RejectPaper { requirement, reason } => {
            trade::check_paper(seller, *requirement, Check::FoundWrong(reason.clone()))
        }
        Command::Submit => trade::enter(seller, Status::Submitted, None),
        Command::ChangeStatus { to, reason } => trade::enter(seller, *to, Some(reason)),
        Command::Approve { override_reason } => {
            trade::approve(seller, override_reason.as_ref(), asked)
        }
        Command::SetCommission { rate, reason } => Ok(trade::agree(*rate, reason, asked)),
        Command::ChangeProfile(new) => shop::change(seller, new, facts, now),
        Command::SetDeliveryFee(fee) => shop::set_fee(seller, *fee),
        Command::PlanHoliday(days) => shop::plan_holiday(seller, *days, now),
        Command::EndHoliday => Ok(shop::end_holiday(seller)),
        Command::HolidayDue => Ok(shop::holiday_due(seller, now)),
        Command::NoteHandleKept(claim) => Ok(shop::note_handle(seller, claim, Step::Kept)),
        Command::NoteHandleHeld(claim) => Ok(shop::note_handle(seller, claim, Step::Held)),
        Command::NoteHandleLost(claim) => Ok(shop::note_handle(seller, claim, Step::Lost)),
        Command::Invite { user, role } => team::invite(seller, user, *role, now),
        Command::AcceptInvitation(user) => team::accept(seller, user, now),
        Command::DeclineInvitation(user) => team::decline(seller, user, now),
        Command::ExpireInvitation(user) => Ok(team::expire(seller, user, now)),
        Command::SetRole { user, role } => team::set_role(seller, user, *role),
        Command::RemoveMember(user) => team::remove(seller, user, TeamStep::Removed),
        Command::Leave(user) => team::remove(seller, user, TeamStep::Left),
    }
}

fn apply(first: &Application, facts: &Facts, asked: &Asked) -> Vec<Event> {
    let Application { applicant, handle, profile } = first.clone();
    let Config { mut required, commission_basis_points: rate } =
        facts.terms.clone().unwrap_or_default();
    required.sort();
    required.dedup();
    let applied = Event::Applied { applicant, profile, required, rate, at: asked.at };
    let asks = |decides| Claims::default().wish(&handle, decides, asked.at);
    let wish = facts.handle.iter().flat_map(asks).map(Event::HandleMoved);
    [applied].into_iter().chain(wish).collect()
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

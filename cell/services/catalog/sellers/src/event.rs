//! What has happened to a seller; kept for ever.

use base_claims::Moved;
use base_ids::{Handle, Tenant};
use base_money::{BasisPoints, Money};
use base_papers::{PaperKind, Submission};
use base_time::{Period, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    command::{Profile, Reason},
    state::{Member, Status},
};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// Somebody wants to sell.
    Applied {
        /// Who, and from now on owner.
        applicant: Tenant,
        /// How the seller shows itself.
        profile: Profile,
        /// What will have to be known.
        required: Vec<PaperKind>,
        /// The rate that everybody begins with.
        rate: BasisPoints,
        /// When.
        at: Timestamp,
    },
    /// The claim of a handle has come a step further, or to its end.
    HandleMoved(Moved<Handle>),
    /// The seller shows itself in this way from now on.
    ProfileChanged(Profile),
    /// A requirement was met, or met anew.
    PaperSubmitted(Submission),
    /// An operator has looked at a submission.
    PaperChecked(Submission),
    /// The application was submitted, given back or approved; or the seller was stopped, ended or opened again.
    StatusChanged {
        /// What the seller is now.
        to: Status,
        /// Why, if an operator has to say so.
        reason: Option<Reason>,
        /// If it was approved although something was missing: why all the same.
        despite: Option<Override>,
    },
    /// A commission was agreed, from now on.
    CommissionSet(CommissionRate),
    /// Delivery costs this with orders in the amount's currency.
    DeliveryFeeSet(Money),
    /// Closed days were planned in place of those before, have begun, or are over.
    HolidayChanged {
        /// The closed days from now on; none once they are over or were given up.
        holiday: Option<Holiday>,
    },
    /// Somebody's place in the team has changed.
    MemberMoved {
        /// Whose.
        user: Tenant,
        /// How.
        how: TeamStep,
        /// The place from now on; none outside the team.
        member: Option<Member>,
    },
}

/// Why a seller was opened without everything that is required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Why.
    pub reason: Reason,
    /// What was missing.
    pub missing: Vec<PaperKind>,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What the platform keeps of the goods' value, as it is or was agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommissionRate {
    /// How much.
    pub rate: BasisPoints,
    /// From when on.
    pub from: Timestamp,
    /// Why; none for the rate that everybody begins with.
    pub reason: Option<Reason>,
    /// By whom; empty for the rate that everybody begins with.
    pub by: String,
}

/// Closed days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// When.
    pub days: Period,
    /// Whether they have begun.
    pub begun: bool,
}

/// How somebody's place in the team changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamStep {
    /// Was asked into it.
    Invited,
    /// Has joined.
    Joined,
    /// May do other things.
    RoleChanged,
    /// Does not want to join.
    Declined,
    /// Has not answered the invitation in time.
    Expired,
    /// Was not wanted any more before joining.
    Withdrawn,
    /// Was taken away.
    Removed,
    /// Has left.
    Left,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}

//! What has happened to a seller; kept for ever.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::VendorRole;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    command::{BasisPoints, City, DisplayName, Handle, Reason, Window},
    papers::{Check, Paper, Requirement},
};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// Somebody wants to sell.
    Applied {
        /// Who, and from now on owner.
        applicant: Tenant,
        /// Under which name.
        name: DisplayName,
        /// From where.
        city: City,
        /// What will have to be known.
        required: Vec<Requirement>,
        /// The rate that everybody begins with.
        rate: BasisPoints,
        /// When.
        at: Timestamp,
    },
    /// A handle is being asked for.
    HandleAsked {
        /// Which.
        handle: Handle,
        /// The claim's name.
        claim: ResourceId,
        /// The tenant that decides.
        name: Tenant,
    },
    /// The platform keeps the handle until it is confirmed.
    HandleKept {
        /// By which claim.
        claim: ResourceId,
        /// The tenant that decides.
        name: Tenant,
    },
    /// The handle is the seller's own.
    HandleHeld {
        /// By which claim.
        claim: ResourceId,
    },
    /// The handle is somebody else's.
    HandleLost {
        /// By which claim.
        claim: ResourceId,
    },
    /// A handle is not wanted any more.
    HandleGivenBack {
        /// By which claim.
        claim: ResourceId,
        /// The tenant that decides.
        name: Tenant,
    },
    /// The seller shows itself in another way; what is not there stayed.
    ProfileChanged {
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<DisplayName>,
        /// Its city.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        city: Option<City>,
    },
    /// A requirement was met, or met anew.
    PaperSubmitted {
        /// With what.
        paper: Paper,
        /// How far that can be relied on.
        check: Check,
        /// When.
        at: Timestamp,
    },
    /// An operator found a submission right.
    PaperVerified {
        /// For which requirement.
        requirement: Requirement,
    },
    /// An operator found a submission wrong.
    PaperRejected {
        /// For which requirement.
        requirement: Requirement,
        /// Why.
        reason: Reason,
    },
    /// The application waits for an operator.
    Submitted,
    /// The seller may trade.
    Approved {
        /// If something was missing: why all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        despite: Option<Override>,
    },
    /// The application was given back.
    Rejected {
        /// Why.
        reason: Reason,
    },
    /// The seller was stopped for a time.
    Suspended {
        /// Why.
        reason: Reason,
    },
    /// The seller may trade again.
    Reinstated {
        /// Why.
        reason: Reason,
    },
    /// The seller has ended.
    Terminated {
        /// Why.
        reason: Reason,
    },
    /// A commission was agreed, from now on.
    CommissionSet {
        /// How much.
        rate: BasisPoints,
        /// Why.
        reason: Reason,
        /// By whom.
        by: String,
    },
    /// Delivery costs this with orders in the fee's currency.
    DeliveryFeeSet {
        /// How much.
        fee: Money,
    },
    /// Closed days are planned, in place of those before.
    HolidayPlanned {
        /// When.
        window: Window,
    },
    /// A holiday has begun.
    HolidayBegan {
        /// As planned.
        window: Window,
    },
    /// A holiday is over, or was given up.
    HolidayEnded {
        /// As planned.
        window: Window,
    },
    /// A user was asked into the team.
    MemberInvited {
        /// Who.
        user: Tenant,
        /// As what.
        role: VendorRole,
        /// The invitation is open until then.
        until: Timestamp,
    },
    /// An invitation came to nothing.
    InvitationEnded {
        /// Whose.
        user: Tenant,
        /// Why.
        because: InvitationEnd,
    },
    /// A user joined the team.
    MemberJoined {
        /// Who.
        user: Tenant,
        /// As what.
        role: VendorRole,
        /// When.
        at: Timestamp,
    },
    /// A member may do other things.
    RoleChanged {
        /// Who.
        user: Tenant,
        /// What.
        role: VendorRole,
    },
    /// A member is not in the team any more.
    MemberLeft {
        /// Who.
        user: Tenant,
    },
}

/// Why a seller was opened without everything that is required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Why.
    pub reason: Reason,
    /// What was missing.
    pub missing: Vec<Requirement>,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Why an invitation came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationEnd {
    /// The user does not want to join.
    Declined,
    /// Nobody answered in time.
    Expired,
    /// The owner thought better of it.
    Withdrawn,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}

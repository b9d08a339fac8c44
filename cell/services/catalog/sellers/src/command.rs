//! What can be asked of a seller.

use base_ids::{Handle, NameInScripts, ResourceId, Tenant, Text};
use base_money::{BasisPoints, Money};
use base_papers::{Paper, PaperKind};
use base_time::Period;
use cell_kernel::VendorRole;
use serde::{Deserialize, Serialize};

use crate::state::Status;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Begin: somebody wants to sell.
    FileApplication(Application),
    /// Change how the seller shows itself.
    ChangeProfile(Change),
    /// Meet a requirement, or meet it anew.
    SubmitPaper(Paper),
    /// An operator found a submission right.
    VerifyPaper(PaperKind),
    /// An operator found a submission wrong.
    RejectPaper {
        /// For which requirement.
        requirement: PaperKind,
        /// Why.
        reason: Reason,
    },
    /// Hand the application to the operators.
    Submit,
    /// Open the seller.
    Approve {
        /// Why, although something is missing.
        override_reason: Option<Reason>,
    },
    /// Give the application back, stop the seller for a time, end it, or open it again after that.
    ChangeStatus {
        /// Rejected, suspended, terminated or open.
        to: Status,
        /// Why.
        reason: Reason,
    },
    /// Agree on what the platform keeps, from now on.
    SetCommission {
        /// How much.
        rate: BasisPoints,
        /// Why.
        reason: Reason,
    },
    /// Set what delivery costs, with orders in the fee's currency; not negative.
    SetDeliveryFee(Money),
    /// Plan closed days in place of those planned before.
    PlanHoliday(Period),
    /// End a holiday, or give a planned one up.
    EndHoliday,
    /// The first or the last moment of a holiday may have come.
    HolidayDue,
    /// Ask a user into the team.
    Invite {
        /// Whom.
        user: Tenant,
        /// As what.
        role: VendorRole,
    },
    /// This user joins the team.
    AcceptInvitation(Tenant),
    /// This user does not want to join the team.
    DeclineInvitation(Tenant),
    /// The time of this user's invitation may be over.
    ExpireInvitation(Tenant),
    /// Change what a member may do.
    SetRole {
        /// Whose.
        user: Tenant,
        /// To what.
        role: VendorRole,
    },
    /// Take this member, or this user's invitation, away.
    RemoveMember(Tenant),
    /// This user leaves the team.
    Leave(Tenant),
    /// The platform keeps the handle of this claim for us.
    NoteHandleKept(ResourceId),
    /// The handle of this claim is ours.
    NoteHandleHeld(ResourceId),
    /// The handle of this claim is somebody else's.
    NoteHandleLost(ResourceId),
}

/// What somebody who wants to sell says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Application {
    /// Who, and who will own it.
    pub applicant: Tenant,
    /// Under which handle.
    pub handle: Handle,
    /// How the seller shows itself.
    pub profile: Profile,
}

/// What is to be shown in another way; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Change {
    /// The new name.
    pub name: Option<NameInScripts>,
    /// The new city.
    pub city: Option<City>,
    /// The new handle; the old one is given back when the new one is held.
    pub handle: Option<Handle>,
}

/// A city's name.
pub type City = Text<60>;
/// Why an operator did something.
pub type Reason = Text<500>;

/// How a seller shows itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub name: NameInScripts,
    /// Its city.
    pub city: City,
}

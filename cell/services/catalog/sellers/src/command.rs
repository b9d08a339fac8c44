//! What can be asked of a seller.

pub mod papers;

use std::str::FromStr;

use base_ids::{ClaimKind, ClaimedName, InvalidClaim, ResourceId, Tenant, Text};
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::VendorRole;
use serde::{Deserialize, Serialize};

use papers::{Paper, Requirement};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Begin: somebody wants to sell.
    FileApplication {
        /// Who, and who will own it.
        applicant: Tenant,
        /// Under which handle.
        handle: Handle,
        /// Under which name.
        name: DisplayName,
        /// From where.
        city: City,
    },
    /// Change how the seller shows itself; what is not given stays.
    ChangeProfile {
        /// The new name.
        name: Option<DisplayName>,
        /// The new city.
        city: Option<City>,
        /// The new handle; the old one is given back when the new one is held.
        handle: Option<Handle>,
    },
    /// Meet a requirement, or meet it anew.
    SubmitPaper {
        /// With what.
        paper: Paper,
    },
    /// An operator found a submission right.
    VerifyPaper {
        /// For which requirement.
        requirement: Requirement,
    },
    /// An operator found a submission wrong.
    RejectPaper {
        /// For which requirement.
        requirement: Requirement,
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
    /// Give the application back.
    Reject {
        /// Why.
        reason: Reason,
    },
    /// Stop the seller for a time.
    Suspend {
        /// Why.
        reason: Reason,
    },
    /// Open the seller again.
    Reinstate {
        /// Why.
        reason: Reason,
    },
    /// End the seller.
    Terminate {
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
    /// Set what delivery costs, with orders in the fee's currency.
    SetDeliveryFee {
        /// How much; not negative.
        fee: Money,
    },
    /// Plan closed days in place of those planned before.
    PlanHoliday {
        /// When.
        window: Window,
    },
    /// End a holiday, or give a planned one up.
    EndHoliday,
    /// A planned holiday's time has come.
    BeginHoliday {
        /// As planned.
        window: Window,
    },
    /// A holiday's time is over.
    FinishHoliday {
        /// As planned.
        window: Window,
    },
    /// Ask a user into the team.
    Invite {
        /// Whom.
        user: Tenant,
        /// As what.
        role: VendorRole,
    },
    /// Join the team.
    AcceptInvitation {
        /// Who.
        user: Tenant,
    },
    /// Do not join the team.
    DeclineInvitation {
        /// Who.
        user: Tenant,
    },
    /// An invitation's time is over.
    ExpireInvitation {
        /// Whose.
        user: Tenant,
        /// As it was given.
        until: Timestamp,
    },
    /// Change what a member may do.
    SetRole {
        /// Whose.
        user: Tenant,
        /// To what.
        role: VendorRole,
    },
    /// Take a member or an invitation away.
    RemoveMember {
        /// Whom.
        user: Tenant,
    },
    /// Leave the team.
    Leave {
        /// Who.
        user: Tenant,
    },
    /// The platform keeps the handle for us.
    NoteHandleKept {
        /// By which claim.
        claim: ResourceId,
    },
    /// The handle is ours.
    NoteHandleHeld {
        /// By which claim.
        claim: ResourceId,
    },
    /// The handle is somebody else's.
    NoteHandleLost {
        /// By which claim.
        claim: ResourceId,
    },
}

/// A city's name.
pub type City = Text<60>;
/// Why an operator did something.
pub type Reason = Text<500>;

/// A handle in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(String);

impl Handle {
    /// The handle.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tenant that holds its claim.
    pub fn name(&self, pepper: &[u8]) -> Tenant {
        ClaimedName::read(ClaimKind::Handle, &self.0)
            .expect("a handle was read as one")
            .tenant(pepper)
    }
}

impl FromStr for Handle {
    type Err = InvalidClaim;

    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        ClaimedName::read(ClaimKind::Handle, text).map(|name| Self(name.as_str().to_owned()))
    }
}

/// A name in the scripts of the country; at least one is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisplayName {
    /// In Arabic letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arabic: Option<Text<100>>,
    /// In Latin letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latin: Option<Text<100>>,
    /// In Tifinagh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tifinagh: Option<Text<100>>,
}

impl DisplayName {
    /// Whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.arabic.is_none() && self.latin.is_none() && self.tifinagh.is_none()
    }
}

/// A share in hundredths of a percent: 0 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct BasisPoints(u32);

/// Not a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 0 to {max} hundredths of a percent", max = BasisPoints::MAX)]
pub struct BadBasisPoints;

impl BasisPoints {
    /// The whole.
    pub const MAX: u32 = 10_000;

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for BasisPoints {
    type Error = BadBasisPoints;

    fn try_from(number: u32) -> Result<Self, BadBasisPoints> {
        if number <= Self::MAX { Ok(Self(number)) } else { Err(BadBasisPoints) }
    }
}

impl From<BasisPoints> for u32 {
    fn from(share: BasisPoints) -> Self {
        share.0
    }
}

/// Closed days: from one point in time to a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The first closed moment.
    pub from: Timestamp,
    /// The first open moment after it.
    pub until: Timestamp,
}

//! What can be asked of a name.

use base_ids::{ClaimKind, ResourceId, Tenant};
use serde::{Deserialize, Serialize};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Keep the name for the claimant until it is confirmed.
    ClaimName {
        /// By whom.
        claim: Claim,
        /// What kind of name it is.
        kind: ClaimKind,
    },
    /// Give the name to the claimant for good.
    ConfirmName {
        /// By whom.
        claim: Claim,
        /// What kind of name it is.
        kind: ClaimKind,
    },
    /// Give the name back.
    ReleaseName {
        /// By whom.
        claim: Claim,
    },
    /// End a claim whose time has come.
    ExpireClaim {
        /// Who claimed.
        claimant: Tenant,
        /// Which claim.
        id: ResourceId,
    },
}

/// A claim: who, under which id, and which of its services to answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who claims.
    pub claimant: Tenant,
    /// Chosen by the claimant; unique among its own.
    pub id: ResourceId,
    /// Whom to answer.
    pub service: Service,
}

/// The services that claim names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// E-mails that people sign in with.
    Auth,
    /// Phones and handles of people.
    Users,
    /// Handles of shops.
    Sellers,
}

impl Service {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Auth, Self::Users, Self::Sellers];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Users => "users",
            Self::Sellers => "sellers",
        }
    }
}

//! What an access token says.

use base_ids::Tenant;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};

/// What an access token says. Its times count in whole seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// The registered user it speaks for.
    pub subject: Tenant,
    /// The session it belongs to.
    pub session: String,
    /// What it lets in as.
    pub audience: TokenAudience,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it runs out.
    pub expires_at: Timestamp,
}

/// What a token lets in as. A token has exactly one audience and is worth nothing to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAudience {
    /// A registered user, shopping.
    Shopper,
    /// A member of a vendor's team.
    Vendor {
        /// Whose.
        vendor: Tenant,
        /// As what.
        role: VendorRole,
    },
    /// An operator of the platform.
    Operator,
}

/// What a member of a vendor's team may do; each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VendorRole {
    /// May look.
    Viewer,
    /// May handle orders and stock.
    Staff,
    /// May also change offers and settings.
    Manager,
    /// May also change the team, the terms and the bank account.
    Owner,
}

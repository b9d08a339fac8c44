//! What has happened to a name; kept for ever.

use base_ids::ClaimKind;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::command::Claim;

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// The name is kept for the claimant.
    NameClaimed {
        /// By whom.
        claim: Claim,
        /// What kind of name it is.
        name: ClaimKind,
        /// When.
        at: Timestamp,
        /// Unless it is confirmed by then, the name is free again.
        until: Timestamp,
    },
    /// Somebody else holds the name, or it was asked for too often.
    NameRefused {
        /// By whom it was asked for.
        claim: Claim,
        /// Whether the holder has confirmed it.
        confirmed: bool,
        /// Nobody is to be written to about it: that was done often enough lately.
        quiet: bool,
        /// When.
        at: Timestamp,
    },
    /// The name is the claimant's until it is released.
    NameConfirmed {
        /// By whom.
        claim: Claim,
        /// What kind of name it is.
        name: ClaimKind,
    },
    /// A claim was not confirmed in time; the name is free.
    ClaimExpired {
        /// By whom it was claimed.
        claim: Claim,
    },
    /// The name was given back; it is free.
    NameReleased {
        /// By whom.
        claim: Claim,
        /// Until when it is remembered that this claim is over; messages are never older than that.
        until: Timestamp,
    },
    /// A claim was released that does not hold the name: it has ended, or its request is still on its way and will not be granted.
    ClaimBarred {
        /// By whom.
        claim: Claim,
        /// Until when it is remembered; messages are never older than that.
        until: Timestamp,
        /// When.
        at: Timestamp,
    },
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}

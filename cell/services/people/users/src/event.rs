//! What has happened to a user's profile, addresses and consents; kept for ever.

use base_ids::{Locale, ResourceId};
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::command::{
    AddressKind, DisplayName, Email, Label, PostalAddress, ProfileChanges, Purpose, TextVersion,
};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// The profile was changed.
    ProfileUpdated {
        /// What was set.
        changes: ProfileChanges,
    },
    /// The user has registered.
    UserRegistered {
        /// Proven to be the user's.
        email: Email,
        /// How to address the user.
        display_name: DisplayName,
        /// In which language.
        locale: Locale,
    },
    /// An address came into the book.
    AddressAdded {
        /// Under which id.
        address: ResourceId,
        /// What the user calls it.
        label: Label,
        /// The address.
        place: PostalAddress,
    },
    /// An address took the place of another.
    AddressReplaced {
        /// Which.
        address: ResourceId,
        /// What the user calls it.
        label: Label,
        /// The address.
        place: PostalAddress,
    },
    /// An address became the default of a kind; the one that was so no longer is.
    DefaultAddressSet {
        /// Which.
        address: ResourceId,
        /// Of which kind.
        of: AddressKind,
    },
    /// An address was taken out of the book; what it was the default of has none.
    AddressDeleted {
        /// Which.
        address: ResourceId,
    },
    /// Consent was given or withdrawn.
    ConsentSet {
        /// To what.
        purpose: Purpose,
        /// Given or withdrawn.
        granted: bool,
        /// Which version of the text was shown.
        text_version: TextVersion,
        /// When.
        at: Timestamp,
    },
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}

//! What can be asked of users.

mod text;

use base_ids::{Locale, ResourceId};
use base_money::Currency;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

pub use base_ids::Email;
pub use cell_words::{Phone, PostalAddress};
pub use text::{BadPreferences, DisplayName, Label, Preferences, TextVersion};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Change the profile.
    UpdateProfile {
        /// What to set; what is not given stays.
        changes: ProfileChanges,
    },
    /// Note that the user has registered.
    RecordRegistration {
        /// Proven to be the user's.
        email: Email,
        /// How to address the user.
        display_name: DisplayName,
        /// In which language.
        locale: Locale,
    },
    /// Put an address into the book.
    AddAddress {
        /// Under which id.
        address: ResourceId,
        /// What the user calls it.
        label: Label,
        /// The address.
        place: PostalAddress,
    },
    /// Put another address in the place of one.
    ReplaceAddress {
        /// Which.
        address: ResourceId,
        /// What the user calls it.
        label: Label,
        /// The address.
        place: PostalAddress,
    },
    /// Make an address the default of a kind.
    SetDefaultAddress {
        /// Which.
        address: ResourceId,
        /// Of which kind.
        kind: AddressKind,
    },
    /// Take an address out of the book.
    DeleteAddress {
        /// Which.
        address: ResourceId,
    },
    /// Give or withdraw consent.
    SetConsent {
        /// To what.
        purpose: Purpose,
        /// Given or withdrawn.
        granted: bool,
        /// Which version of the text was shown.
        text_version: TextVersion,
    },
}

/// What of a profile to set; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileChanges {
    /// How to address the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<DisplayName>,
    /// Language and country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// In which prices are shown where there is a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Telephone; inside, `None` takes it away.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub phone: Option<Option<Phone>>,
    /// All preferences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferences: Option<Preferences>,
}

/// Writes "given, and it is nothing" as null, and reads null as that.
mod given {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::option_option, clippy::ref_option, reason = "as serde asks for it")]
    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    #[expect(clippy::option_option, reason = "not given, given as nothing, given")]
    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

impl ProfileChanges {
    /// Whether nothing is to be set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressKind {
    /// Goods go there.
    Shipping,
    /// Bills go there.
    Billing,
}

impl AddressKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Shipping, Self::Billing];
}

/// What can be consented to.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// The terms of use.
    Terms,
    /// The privacy notice.
    Privacy,
    /// Advertising by mail.
    MarketingEmail,
    /// Advertising by text message.
    MarketingSms,
    /// Counting what the user does.
    Analytics,
    /// Showing what may please.
    Personalisation,
}

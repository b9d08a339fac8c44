//! The small values of a purchase: lines, e-mail, language, payment.

use std::str::FromStr;

use base_ids::{ClaimKind, ClaimedName, ResourceId, Tenant};
use base_money::Money;
use serde::{Deserialize, Serialize};

/// So many of an offer, at the price that the buyer has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Whose offer.
    pub vendor: Tenant,
    /// Which.
    pub offer: ResourceId,
    /// The product that it is of.
    pub product: ResourceId,
    /// What that is called.
    pub title: Title,
    /// How many.
    pub quantity: u32,
    /// For one.
    pub price: Money,
}

impl Line {
    /// The offer's name: `vendors/atlas/offers/o1`.
    pub fn name(&self) -> String {
        format!("{}/offers/{}", self.vendor, self.offer)
    }
}

/// A title in the platform's languages; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Title {
    /// In Arabic.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ar: String,
    /// In French.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fr: String,
    /// In English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
}

impl Title {
    /// Whichever there is, for texts about a line.
    pub fn any(&self) -> &str {
        [&self.en, &self.fr, &self.ar].into_iter().find(|title| !title.is_empty()).map_or("", |t| t)
    }
}

/// A value that is not right; what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadValue(&'static str);

/// An e-mail address, in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let read = ClaimedName::read(ClaimKind::Email, text);
        read.map(|name| Self(name.as_str().to_owned()))
            .map_err(|_| BadValue("expected an e-mail address such as leila@example.ma"))
    }
}

/// A BCP 47 language tag: 2 to 35 letters, digits and hyphens, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Locale(String);

impl Locale {
    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self("fr".to_owned())
    }
}

impl FromStr for Locale {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        if begins && (2..=35).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadValue("expected a language tag such as fr-MA"))
        }
    }
}

/// How to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Payment {
    /// By card.
    Card {
        /// Which, as the provider knows it.
        instrument: Instrument,
    },
    /// In cash, at the door.
    CashOnDelivery,
}

impl Payment {
    /// The method's name.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Card { .. } => "card",
            Self::CashOnDelivery => "cash_on_delivery",
        }
    }

    /// The provider's token; empty where there is none.
    pub fn instrument(&self) -> &str {
        match self {
            Self::Card { instrument } => &instrument.0,
            Self::CashOnDelivery => "",
        }
    }
}

/// A provider's token for a card: 3 to 255 letters, digits, `_` and `-`. Never a card number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instrument(String);

impl FromStr for Instrument {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let like_a_card = text.bytes().all(|byte| !byte.is_ascii_alphabetic());
        if (3..=255).contains(&text.len()) && text.bytes().all(plain) && !like_a_card {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadValue(
                "expected the provider's token, such as pm_card_visa; never a card number",
            ))
        }
    }
}

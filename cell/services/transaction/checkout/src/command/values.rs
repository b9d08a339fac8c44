//! The small values of a purchase: its lines, and how it is paid.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use cell_words::{Instrument, PaymentMethod, Title};
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
            Self::Card { .. } => PaymentMethod::Card.into(),
            Self::CashOnDelivery => PaymentMethod::CashOnDelivery.into(),
        }
    }

    /// The provider's token; empty where there is none.
    pub fn instrument(&self) -> &str {
        match self {
            Self::Card { instrument } => instrument.as_str(),
            Self::CashOnDelivery => "",
        }
    }
}

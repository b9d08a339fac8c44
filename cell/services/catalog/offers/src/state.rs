//! What is remembered of an offer or a quote in order to decide: each stream is one of the two.

use base_ids::ResourceId;
use cell_words::{Condition, Price, ProductId};
use serde::{Deserialize, Serialize};

use crate::event::Event;

/// What a stream remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum State {
    /// Nobody has written it.
    #[default]
    Nothing,
    /// A vendor's offer.
    Offer(Box<Offer>),
    /// A quote that was answered.
    Quoted,
}

/// A vendor's offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its id.
    pub offer: ResourceId,
    /// Of which product.
    pub product: ProductId,
    /// In which condition.
    pub condition: Condition,
    /// For how much.
    pub price: Price,
    /// Raised at each change of the price; the first is 1.
    pub price_version: i64,
    /// Whether it is sold.
    pub stage: OfferStage,
}

/// Whether an offer is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferStage {
    /// It is.
    Active,
    /// Not for a while.
    Paused,
    /// Not any more.
    Withdrawn,
}

impl Offer {
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::OfferRepriced { price } => {
                self.price = *price;
                self.price_version += 1;
            }
            Event::OfferRegraded { condition } => self.condition = *condition,
            Event::OfferPaused => self.stage = OfferStage::Paused,
            Event::OfferResumed => self.stage = OfferStage::Active,
            Event::OfferWithdrawn => self.stage = OfferStage::Withdrawn,
            _ => {}
        }
    }
}

impl State {
    pub(crate) fn evolve(&mut self, event: &Event) {
        match (&mut *self, event) {
            (Self::Nothing, Event::OfferCreated { offer, product, condition, price, .. }) => {
                *self = Self::Offer(Box::new(Offer {
                    offer: offer.clone(),
                    product: product.clone(),
                    condition: *condition,
                    price: *price,
                    price_version: 1,
                    stage: OfferStage::Active,
                }));
            }
            (Self::Nothing, Event::QuoteGiven { .. } | Event::QuoteRefused { .. }) => {
                *self = Self::Quoted;
            }
            (Self::Offer(offer), event) => offer.evolve(event),
            (Self::Nothing | Self::Quoted, _) => {}
        }
    }

    /// The offer, if this is one.
    pub fn offer(&self) -> Option<&Offer> {
        match self {
            Self::Offer(offer) => Some(offer),
            Self::Nothing | Self::Quoted => None,
        }
    }
}

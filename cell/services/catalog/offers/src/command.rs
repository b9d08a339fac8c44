//! What can be asked of offers: of one offer, and for a quote on several.

use base_ids::ResourceId;
use base_money::Money;
use cell_words::{Condition, Price, ReplyTo, import::Line, offer::Draft};
use serde::Serialize;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Of an offer.
    Offer {
        /// Which.
        offer: ResourceId,
        /// What.
        ask: Ask,
    },
    /// For a quote: the truth about some offers.
    Quote {
        /// Named by who asks.
        quote: ResourceId,
        /// Whom to answer.
        reply: ReplyTo,
        /// What about.
        lines: Vec<QuoteLine>,
    },
}

/// What can be asked of an offer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Ask {
    /// Begin to sell.
    Create(Box<Draft>),
    /// Change what is given.
    Update {
        /// The new price.
        price: Option<Price>,
        /// The new condition.
        condition: Option<Condition>,
    },
    /// Stop for a while.
    Pause,
    /// Go on.
    Resume,
    /// Stop for good.
    Withdraw,
    /// Carry out a line of an import.
    CarryOut(Box<Line>),
}

/// One line of what a checkout asks about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuoteLine {
    /// Which offer.
    pub offer: ResourceId,
    /// How many: more than none.
    pub quantity: i64,
    /// What the buyer has agreed to pay for one.
    pub price_seen: Money,
}

//! What has happened to offers and quotes; kept for ever.

use base_ids::ResourceId;
use base_money::Money;
use cell_words::{
    Condition, Details, LineProblem, Price, ProductId, ReplyTo, Title, import::Outcome,
    offer::FirstStock,
};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// A vendor sells a product.
    OfferCreated {
        /// The offer's id.
        offer: ResourceId,
        /// Of which product.
        product: ProductId,
        /// In which condition.
        condition: Condition,
        /// For how much.
        price: Price,
        /// What the product is, where the vendor is the first to say so as far as its cell knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proposes: Option<Box<Details>>,
        /// What there is of it at first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stock: Option<FirstStock>,
    },
    /// It costs another amount.
    OfferRepriced {
        /// How much.
        price: Price,
    },
    /// It is in another condition.
    OfferRegraded {
        /// Which.
        condition: Condition,
    },
    /// It is not sold for a while.
    OfferPaused,
    /// It is sold again.
    OfferResumed,
    /// It is not sold any more.
    OfferWithdrawn,
    /// A line of an import that is about the offer was carried out, or could not be.
    LineAnswered {
        /// Whose line.
        import: ResourceId,
        /// Which.
        line: u32,
        /// How it ended.
        outcome: Outcome,
    },
    /// The vendor stands by these prices for one checkout.
    QuoteGiven {
        /// Named by who asked.
        quote: ResourceId,
        /// Whom to answer.
        reply: ReplyTo,
        /// What, for how much.
        lines: Vec<QuotedLine>,
        /// What the platform keeps of the goods' value, in basis points.
        commission_basis_points: u32,
        /// For the whole of this vendor's share.
        delivery_fee: Money,
    },
    /// The vendor does not sell so.
    QuoteRefused {
        /// Named by who asked.
        quote: ResourceId,
        /// Whom to answer.
        reply: ReplyTo,
        /// What stands in the way; the field is the line's offer, or `vendor`.
        problems: Vec<LineProblem>,
    },
}

/// A line that the vendor stands by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotedLine {
    /// Which offer.
    pub offer: ResourceId,
    /// Of which product.
    pub product: ProductId,
    /// What that is called.
    pub title: Title,
    /// How many.
    pub quantity: i64,
    /// For one.
    pub price: Money,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}

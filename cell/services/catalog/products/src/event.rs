//! What has happened to records, offers, imports and quotes; kept for ever.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::command::{
    Condition, Details, FaultyLine, FirstStock, Line, LineProblem, Outcome, Price, ProductId,
    Proposal, Reason, ReplyTo, Title,
};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// Somebody said what a product is.
    ProductProposed {
        /// Which.
        product: ProductId,
        /// What it is.
        details: Box<Details>,
        /// Which vendor said so; none for an operator.
        by: Option<Tenant>,
    },
    /// Offers on a product may sell.
    ProductPublished,
    /// A product is not what it says.
    ProductRejected {
        /// Why.
        reason: Reason,
    },
    /// A product was taken out of sale.
    ProductWithdrawn {
        /// Why.
        reason: Reason,
    },
    /// Somebody wants to change a record.
    ChangeProposed {
        /// What.
        proposal: Box<Proposal>,
        /// When.
        at: Timestamp,
    },
    /// A change was carried out.
    ChangeApproved {
        /// Which.
        change: ResourceId,
    },
    /// A change was not carried out.
    ChangeDeclined {
        /// Which.
        change: ResourceId,
        /// Why.
        reason: Reason,
    },
    /// A change of the same revision was carried out before this one could be.
    ChangeOvertaken {
        /// Which was overtaken.
        change: ResourceId,
        /// By which.
        by: ResourceId,
    },
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
    /// A file of offers was read.
    ImportStarted {
        /// The import's name.
        import: ResourceId,
        /// Lines with something on them.
        lines: u32,
        /// When.
        at: Timestamp,
    },
    /// Some of its lines cannot be carried out.
    LinesFaulty {
        /// Which, and why.
        lines: Vec<FaultyLine>,
    },
    /// Some of its lines are being carried out.
    LinesTaken {
        /// Which.
        lines: Vec<Line>,
    },
    /// One of its lines has ended.
    LineNoted {
        /// Which.
        line: u32,
        /// The offer that it was about.
        offer: String,
        /// How.
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

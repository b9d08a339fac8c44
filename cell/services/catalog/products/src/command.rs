//! What can be asked of products: of a shared record, of an offer, of an import, and for a quote.

pub mod details;
pub mod ean;

use base_ids::{ResourceId, Tenant, Text};
use base_money::Money;
use serde::{Deserialize, Serialize, Serializer};
use strum::{EnumString, IntoStaticStr};

pub use details::{Details, FieldChange, Title};
pub use ean::ProductId;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Of a shared record.
    Product {
        /// Which.
        product: ProductId,
        /// What.
        ask: ProductAsk,
    },
    /// Of an offer.
    Offer {
        /// Which.
        offer: ResourceId,
        /// What.
        ask: OfferAsk,
    },
    /// Of an import.
    Import {
        /// Which.
        import: ResourceId,
        /// What.
        ask: ImportAsk,
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

/// What can be asked of a shared record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ProductAsk {
    /// This is what the product is, if nobody has said so before.
    Propose {
        /// What it is.
        details: Box<Details>,
        /// Which vendor says so; none for an operator.
        by: Option<Tenant>,
        /// Publish it at once.
        publish: bool,
    },
    /// Offers on it may sell.
    Publish,
    /// It is not what it says.
    Reject {
        /// Why.
        reason: Reason,
    },
    /// Take it out of sale.
    Withdraw {
        /// Why.
        reason: Reason,
    },
    /// Propose to change it.
    ProposeChange(Box<Proposal>),
    /// Carry a change out.
    ApproveChange {
        /// Which.
        change: ResourceId,
    },
    /// Leave the record as it is.
    DeclineChange {
        /// Which.
        change: ResourceId,
        /// Why.
        reason: Reason,
    },
}

/// A change that somebody proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Its name.
    pub change: ResourceId,
    /// Which vendor proposes it; none for an operator.
    pub by: Option<Tenant>,
    /// The revision that it changes.
    pub base_revision: u64,
    /// What it sets.
    pub fields: Vec<FieldChange>,
    /// Why.
    pub note: Note,
}

/// What can be asked of an offer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum OfferAsk {
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

/// An offer as it is drawn up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Of which product.
    pub product: ProductId,
    /// In which condition.
    pub condition: Condition,
    /// For how much.
    pub price: Price,
    /// What the product is, if the vendor says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Details>>,
}

/// A line of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Whose line.
    pub import: ResourceId,
    /// Counted from 1.
    pub line: u32,
    /// Which offer.
    pub offer: ResourceId,
    /// What it offers.
    pub draft: Draft,
    /// What there is of it at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<FirstStock>,
}

/// What there is of a new offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstStock {
    /// How many: 1 to [`FirstStock::MAX`].
    pub quantity: u32,
    /// Where.
    pub location: ResourceId,
}

impl FirstStock {
    /// The most that one delivery may have.
    pub const MAX: u32 = 1_000_000;
}

/// What can be asked of an import.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ImportAsk {
    /// Begin.
    Start {
        /// What was read. Kept in the events; beside them only how many there were.
        #[serde(serialize_with = "how_many")]
        lines: Vec<ReadLine>,
    },
    /// Note what became of a line.
    NoteLine {
        /// Which.
        line: u32,
        /// The offer that it was about.
        offer: String,
        /// What.
        outcome: Outcome,
    },
}

fn how_many<S: Serializer>(lines: &[ReadLine], serializer: S) -> Result<S::Ok, S::Error> {
    lines.len().serialize(serializer)
}

/// A line as it was read: something to carry out, or what is wrong with it.
pub type ReadLine = Result<Box<Line>, FaultyLine>;

/// A line that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultyLine {
    /// Counted from 1.
    pub line: u32,
    /// The offer that it is about, as far as that could be read.
    pub offer: String,
    /// What is wrong.
    pub problems: Vec<LineProblem>,
}

/// Something wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineProblem {
    /// A stable code.
    pub code: String,
    /// The field, if it is about one.
    pub field: String,
    /// What is wrong and what would be right.
    pub text: String,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its offer is new.
    Created,
    /// Its offer has changed.
    Updated,
    /// Its offer was so already.
    Unchanged,
    /// It could not be carried out.
    Failed(LineProblem),
}

/// One line of what a checkout asks about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteLine {
    /// Which offer.
    pub offer: ResourceId,
    /// How many: more than none.
    pub quantity: i64,
    /// What the buyer has agreed to pay for one.
    pub price_seen: Money,
}

/// Whom to answer: a tenant's service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// Whose.
    pub tenant: Tenant,
    /// Which.
    pub service: Service,
}

/// The services that ask for quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Service {
    /// A buyer's checkout.
    Checkout,
}

/// Why an operator did something.
pub type Reason = Text<500>;
/// Why something should be changed; may be empty.
pub type Note = Text<500, 0>;

/// How used a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Condition {
    /// Never read.
    New,
    /// Read with care.
    Good,
    /// Read often.
    Fair,
}

/// What one copy costs: more than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Money", into = "Money")]
pub struct Price(Money);

/// Not a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a price: expected more than nothing and at most {max} minor units", max = Price::MAX)]
pub struct NotAPrice(Money);

impl Price {
    /// The highest price, in minor units of its currency.
    pub const MAX: i64 = 100_000_000_000;

    /// The amount.
    pub fn get(self) -> Money {
        self.0
    }
}

impl TryFrom<Money> for Price {
    type Error = NotAPrice;

    fn try_from(amount: Money) -> Result<Self, NotAPrice> {
        if (1..=Self::MAX).contains(&amount.minor) {
            Ok(Self(amount))
        } else {
            Err(NotAPrice(amount))
        }
    }
}

impl From<Price> for Money {
    fn from(price: Price) -> Self {
        price.0
    }
}

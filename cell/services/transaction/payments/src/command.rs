//! What can be asked of payments.

use std::collections::BTreeSet;

use base_ids::{ResourceId, Tenant};
use base_money::{Money, MoneyError};
use base_time::Timestamp;
pub use cell_words::{Instrument, PaymentMethod as Method};
use serde::{Deserialize, Serialize};

use crate::report::Said;

/// What can be asked of one payment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Command {
    /// Which.
    pub payment: ResourceId,
    /// What.
    pub ask: Ask,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Ask {
    /// Open it and have the money held or promised.
    Authorise(Opening),
    /// Take the held money, or expect it at the door.
    Capture {
        /// Whose checkout to answer.
        reply: Tenant,
    },
    /// Let go of the money, whatever state the payment is in.
    Void {
        /// Whose checkout to answer.
        reply: Tenant,
        /// Why.
        reason: String,
    },
    /// Give one share back.
    RefundShare {
        /// Of which child order.
        order: ResourceId,
        /// The order group to answer.
        group: ResourceId,
        /// Why.
        reason: String,
    },
    /// Note that the cash of one share was collected at the door.
    CollectCash {
        /// Of which child order.
        order: ResourceId,
        /// How much.
        amount: Money,
    },
    /// Give an attempt up whose time is over.
    Expire {
        /// Which.
        attempt: u32,
    },
    /// Note what the provider says; `None` if it says nothing that matters here.
    Hear {
        /// What.
        said: Option<Said>,
        /// How it came.
        via: Via,
    },
    /// Ask the provider how it stands.
    Sync,
}

/// How the provider's word came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// As the answer to a call of ours.
    Answer,
    /// As its own event of this id.
    Event(String),
}

/// A payment as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Opening {
    /// Whose checkout to answer.
    pub reply: Tenant,
    /// How it is paid.
    pub method: Method,
    /// By card: with what; `None` if what was given cannot be an instrument.
    pub instrument: Option<Instrument>,
    /// Of what.
    pub shares: Shares,
    /// After it the attempt is given up.
    pub until: Timestamp,
}

/// What each child order has in a payment: at least one share, one currency, one share for each order, a sum that fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shares(Vec<Asked>);

/// What one child order has in a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The child order.
    pub order: ResourceId,
    /// Who sells.
    pub vendor: Tenant,
    /// How much; never less than nothing.
    pub amount: Money,
}

/// Not shares of a payment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadShares {
    /// None, two for one child order, or one of less than nothing.
    #[error("a payment has at least one share, one for each order, and none of less than nothing")]
    Odd,
    /// Two currencies, or a sum that does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Shares {
    /// Checks the shares.
    pub fn new(shares: Vec<Asked>) -> Result<Self, BadShares> {
        let currency = shares.first().ok_or(BadShares::Odd)?.amount.currency;
        let orders: BTreeSet<_> = shares.iter().map(|share| &share.order).collect();
        if orders.len() < shares.len() || shares.iter().any(|share| share.amount.is_negative()) {
            return Err(BadShares::Odd);
        }
        Money::sum(shares.iter().map(|share| share.amount), currency)?;
        Ok(Self(shares))
    }

    /// Each.
    pub fn as_slice(&self) -> &[Asked] {
        &self.0
    }

    /// Their sum: the payment's amount.
    pub fn total(&self) -> Money {
        Money::sum(self.0.iter().map(|share| share.amount), self.0[0].amount.currency)
            .expect("the sum was checked when the shares were")
    }
}

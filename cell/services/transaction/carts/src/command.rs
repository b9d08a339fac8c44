//! What can be asked of a cart.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
pub use cell_words::Title;
use serde::{Deserialize, Serialize};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Put so many more of an offer in.
    AddLine {
        /// Which cart.
        cart: ResourceId,
        /// Which offer.
        item: Item,
        /// How many more.
        quantity: Quantity,
    },
    /// Want so many of a line.
    ChangeLine {
        /// Which cart.
        cart: ResourceId,
        /// Which offer's line.
        item: Item,
        /// How many in all.
        quantity: Quantity,
    },
    /// Take a line out.
    RemoveLine {
        /// Which cart.
        cart: ResourceId,
        /// Which offer's line.
        item: Item,
    },
    /// Accept today's prices.
    AcceptPrices {
        /// Which cart.
        cart: ResourceId,
    },
    /// Bring in the lines of a guest's cart of the same name. Who asks has shown that the guest's cart is theirs.
    MergeGuest {
        /// Which cart.
        cart: ResourceId,
        /// Whose lines.
        guest: Tenant,
    },
    /// Give the lines of this guest's cart to the user who signed in.
    HandOver {
        /// Which cart.
        cart: ResourceId,
        /// To whom.
        to: Tenant,
    },
    /// Take the lines that a guest's cart has handed over.
    TakeLines {
        /// Which cart.
        cart: ResourceId,
        /// Whose lines they were.
        guest: Tenant,
        /// Of which round of the guest's cart.
        round: u64,
        /// The lines; none if there was nothing to hand over.
        lines: Vec<Line>,
    },
    /// Keep the cart as it is for a checkout.
    Claim {
        /// Which cart.
        cart: ResourceId,
        /// For which checkout.
        checkout: ResourceId,
        /// The round that the buyer saw.
        round: u64,
        /// The revision that the buyer saw.
        revision: u64,
    },
    /// Give the cart back to the buyer.
    Release {
        /// Which cart.
        cart: ResourceId,
        /// Which checkout no longer wants it.
        checkout: ResourceId,
    },
    /// End the round: it was bought.
    Convert {
        /// Which cart.
        cart: ResourceId,
        /// By which checkout.
        checkout: ResourceId,
        /// What was bought; the rest goes to the next round.
        bought: Vec<Item>,
    },
}

impl Command {
    /// The cart that the command is about.
    pub fn cart(&self) -> &ResourceId {
        match self {
            Self::AddLine { cart, .. }
            | Self::ChangeLine { cart, .. }
            | Self::RemoveLine { cart, .. }
            | Self::AcceptPrices { cart }
            | Self::MergeGuest { cart, .. }
            | Self::HandOver { cart, .. }
            | Self::TakeLines { cart, .. }
            | Self::Claim { cart, .. }
            | Self::Release { cart, .. }
            | Self::Convert { cart, .. } => cart,
        }
    }
}

/// What a line is about: an offer of a vendor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Item {
    /// Whose offer.
    pub vendor: Tenant,
    /// Which.
    pub offer: ResourceId,
}

impl std::fmt::Display for Item {
    /// The offer's name: `vendors/atlas/offers/o1`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/offers/{}", self.vendor, self.offer)
    }
}

/// A line of a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What.
    #[serde(flatten)]
    pub item: Item,
    /// The product that the offer is of.
    pub product: ResourceId,
    /// What it is called.
    pub title: Title,
    /// How many.
    pub quantity: Quantity,
    /// For one, as the buyer has seen it.
    pub price: Money,
    /// The version of that price.
    pub price_version: i64,
}

/// How many of one offer a buyer may have in a cart: 1 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Quantity(u32);

impl Quantity {
    /// The most of one line.
    pub const MAX: u32 = 99;

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }

    /// Both together, if that is not over the limit.
    pub fn plus(self, more: Self) -> Result<Self, QuantityOutOfRange> {
        Self::try_from(i64::from(self.0) + i64::from(more.0))
    }
}

impl TryFrom<i64> for Quantity {
    type Error = QuantityOutOfRange;

    fn try_from(quantity: i64) -> Result<Self, QuantityOutOfRange> {
        match u32::try_from(quantity) {
            Ok(number @ 1..=Self::MAX) => Ok(Self(number)),
            _ => Err(QuantityOutOfRange(quantity)),
        }
    }
}

impl From<Quantity> for i64 {
    fn from(quantity: Quantity) -> Self {
        quantity.0.into()
    }
}

/// Not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a quantity: expected 1 to {max}", max = Quantity::MAX)]
pub struct QuantityOutOfRange(pub i64);

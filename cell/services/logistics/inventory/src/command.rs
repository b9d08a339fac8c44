//! What can be asked of inventory.

use base_ids::{ResourceId, Text};
use base_time::Timestamp;
pub use cell_words::{ReplyTo, Service};
use serde::{Deserialize, Serialize};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Book goods that have come in.
    ReceiveStock {
        /// Which offer's.
        offer: ResourceId,
        /// Where.
        location: ResourceId,
        /// How many.
        quantity: Quantity,
    },
    /// Correct a count.
    AdjustStock {
        /// Which offer's.
        offer: ResourceId,
        /// Where.
        location: ResourceId,
        /// Added to what is on hand; not 0.
        change: i64,
        /// Why.
        reason: Reason,
    },
    /// Promise all lines, or none.
    ReserveStock {
        /// Chosen by who asks.
        reservation: ResourceId,
        /// Whom to answer.
        reply: ReplyTo,
        /// What.
        lines: Vec<Line>,
        /// Until when.
        until: Timestamp,
    },
    /// Keep a promise longer.
    ExtendReservation {
        /// Which.
        reservation: ResourceId,
        /// Until when.
        until: Timestamp,
    },
    /// Turn a promise into a sale.
    CommitReservation {
        /// Which.
        reservation: ResourceId,
        /// Whom to answer.
        reply: ReplyTo,
    },
    /// Give the stock back.
    ReleaseReservation {
        /// Which.
        reservation: ResourceId,
        /// Why.
        reason: String,
    },
    /// Note that the stock of a sale has left.
    ShipReservation {
        /// Which.
        reservation: ResourceId,
    },
    /// End a promise whose deadline has come.
    ExpireReservation {
        /// Which.
        reservation: ResourceId,
    },
}

/// One line of what is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which offer.
    pub offer: ResourceId,
    /// How many.
    pub quantity: Quantity,
}

/// How many: 1 to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(i64);

impl Quantity {
    /// The most that one line or one delivery may have.
    pub const MAX: i64 = 1_000_000;

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Quantity {
    type Error = QuantityOutOfRange;

    fn try_from(quantity: i64) -> Result<Self, QuantityOutOfRange> {
        if (1..=Self::MAX).contains(&quantity) {
            Ok(Self(quantity))
        } else {
            Err(QuantityOutOfRange(quantity))
        }
    }
}

/// Not a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a quantity: expected 1 to {max}", max = Quantity::MAX)]
pub struct QuantityOutOfRange(i64);

/// Why a count was corrected.
pub type Reason = Text<200>;

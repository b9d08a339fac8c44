//! What has happened to a vendor's stock; kept for ever.

use base_ids::ResourceId;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::command::{Reason, ReplyTo};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// Goods came in.
    StockReceived {
        /// Which offer's.
        offer: ResourceId,
        /// Where.
        location: ResourceId,
        /// How many.
        quantity: i64,
    },
    /// A count was corrected.
    StockAdjusted {
        /// Which offer's.
        offer: ResourceId,
        /// Where.
        location: ResourceId,
        /// Added to what was on hand.
        change: i64,
        /// Why.
        reason: Reason,
    },
    /// All lines were promised.
    StockReserved {
        /// Named by who asked.
        reservation: ResourceId,
        /// Whom to answer.
        reply: ReplyTo,
        /// What was promised, and from where.
        picks: Vec<Pick>,
        /// Until when.
        until: Timestamp,
    },
    /// Nothing was promised.
    ReservationRefused {
        /// Named by who asked.
        reservation: ResourceId,
        /// Whom to answer.
        reply: ReplyTo,
        /// Why.
        reason: RefusedBecause,
        /// What there was too little of.
        shortages: Vec<Shortage>,
    },
    /// A promise is kept longer.
    ReservationExtended {
        /// Which.
        reservation: ResourceId,
        /// Until when.
        until: Timestamp,
    },
    /// A promise became a sale.
    ReservationCommitted {
        /// Which.
        reservation: ResourceId,
        /// What was sold.
        picks: Vec<Pick>,
        /// Whom to answer.
        reply: ReplyTo,
    },
    /// A promise was over before it could become a sale.
    CommitRefused {
        /// Which.
        reservation: ResourceId,
        /// Whom to answer.
        reply: ReplyTo,
    },
    /// The stock of a promise or a sale was given back.
    ReservationReleased {
        /// Which.
        reservation: ResourceId,
        /// What came back.
        picks: Vec<Pick>,
        /// Whether it had been sold.
        sold: bool,
        /// Why.
        reason: String,
    },
    /// A promise's deadline came.
    ReservationExpired {
        /// Which.
        reservation: ResourceId,
        /// What came back.
        picks: Vec<Pick>,
    },
    /// The stock of a sale has left.
    ReservationShipped {
        /// Which.
        reservation: ResourceId,
        /// What has left.
        picks: Vec<Pick>,
    },
    /// A reservation was released before it was asked for, and will not be granted.
    ReservationBarred {
        /// Which.
        reservation: ResourceId,
        /// When.
        at: Timestamp,
        /// Until when it is remembered; messages are never older than that.
        until: Timestamp,
    },
}

/// So many of an offer from a location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// Which offer.
    pub offer: ResourceId,
    /// From where.
    pub location: ResourceId,
    /// How many.
    pub quantity: i64,
}

/// Too little of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// Which.
    pub offer: ResourceId,
    /// How many were asked for, lines of one offer summed.
    pub asked: i64,
    /// How many there were.
    pub available: i64,
}

/// Why nothing was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RefusedBecause {
    /// Too little of something.
    OutOfStock,
    /// It was released before it was asked for.
    Released,
    /// It came after its own deadline.
    Expired,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}

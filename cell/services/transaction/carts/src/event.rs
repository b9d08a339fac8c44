//! What has happened to a cart; kept for ever.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::command::{Item, Line, Quantity};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// The cart began anew.
    RoundOpened {
        /// The round's number.
        round: u64,
        /// What the round before left over.
        lines: Vec<Line>,
    },
    /// An offer came in.
    LineAdded {
        /// The line.
        line: Line,
    },
    /// So many of a line are wanted.
    LineChanged {
        /// Which line.
        item: Item,
        /// How many.
        quantity: Quantity,
    },
    /// A line was taken out.
    LineRemoved {
        /// Which.
        item: Item,
    },
    /// The buyer has seen new prices.
    Repriced {
        /// The lines whose price is another.
        prices: Vec<NewPrice>,
    },
    /// A guest's cart was asked for its lines.
    MergeAsked {
        /// Whose.
        guest: Tenant,
    },
    /// A guest's lines came in.
    Merged {
        /// Whose they were.
        guest: Tenant,
        /// Of which round of the guest's cart.
        round: u64,
        /// Each line that is new or has another quantity, as it is now.
        lines: Vec<Line>,
        /// What had no room.
        left_out: Vec<LeftOut>,
    },
    /// A guest's lines came while a checkout had the cart; they are kept until it ends.
    GuestLinesKept {
        /// Whose they were.
        guest: Tenant,
        /// Of which round of the guest's cart.
        round: u64,
        /// The lines.
        lines: Vec<Line>,
    },
    /// A guest's cart had nothing, or nothing new, to bring in.
    MergeEnded {
        /// Whose cart.
        guest: Tenant,
    },
    /// The lines are wanted by the user who signed in, once the checkout that has the cart ends.
    HandOverAsked {
        /// By whom.
        to: Tenant,
    },
    /// The lines went to the user who signed in.
    HandedOver {
        /// To whom.
        to: Tenant,
        /// Of which round.
        round: u64,
        /// The lines; none if there was nothing to hand over, and then nothing changes.
        lines: Vec<Line>,
    },
    /// A checkout has the cart.
    Claimed {
        /// Which.
        checkout: ResourceId,
        /// Which round.
        round: u64,
    },
    /// A checkout did not get the cart.
    ClaimRefused {
        /// Which.
        checkout: ResourceId,
        /// Why.
        reason: ClaimRefusedBecause,
    },
    /// A checkout no longer wants the cart, and will not get it, even if its claim comes later.
    Released {
        /// Which.
        checkout: ResourceId,
        /// When.
        at: Timestamp,
        /// Until when it is remembered; messages are never older than that.
        until: Timestamp,
    },
    /// The round was bought.
    Converted {
        /// By which checkout.
        checkout: ResourceId,
        /// What was bought.
        bought: Vec<Item>,
    },
}

/// A line's new price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPrice {
    /// Which line.
    pub item: Item,
    /// For one.
    pub price: Money,
    /// Its version.
    pub price_version: i64,
}

/// A guest's line, or a part of it, that had no room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What.
    pub item: Item,
    /// How many.
    pub quantity: u32,
    /// Why.
    pub reason: LeftOutBecause,
}

/// Why a guest's line had no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LeftOutBecause {
    /// As many lines as a cart may have.
    CartFull,
    /// As many vendors as a cart may have.
    TooManyVendors,
    /// It is sold in another currency than the rest.
    OtherCurrency,
    /// As many of one offer as a line may have.
    QuantityOverLimit,
    /// The sum would be more than can be counted.
    AmountTooLarge,
}

/// Why a checkout did not get the cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClaimRefusedBecause {
    /// It is not what the buyer saw.
    CartChanged,
    /// Another checkout has it.
    CartClaimed,
    /// The round is over.
    CartClosed,
    /// Nothing is in it.
    CartEmpty,
    /// The claim was released before it was made.
    ClaimReleased,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}

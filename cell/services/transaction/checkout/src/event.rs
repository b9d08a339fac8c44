//! What has happened in a purchase; kept for ever.

use base_ids::ResourceId;
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::Problem;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{
    command::{Email, Line, Payment, PostalAddress, Quote, Wishes},
    facts::Waits,
};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// A session began.
    Started {
        /// Its id.
        checkout: ResourceId,
        /// What it is to buy.
        basket: Basket,
        /// How the buyer wants it.
        wishes: Box<Wishes>,
        /// How long what is waited for.
        waits: Waits,
        /// When.
        at: Timestamp,
    },
    /// The cart was taken over anew.
    Refreshed {
        /// What is to be bought now.
        basket: Basket,
    },
    /// It goes there.
    AddressSet {
        /// Where.
        address: Box<PostalAddress>,
        /// Where to write to, if it changed.
        email: Option<Email>,
    },
    /// It is paid so.
    PaymentChosen {
        /// How.
        payment: Payment,
    },
    /// The buyer wants to buy. The cart is asked for.
    PlacementAsked {
        /// The most that the buyer agrees to pay, delivery included.
        total_max: Option<Money>,
    },
    /// The cart is the session's. Every vendor is asked for its terms and its stock.
    VendorsAsked {
        /// Until when the stock is to be held.
        held_until: Timestamp,
    },
    /// A vendor stands by its prices.
    VendorQuoted {
        /// Which share.
        share: u32,
        /// The terms.
        quote: Quote,
    },
    /// A vendor does not sell so.
    VendorRefused {
        /// Which share.
        share: u32,
        /// Why.
        problems: Vec<Problem>,
    },
    /// A vendor's stock is held.
    StockHeld {
        /// Which share.
        share: u32,
    },
    /// A vendor's stock is not held.
    StockRefused {
        /// Which share.
        share: u32,
        /// Why.
        problems: Vec<Problem>,
    },
    /// It goes on without these vendors, whose stock is let go.
    VendorsDropped {
        /// Which shares.
        shares: Vec<u32>,
        /// Why.
        problems: Vec<Problem>,
    },
    /// All agreed. The payment is asked for.
    PaymentAsked {
        /// How much, over all shares.
        total: Money,
        /// Until when it must be authorised.
        until: Timestamp,
        /// Until when vendors are asked to hold their stock instead, if it must be longer.
        held_until: Option<Timestamp>,
    },
    /// The buyer has to act for the payment.
    ActionRequired {
        /// Where.
        url: String,
        /// Until when vendors are asked to hold their stock instead, if it must be longer.
        held_until: Option<Timestamp>,
    },
    /// The money is held, or promised at the door. The order group is asked for.
    PaymentAuthorised {
        /// Until when vendors are asked to hold their stock instead, if it must be longer.
        held_until: Option<Timestamp>,
    },
    /// There is an order group. Every vendor's held stock is to be sold.
    OrderPlaced {
        /// Its number, as the buyer sees it.
        number: String,
    },
    /// A vendor's stock is sold.
    StockSold {
        /// Which share.
        share: u32,
    },
    /// Everything is sold. The money is to be taken.
    CaptureAsked,
    /// There is a paid order.
    Completed,
    /// An answer is so late that somebody should look.
    AttentionNeeded {
        /// Whose: vendors, `payment`, `order`.
        waiting_for: Vec<String>,
        /// When it is given up, if it is.
        give_up_at: Option<Timestamp>,
    },
    /// It ends without an order; what was asked of others is taken back.
    UndoStarted {
        /// How it ends.
        ending: Ending,
        /// Why.
        problems: Vec<Problem>,
        /// What is taken back.
        owed: Owed,
    },
    /// Nothing of the money is held or taken any more.
    PaymentReleased,
    /// It has ended without an order; nothing is held.
    Ended {
        /// How.
        ending: Ending,
    },
}

/// What is to be bought: one revision of one round of a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    /// The cart's id.
    pub cart: ResourceId,
    /// Its round.
    pub round: u64,
    /// The revision of that round.
    pub revision: u64,
    /// The lines.
    pub lines: Vec<Line>,
    /// What stood in the way when it was read.
    pub problems: Vec<Problem>,
}

/// How a session ends without an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Something went wrong.
    Failed,
    /// The buyer gave up.
    Cancelled,
}

/// What a session has asked of others and must take back when it is undone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// The order group.
    pub order: bool,
    /// The stock of these shares.
    pub stock: Vec<u32>,
    /// The payment.
    pub payment: bool,
    /// The cart.
    pub cart: bool,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}

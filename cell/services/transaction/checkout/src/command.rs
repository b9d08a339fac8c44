//! What can be asked of a checkout, and what it hears.

use base_ids::ResourceId;
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::Problem;
use serde::{Deserialize, Serialize};
use strum::EnumString;

pub use base_ids::{Email, Locale};
pub use cell_words::{
    Instrument, Line, Payment, PaymentNews, PostalAddress, Quote, ShareOf, Shortage, Title,
};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Command {
    /// Of which session.
    pub checkout: ResourceId,
    /// What.
    pub ask: Ask,
}

/// What can be asked of a session.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Ask {
    /// Start.
    Start {
        /// To buy which cart.
        cart: ResourceId,
        /// How the buyer wants it.
        wishes: Box<Wishes>,
    },
    /// Take the cart over as it is now.
    Refresh,
    /// Deliver there.
    SetAddress {
        /// Where.
        address: Box<PostalAddress>,
        /// Where to write to, if it changes.
        email: Option<Email>,
    },
    /// Pay so.
    ChoosePayment {
        /// How.
        payment: Payment,
    },
    /// Buy.
    Place {
        /// The most that the buyer agrees to pay, delivery included.
        total_max: Option<Money>,
    },
    /// Give up.
    Cancel,
    /// Hear what others say, or that a wait is over.
    Hear {
        /// What.
        news: News,
    },
}

/// How a buyer wants a purchase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// Where to deliver.
    pub address: Option<PostalAddress>,
    /// Where to write to.
    pub email: Option<Email>,
    /// How to pay.
    pub payment: Option<Payment>,
    /// Buy from the vendors that can deliver, instead of all or nothing.
    pub ship_what_you_can: bool,
    /// In which the buyer is spoken to.
    pub locale: Locale,
}

/// What a session hears. News that does not fit its stage is late, repeated or overtaken, and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum News {
    /// The cart is the session's.
    CartClaimed,
    /// The cart is not.
    CartRefused {
        /// Why.
        code: String,
    },
    /// A vendor stands by its prices.
    Quoted {
        /// Which share.
        share: ShareOf,
        /// The terms.
        quote: Quote,
    },
    /// A vendor does not sell so.
    NotQuoted {
        /// Which share.
        share: ShareOf,
        /// Why.
        problems: Vec<Problem>,
    },
    /// A vendor's stock is held.
    StockHeld {
        /// Which share.
        share: ShareOf,
        /// Until when.
        until: Timestamp,
    },
    /// A vendor's stock is not held.
    StockRefused {
        /// Which share.
        share: ShareOf,
        /// Of what there was too little; none if there is another reason.
        shortages: Vec<Shortage>,
    },
    /// A vendor's stock is sold, or its promise was over.
    StockCommitted {
        /// Which share.
        share: ShareOf,
        /// Whether it is sold.
        sold: bool,
    },
    /// The payment has come to something.
    Payment(PaymentNews),
    /// There is an order group.
    OrderPlaced {
        /// Its number, as the buyer sees it.
        number: String,
    },
    /// A wait has lasted as long as it may.
    WaitOver(Wait),
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Wait {
    /// The buyer to place it.
    Buyer,
    /// The cart.
    Cart,
    /// The vendors' quotes and promises.
    Vendors,
    /// The payment to be authorised.
    Payment,
    /// Order, sold stock and captured money: time to look.
    Settling,
    /// Order and sold stock: time to give up.
    GivingUp,
    /// The payment to be let go: time to look.
    Undoing,
}

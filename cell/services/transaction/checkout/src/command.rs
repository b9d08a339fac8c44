//! What can be asked of a checkout, and what it hears.

mod values;

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use cell_kernel::Problem;
use serde::{Deserialize, Serialize};
use strum::EnumString;

pub use base_ids::{Email, Locale};
pub use cell_words::{Instrument, PostalAddress, Title};
pub use values::{Line, Payment};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Start a session.
    Start {
        /// Under which id.
        checkout: ResourceId,
        /// To buy which cart.
        cart: ResourceId,
        /// How the buyer wants it.
        wishes: Box<Wishes>,
    },
    /// Take the cart over as it is now.
    Refresh {
        /// Which session.
        checkout: ResourceId,
    },
    /// Deliver there.
    SetAddress {
        /// Which session.
        checkout: ResourceId,
        /// Where.
        address: Box<PostalAddress>,
        /// Where to write to, if it changes.
        email: Option<Email>,
    },
    /// Pay so.
    ChoosePayment {
        /// Which session.
        checkout: ResourceId,
        /// How.
        payment: Payment,
    },
    /// Buy.
    Place {
        /// Which session.
        checkout: ResourceId,
        /// The most that the buyer agrees to pay, delivery included.
        total_max: Option<Money>,
    },
    /// Give up.
    Cancel {
        /// Which session.
        checkout: ResourceId,
    },
    /// Hear what others say, or that a wait is over.
    Hear {
        /// Which session.
        checkout: ResourceId,
        /// What.
        news: News,
    },
}

impl Command {
    /// The session that the command is about.
    pub fn checkout(&self) -> &ResourceId {
        match self {
            Self::Start { checkout, .. }
            | Self::Refresh { checkout }
            | Self::SetAddress { checkout, .. }
            | Self::ChoosePayment { checkout, .. }
            | Self::Place { checkout, .. }
            | Self::Cancel { checkout }
            | Self::Hear { checkout, .. } => checkout,
        }
    }
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

/// A share, as others name it: its number and its vendor, which must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShareOf {
    /// Its number.
    pub number: u32,
    /// Whose.
    pub vendor: Tenant,
}

/// A vendor's terms for one checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The lines, with prices and titles to freeze.
    pub lines: Vec<Line>,
    /// What the platform keeps of the goods' value, in basis points.
    pub commission_basis_points: u32,
    /// For the whole share.
    pub delivery_fee: Money,
}

/// Too little of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shortage {
    /// Which.
    pub offer: ResourceId,
    /// How many there are.
    pub available: i64,
}

/// What has become of the payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum PaymentNews {
    /// The money is held, or promised at the door.
    Authorised,
    /// The buyer has to act.
    ActionRequired {
        /// Where.
        url: String,
    },
    /// It was declined.
    Declined {
        /// The provider's code.
        reason: String,
    },
    /// It took too long.
    Expired,
    /// Nothing is held or taken any more.
    Voided,
    /// The money is taken, or expected at the door.
    Captured,
    /// The money could not be taken.
    CaptureFailed {
        /// The provider's code.
        reason: String,
    },
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

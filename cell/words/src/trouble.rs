//! What can stand in the way of a purchase, by the codes that clients see; each has a page in `docs/errors/`.

use cell_kernel::Problem;
use strum::IntoStaticStr;

/// What stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Trouble {
    /// The buyer has not said where to deliver.
    AddressMissing,
    /// A guest has not said how to be reached.
    ContactMissing,
    /// The buyer has not said how to pay.
    PaymentMissing,
    /// An amount is in another currency than the cart.
    OtherCurrency,
    /// The buyer did not place it in time.
    CheckoutExpired,
    /// The cart did not answer in time.
    CartSilent,
    /// The vendor did not answer in time, or its cell is down.
    VendorSilent,
    /// The order did not answer in time.
    OrderSilent,
    /// The price is another than the buyer has seen.
    PriceChanged,
    /// The vendor does not sell it.
    OfferNotSold,
    /// There is too little of it.
    OutOfStock,
    /// Stock was promised for too short a time.
    ReservationExpired,
    /// The vendor's terms contradict what was asked.
    QuoteUnusable,
    /// The total cannot be counted.
    AmountTooLarge,
    /// The total is nothing.
    NothingToPay,
    /// The total is more than the buyer agreed to.
    TotalOverLimit,
    /// The payment was declined.
    PaymentDeclined,
    /// The payment was not made in time.
    PaymentExpired,
    /// The held money could not be taken.
    CaptureFailed,
}

impl Trouble {
    /// The problem that a client sees: what it is about, and what can be done.
    pub fn about(self, subject: impl Into<String>, text: impl Into<String>) -> Problem {
        let code = <&str>::from(self).to_owned();
        Problem { code, subject: subject.into(), text: text.into() }
    }
}

//! What can stand in the way of a purchase, by the codes that clients see; each has a page in `docs/errors/`.

use cell_kernel::Problem;

/// What stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
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
    /// The code that clients see.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::AddressMissing => "address_missing",
            Self::ContactMissing => "contact_missing",
            Self::PaymentMissing => "payment_missing",
            Self::OtherCurrency => "other_currency",
            Self::CheckoutExpired => "checkout_expired",
            Self::CartSilent => "cart_silent",
            Self::VendorSilent => "vendor_silent",
            Self::OrderSilent => "order_silent",
            Self::PriceChanged => "price_changed",
            Self::OfferNotSold => "offer_not_sold",
            Self::OutOfStock => "out_of_stock",
            Self::ReservationExpired => "reservation_expired",
            Self::QuoteUnusable => "quote_unusable",
            Self::AmountTooLarge => "amount_too_large",
            Self::NothingToPay => "nothing_to_pay",
            Self::TotalOverLimit => "total_over_limit",
            Self::PaymentDeclined => "payment_declined",
            Self::PaymentExpired => "payment_expired",
            Self::CaptureFailed => "capture_failed",
        }
    }

    /// The problem that a client sees: what it is about, and what can be done.
    pub(super) fn about(self, subject: impl Into<String>, text: impl Into<String>) -> Problem {
        Problem { code: self.code().to_owned(), subject: subject.into(), text: text.into() }
    }
}

//! The generated messages of this service's contract, and of those it speaks to.

pub use souk_proto::souk::{
    carts::v1::{BoughtLine, CartClaimed, CartRefused, ClaimCart, ConvertCart, ReleaseCart},
    checkout::v1::{
        CancelCheckoutRequest, Checkout, ChoosePaymentRequest, GetCheckoutRequest, Line,
        ListCheckoutsRequest, ListCheckoutsResponse, Payment, PlaceCheckoutRequest,
        RefreshCheckoutRequest, SetAddressRequest, StartCheckoutRequest, VendorShare, WaitOver,
        WatchCheckoutRequest, checkout, vendor_share, wait_over,
    },
    inventory::v1::{
        CommitOutcome, CommitReservation, ExtendReservation, ReleaseReservation, ReserveLine,
        ReserveStock, StockRefused, StockReserved,
    },
    orders::v1::{CancelGroup, ChildDraft, ConfirmGroup, GroupPlaced, OrderLine, PlaceGroup},
    payments::v1::{
        AuthorisePayment, CapturePayment, PaymentOutcome, PaymentShare, VoidPayment,
        payment_outcome,
    },
    products::v1::{OffersNotQuoted, OffersQuoted, QuoteLine, QuoteOffers, QuotedLine},
    v1::{Address, LocalText, Money, Problem},
};

use crate::command::{PostalAddress, Title};

pub(crate) fn money(amount: base_money::Money) -> Money {
    Money { currency: amount.currency.code().to_owned(), minor: amount.minor }
}

/// Reads an amount; the text says what is wrong with it.
pub(crate) fn read_money(amount: Option<&Money>) -> Result<base_money::Money, String> {
    let amount = amount.ok_or("an amount is missing")?;
    let currency = base_money::Currency::from_code(&amount.currency);
    let currency = currency.map_err(|error| error.to_string())?;
    Ok(base_money::Money::new(currency, amount.minor))
}

pub(crate) fn title(title: &Title) -> LocalText {
    let Title { ar, fr, en } = title.clone();
    LocalText { ar, fr, en }
}

pub(crate) fn address(address: &PostalAddress) -> Address {
    let PostalAddress { recipient, phone, lines, district, city, postcode, country } =
        address.clone();
    Address { recipient, phone, lines, district, city, postcode, country }
}

pub(crate) fn problem(problem: &cell_kernel::Problem) -> Problem {
    let cell_kernel::Problem { code, subject, text } = problem.clone();
    Problem { code, subject, text }
}

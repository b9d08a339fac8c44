//! The generated messages of this service's contract, and of those it speaks to.

pub use souk_proto::souk::{
    carts::v1::{CartClaimed, CartRefused, ClaimCart, ConvertCart, ReleaseCart},
    checkout::v1::{
        CancelCheckoutRequest, Checkout, ChoosePaymentRequest, GetCheckoutRequest,
        ListCheckoutsRequest, ListCheckoutsResponse, Payment, PlaceCheckoutRequest,
        RefreshCheckoutRequest, SetAddressRequest, StartCheckoutRequest, VendorShare, WaitOver,
        WatchCheckoutRequest, checkout, vendor_share, wait_over,
    },
    inventory::v1::{
        CommitOutcome, CommitReservation, ExtendReservation, ReleaseReservation, ReserveStock,
        StockRefused, StockReserved,
    },
    offers::v1::{OffersNotQuoted, OffersQuoted, QuoteOffers, QuotedLine},
    orders::v1::{CancelGroup, ConfirmGroup, GroupPlaced, PlaceGroup},
    payments::v1::{
        AuthorisePayment, CapturePayment, PaymentOutcome, VoidPayment, payment_outcome,
    },
    v1::{Address, Money, Problem},
};

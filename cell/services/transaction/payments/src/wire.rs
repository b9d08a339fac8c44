//! The generated messages of this service's contract.

use base_money::Money;

pub use souk_proto::souk::{
    payments::v1::{
        AttemptDue, AuthorisePayment, CapturePayment, CashCollected, GetPaymentRequest,
        ListPaymentMethodsRequest, ListPaymentMethodsResponse, Payment, PaymentMethod,
        PaymentOutcome, PaymentShare, ProviderEventResponse, RefundShare, ShareRefunded,
        SyncPaymentRequest, VoidPayment, WatchPaymentRequest, payment, payment_outcome,
    },
    v1::{Callback, Money as Amount},
};

/// An amount.
pub(crate) fn amount(money: Money) -> Amount {
    Amount { currency: money.currency.code().to_owned(), minor: money.minor }
}

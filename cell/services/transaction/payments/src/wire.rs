//! The generated messages of this service's contract.

pub use souk_proto::souk::{
    payments::v1::{
        AttemptDue, AuthorisePayment, CapturePayment, CashCollected, GetPaymentRequest,
        ListPaymentMethodsRequest, ListPaymentMethodsResponse, Payment, PaymentMethod,
        PaymentOutcome, PaymentShare, ProviderEventResponse, RefundShare, ShareRefunded,
        SyncPaymentRequest, VoidPayment, WatchPaymentRequest, payment, payment_outcome,
    },
    v1::Callback,
};

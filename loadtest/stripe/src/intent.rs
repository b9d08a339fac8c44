//! A payment intent: what it remembers, and the statuses it may be in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::card::Decline;

/// Where an intent stands, in Stripe's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing to charge yet, or the last attempt failed.
    RequiresPaymentMethod,
    /// Ready to be charged.
    RequiresConfirmation,
    /// The buyer must pass 3-D Secure.
    RequiresAction,
    /// The bank answers later.
    Processing,
    /// Authorised, money held, not taken.
    RequiresCapture,
    /// Money taken; final.
    Succeeded,
    /// Given up; final.
    Canceled,
}

impl Status {
    /// Every status, in the order of a payment's life.
    pub const ALL: [Self; 7] = [
        Self::RequiresPaymentMethod,
        Self::RequiresConfirmation,
        Self::RequiresAction,
        Self::Processing,
        Self::RequiresCapture,
        Self::Succeeded,
        Self::Canceled,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

/// When an authorised amount is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CaptureMethod {
    Automatic,
    AutomaticAsync,
    Manual,
}

impl CaptureMethod {
    pub(crate) const CHOICES: [(&'static str, Self); 3] = [
        ("automatic", Self::Automatic),
        ("automatic_async", Self::AutomaticAsync),
        ("manual", Self::Manual),
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::AutomaticAsync => "automatic_async",
            Self::Manual => "manual",
        }
    }
}

/// A payment intent as it is kept; amounts in the currency's smallest unit, times in Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) client_secret: String,
    pub(crate) created: i64,
    pub(crate) amount: i64,
    pub(crate) amount_capturable: i64,
    pub(crate) amount_received: i64,
    pub(crate) currency: String,
    pub(crate) capture_method: CaptureMethod,
    pub(crate) status: Status,
    pub(crate) payment_method: Option<String>,
    pub(crate) payment_method_types: Vec<String>,
    pub(crate) automatic_payment_methods: bool,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) transfer_group: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) statement_descriptor: Option<String>,
    pub(crate) statement_descriptor_suffix: Option<String>,
    pub(crate) customer: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) latest_charge: Option<String>,
    pub(crate) last_error: Option<LastError>,
    /// Names the open 3-D Secure page; a page of an earlier attempt no longer counts.
    pub(crate) challenge: Option<String>,
    pub(crate) canceled_at: Option<i64>,
    pub(crate) cancellation_reason: Option<String>,
}

/// Why the last attempt failed, and with which payment method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastError {
    pub(crate) decline: Decline,
    pub(crate) payment_method: Option<String>,
}

/// What a new intent is asked to be, already read and checked.
#[derive(Debug, Clone)]
pub(crate) struct NewIntent {
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) capture_method: CaptureMethod,
    pub(crate) payment_method: Option<String>,
    pub(crate) payment_method_types: Vec<String>,
    pub(crate) automatic_payment_methods: bool,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) transfer_group: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) statement_descriptor: Option<String>,
    pub(crate) statement_descriptor_suffix: Option<String>,
    pub(crate) customer: Option<String>,
}

impl Intent {
    /// A new intent that nobody has confirmed.
    pub(crate) fn open(ask: NewIntent, id: String, secret: &str, now: i64) -> Self {
        let status = match ask.payment_method {
            Some(_) => Status::RequiresConfirmation,
            None => Status::RequiresPaymentMethod,
        };
        Self {
            client_secret: format!("{id}_secret_{secret}"),
            id,
            created: now,
            amount: ask.amount,
            amount_capturable: 0,
            amount_received: 0,
            currency: ask.currency,
            capture_method: ask.capture_method,
            status,
            payment_method: ask.payment_method,
            payment_method_types: ask.payment_method_types,
            automatic_payment_methods: ask.automatic_payment_methods,
            metadata: ask.metadata,
            transfer_group: ask.transfer_group,
            description: ask.description,
            receipt_email: ask.receipt_email,
            statement_descriptor: ask.statement_descriptor,
            statement_descriptor_suffix: ask.statement_descriptor_suffix,
            customer: ask.customer,
            return_url: None,
            latest_charge: None,
            last_error: None,
            challenge: None,
            canceled_at: None,
            cancellation_reason: None,
        }
    }
}

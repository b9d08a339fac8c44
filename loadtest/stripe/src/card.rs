//! Stripe's test payment methods by token, and what the issuer behind each does.

use serde::{Deserialize, Serialize};

/// Why an attempt failed, as it is told in errors and in `last_payment_error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decline {
    pub(crate) code: String,
    /// The issuer's own word: `decline_code` on the wire.
    pub(crate) reason: Option<String>,
    pub(crate) message: String,
    pub(crate) charge: Option<String>,
}

impl Decline {
    fn new(code: &str, reason: Option<&str>, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            reason: reason.map(str::to_owned),
            message: message.to_owned(),
            charge: None,
        }
    }

    /// The buyer failed or left 3-D Secure.
    pub(crate) fn authentication_failed() -> Self {
        Self::new(
            "payment_intent_authentication_failure",
            None,
            "The provided PaymentMethod has failed authentication. You can provide \
             payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent \
             again.",
        )
    }

    /// The issuer wants 3-D Secure while the buyer is away.
    pub(crate) fn authentication_required() -> Self {
        Self::new(
            "authentication_required",
            Some("authentication_required"),
            "Your card was declined. This transaction requires authentication.",
        )
    }

    /// A bank debit that was sent and came back.
    pub(crate) fn debit_returned() -> Self {
        Self::new(
            "payment_intent_payment_attempt_failed",
            None,
            "The payment attempt failed because the bank returned the debit.",
        )
    }
}

/// What happens when a payment method is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Approved,
    Declined(Decline),
    /// 3-D Secure first; then approved, or declined.
    Challenged(Option<Decline>),
    /// The bank answers later: `processing`.
    Awaited,
}

/// What happens when money goes back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundFate {
    Succeeds,
    /// Stays `pending` until it is settled through the control API.
    Waits,
}

/// A payment method made from one of the test tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Method {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) created: i64,
}

/// What is printed on a test payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Face {
    /// `card` or `us_bank_account`.
    pub(crate) kind: &'static str,
    pub(crate) brand: &'static str,
    pub(crate) last4: &'static str,
}

enum Row {
    Approved,
    Declined(&'static str, Option<&'static str>, &'static str),
    Challenged,
    ChallengedThenDeclined,
    Awaited,
    PendingRefund,
}

const PLAIN_DECLINE: &str = "Your card was declined.";

/// Token, brand, last four digits, fate.
const TOKENS: &[(&str, &str, &str, Row)] = &[
    ("pm_card_visa", "visa", "4242", Row::Approved),
    ("pm_card_visa_debit", "visa", "5556", Row::Approved),
    ("pm_card_mastercard", "mastercard", "4444", Row::Approved),
    ("pm_card_amex", "amex", "8431", Row::Approved),
    (
        "pm_card_chargeDeclined",
        "visa",
        "0002",
        Row::Declined("card_declined", Some("generic_decline"), PLAIN_DECLINE),
    ),
    (
        "pm_card_chargeDeclinedInsufficientFunds",
        "visa",
        "9995",
        Row::Declined(
            "card_declined",
            Some("insufficient_funds"),
            "Your card has insufficient funds.",
        ),
    ),
    (
        "pm_card_chargeDeclinedLostCard",
        "visa",
        "9987",
        Row::Declined("card_declined", Some("lost_card"), PLAIN_DECLINE),
    ),
    (
        "pm_card_chargeDeclinedStolenCard",
        "visa",
        "9979",
        Row::Declined("card_declined", Some("stolen_card"), PLAIN_DECLINE),
    ),
    (
        "pm_card_chargeDeclinedFraudulent",
        "visa",
        "0019",
        Row::Declined("card_declined", Some("fraudulent"), PLAIN_DECLINE),
    ),
    (
        "pm_card_chargeDeclinedExpiredCard",
        "visa",
        "0069",
        Row::Declined("expired_card", None, "Your card has expired."),
    ),
    (
        "pm_card_chargeDeclinedIncorrectCvc",
        "visa",
        "0127",
        Row::Declined("incorrect_cvc", None, "Your card's security code is incorrect."),
    ),
    (
        "pm_card_chargeDeclinedProcessingError",
        "visa",
        "0119",
        Row::Declined(
            "processing_error",
            None,
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ),
    ("pm_card_authenticationRequired", "visa", "3184", Row::Challenged),
    ("pm_card_threeDSecure2Required", "visa", "3220", Row::Challenged),
    ("pm_card_threeDSecureRequired", "visa", "3063", Row::Challenged),
    ("pm_card_threeDSecureRequiredChargeDeclined", "visa", "1629", Row::ChallengedThenDeclined),
    ("pm_card_pendingRefund", "visa", "7726", Row::PendingRefund),
    ("pm_usBankAccount_processing", "us_bank_account", "6789", Row::Awaited),
];

fn row(token: &str) -> Option<&'static (&'static str, &'static str, &'static str, Row)> {
    // Newer documentation writes `pm_card_visa_chargeDeclined…` for the same cards.
    let plain = token.replacen("pm_card_visa_charge", "pm_card_charge", 1);
    TOKENS.iter().find(|(name, ..)| *name == plain)
}

/// What is printed on the payment method with this test token; nothing for unknown tokens.
pub(crate) fn face(token: &str) -> Option<Face> {
    row(token).map(|(_, brand, last4, fate)| Face {
        kind: if matches!(fate, Row::Awaited) { "us_bank_account" } else { "card" },
        brand,
        last4,
    })
}

/// What charging the payment method with this test token leads to.
pub(crate) fn fate(token: &str) -> Option<Fate> {
    row(token).map(|(.., fate)| match fate {
        Row::Approved | Row::PendingRefund => Fate::Approved,
        Row::Declined(code, reason, message) => {
            Fate::Declined(Decline::new(code, *reason, message))
        }
        Row::Challenged => Fate::Challenged(None),
        Row::ChallengedThenDeclined => Fate::Challenged(Some(Decline::new(
            "card_declined",
            Some("generic_decline"),
            PLAIN_DECLINE,
        ))),
        Row::Awaited => Fate::Awaited,
    })
}

/// What refunding the payment method with this test token leads to.
pub(crate) fn refund_fate(token: &str) -> RefundFate {
    match row(token) {
        Some((.., Row::PendingRefund)) => RefundFate::Waits,
        _ => RefundFate::Succeeds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_declined_card_name_the_same_card() {
        let old = fate("pm_card_chargeDeclinedInsufficientFunds").unwrap();
        assert_eq!(Some(&old), fate("pm_card_visa_chargeDeclinedInsufficientFunds").as_ref());
        let Fate::Declined(decline) = old else { panic!("not declined") };
        assert_eq!(decline.reason.as_deref(), Some("insufficient_funds"));
    }

    #[test]
    fn unknown_tokens_have_no_fate() {
        assert_eq!(fate("pm_card_unheardOf"), None);
        assert_eq!(face("4242424242424242"), None);
    }
}

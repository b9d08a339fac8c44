//! Objects as Stripe writes them: every field a client may look for, null where it has no value.

use serde_json::{Value, json};

use crate::card::{self, Method};
use crate::charge::{Charge, ChargeStatus, Refund};
use crate::event::{Event, Snapshot};
use crate::intent::{Intent, LastError};

/// The API version whose shapes and defaults are spoken.
pub(crate) const API_VERSION: &str = "2023-10-16";

/// A payment intent; `base` is this server's URL, where its 3-D Secure page lives.
pub(crate) fn intent(intent: &Intent, base: &str) -> Value {
    json!({
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": intent.amount_capturable,
        "amount_details": { "tip": {} },
        "amount_received": intent.amount_received,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": intent
            .automatic_payment_methods
            .then(|| json!({ "allow_redirects": "always", "enabled": true })),
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": intent.capture_method.as_str(),
        "client_secret": intent.client_secret,
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": intent.customer,
        "description": intent.description,
        "invoice": null,
        "last_payment_error": intent.last_error.as_ref().map(last_error),
        "latest_charge": intent.latest_charge,
        "livemode": false,
        "metadata": intent.metadata,
        "next_action": next_action(intent, base),
        "on_behalf_of": null,
        "payment_method": intent.payment_method,
        "payment_method_configuration_details": null,
        "payment_method_options": {},
        "payment_method_types": intent.payment_method_types,
        "processing": null,
        "receipt_email": intent.receipt_email,
        "review": null,
        "setup_future_usage": null,
        "shipping": null,
        "source": null,
        "statement_descriptor": intent.statement_descriptor,
        "statement_descriptor_suffix": intent.statement_descriptor_suffix,
        "status": intent.status.as_str(),
        "transfer_data": null,
        "transfer_group": intent.transfer_group,
    })
}

/// Where the buyer passes 3-D Secure for an open challenge.
pub(crate) fn challenge_url(base: &str, intent: &str, challenge: &str) -> String {
    format!("{base}/3d_secure_2/{intent}/{challenge}")
}

fn next_action(intent: &Intent, base: &str) -> Option<Value> {
    let challenge = intent.challenge.as_deref()?;
    let url = challenge_url(base, &intent.id, challenge);
    Some(match &intent.return_url {
        Some(return_url) => json!({
            "type": "redirect_to_url",
            "redirect_to_url": { "url": url, "return_url": return_url },
        }),
        // Without a way back Stripe hands the page to its own script.
        None => json!({
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {
                "type": "three_d_secure_redirect",
                "source": challenge,
                "stripe_js": url,
            },
        }),
    })
}

fn last_error(error: &LastError) -> Value {
    let decline = &error.decline;
    let page = decline.code.replace('_', "-");
    json!({
        "type": if decline.code.starts_with("payment_intent") {
            "invalid_request_error"
        } else {
            "card_error"
        },
        "code": decline.code,
        "decline_code": decline.reason,
        "doc_url": format!("https://stripe.com/docs/error-codes/{page}"),
        "message": decline.message,
        "charge": decline.charge,
        "payment_method": error
            .payment_method
            .as_ref()
            .map(|id| json!({ "id": id, "object": "payment_method" })),
    })
}

/// A charge.
pub(crate) fn charge(charge: &Charge) -> Value {
    let face = card::face(&charge.token);
    let brand = face.map(|face| face.brand);
    let last4 = face.map(|face| face.last4);
    let kind = face.map_or("card", |face| face.kind);
    let paid = charge.status == ChargeStatus::Succeeded;
    json!({
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": charge.amount_captured,
        "amount_refunded": charge.amount_refunded,
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": null,
        "billing_details": {
            "address": {
                "city": null, "country": null, "line1": null, "line2": null,
                "postal_code": null, "state": null,
            },
            "email": null, "name": null, "phone": null,
        },
        "calculated_statement_descriptor": null,
        "captured": charge.captured,
        "created": charge.created,
        "currency": charge.currency,
        "customer": null,
        "description": null,
        "disputed": false,
        "failure_balance_transaction": null,
        "failure_code": charge.decline.as_ref().map(|decline| &decline.code),
        "failure_message": charge.decline.as_ref().map(|decline| &decline.message),
        "fraud_details": {},
        "invoice": null,
        "livemode": false,
        "metadata": charge.metadata,
        "on_behalf_of": null,
        "outcome": outcome(charge),
        "paid": paid,
        "payment_intent": charge.intent,
        "payment_method": charge.payment_method,
        "payment_method_details": {
            "type": kind,
            kind: { "brand": brand, "last4": last4, "exp_month": 12, "exp_year": 2040 },
        },
        "receipt_email": null,
        "receipt_number": null,
        "receipt_url": null,
        "refunded": charge.captured && charge.refundable() == 0,
        "review": null,
        "shipping": null,
        "source_transfer": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": match charge.status {
            ChargeStatus::Succeeded => "succeeded",
            ChargeStatus::Pending => "pending",
            ChargeStatus::Failed => "failed",
        },
        "transfer_data": null,
        "transfer_group": charge.transfer_group,
    })
}

fn outcome(charge: &Charge) -> Value {
    match &charge.decline {
        Some(decline) => json!({
            "network_status": "declined_by_network",
            "reason": decline.reason.as_ref().unwrap_or(&decline.code),
            "seller_message": "The bank did not return any further details with this decline.",
            "type": "issuer_declined",
        }),
        None => json!({
            "network_status": "approved_by_network",
            "reason": null,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }),
    }
}

/// A refund.
pub(crate) fn refund(refund: &Refund) -> Value {
    json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": null,
        "charge": refund.charge,
        "created": refund.created,
        "currency": refund.currency,
        "destination_details": { "card": { "type": "refund" }, "type": "card" },
        "metadata": refund.metadata,
        "payment_intent": refund.intent,
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": refund.status.as_str(),
        "transfer_reversal": null,
    })
}

/// A payment method made from a test token.
pub(crate) fn method(method: &Method) -> Value {
    let face = card::face(&method.token);
    let kind = face.map_or("card", |face| face.kind);
    json!({
        "id": method.id,
        "object": "payment_method",
        "billing_details": { "address": null, "email": null, "name": null, "phone": null },
        "created": method.created,
        "customer": null,
        "livemode": false,
        "metadata": {},
        "type": kind,
        kind: {
            "brand": face.map(|face| face.brand),
            "last4": face.map(|face| face.last4),
            "exp_month": 12,
            "exp_year": 2040,
        },
    })
}

/// The object of an event, as it was when it happened.
pub(crate) fn snapshot(snapshot: &Snapshot, base: &str) -> Value {
    match snapshot {
        Snapshot::Intent(it) => intent(it, base),
        Snapshot::Charge(it) => charge(it),
        Snapshot::Refund(it) => refund(it),
    }
}

/// An event; `pending_webhooks` counts endpoints that have not answered 2xx yet.
pub(crate) fn event(event: &Event, pending_webhooks: usize) -> Value {
    json!({
        "id": event.id,
        "object": "event",
        "api_version": API_VERSION,
        "created": event.created,
        "data": { "object": event.object },
        "livemode": false,
        "pending_webhooks": pending_webhooks,
        "request": { "id": event.request, "idempotency_key": event.idempotency_key },
        "type": event.kind,
    })
}

/// Pretty-printed with two spaces, as Stripe writes answers and webhooks alike.
pub(crate) fn text(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

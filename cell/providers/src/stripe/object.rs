//! Stripe's objects, as far as we read them, in our words.

use std::collections::BTreeMap;

use base_fault::{Code, Fault};
use base_ids::{ResourceId, Tenant};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use svc_payments::{
    effect::Subject,
    report::{IntentReport, RefundReport, RefundStanding, Standing},
};

use super::money::from_stripe;

/// Reads an object of Stripe's.
pub(super) fn read<T: DeserializeOwned>(body: Value) -> Result<T, Fault> {
    serde_json::from_value(body).map_err(|error| {
        Fault::ours(Code::Internal, "Stripe answers something that is not its own").because(error)
    })
}

/// A page of a list, newest first.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    pub(super) has_more: bool,
}

/// A payment intent.
#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    amount: i64,
    amount_received: i64,
    currency: String,
    status: String,
    cancellation_reason: Option<String>,
    last_payment_error: Option<LastError>,
    next_action: Option<Value>,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct LastError {
    code: Option<String>,
    decline_code: Option<String>,
}

impl Intent {
    pub(super) fn read(body: Value) -> Result<Self, Fault> {
        read(body)
    }

    /// Whether it was made for this attempt.
    pub(super) fn is_about(&self, subject: &Subject) -> bool {
        subject_of(&self.metadata).as_ref() == Some(subject)
    }

    /// How it stands.
    pub(super) fn report(&self, subject: &Subject) -> Result<IntentReport, Fault> {
        let standing = self.standing()?;
        let received = from_stripe(&self.currency, self.amount_received)?;
        Ok(IntentReport {
            attempt: subject.attempt,
            intent: Some(self.id.clone()),
            amount: Some(from_stripe(&self.currency, self.amount)?),
            standing,
            received: Some(received).filter(|_| standing == Standing::Taken),
            reason: self.reason(standing),
            action_url: self
                .action_url()
                .filter(|_| standing == Standing::ActionRequired)
                .unwrap_or_default(),
        })
    }

    fn standing(&self) -> Result<Standing, Fault> {
        Ok(match self.status.as_str() {
            // A new intent without a method, or one whose method was refused.
            "requires_payment_method" if self.last_payment_error.is_some() => Standing::Failed,
            "requires_payment_method" | "requires_confirmation" => Standing::Asked,
            "requires_action" => Standing::ActionRequired,
            "processing" => Standing::Processing,
            "requires_capture" => Standing::Held,
            "succeeded" => Standing::Taken,
            "canceled" => Standing::Gone,
            other => {
                let context = format!("Stripe has a payment in the status `{other}`");
                return Err(Fault::ours(Code::Internal, context));
            }
        })
    }

    fn reason(&self, standing: Standing) -> String {
        let error = self.last_payment_error.as_ref();
        let reason = match standing {
            Standing::Failed => {
                error.and_then(|error| error.decline_code.as_ref().or(error.code.as_ref()))
            }
            Standing::Gone => self.cancellation_reason.as_ref(),
            _ => None,
        };
        reason.cloned().unwrap_or_default()
    }

    fn action_url(&self) -> Option<String> {
        let action = self.next_action.as_ref()?;
        let url = action
            .pointer("/redirect_to_url/url")
            .or_else(|| action.pointer("/use_stripe_sdk/stripe_js"))?;
        url.as_str().map(str::to_owned)
    }
}

/// A refund.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    amount: i64,
    currency: String,
    status: Option<String>,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
}

impl Refund {
    /// Which child order's share it gives back, if it is one of ours.
    pub(super) fn order(&self) -> Option<ResourceId> {
        self.metadata.get("order")?.parse().ok()
    }

    /// Whether it gives this share back.
    pub(super) fn is_of(&self, order: &ResourceId) -> bool {
        self.order().as_ref() == Some(order)
    }

    /// How it stands.
    pub(super) fn report(&self, order: &ResourceId) -> Result<RefundReport, Fault> {
        let standing = match self.status.as_deref() {
            Some("succeeded") => RefundStanding::Done,
            Some("failed" | "canceled") => RefundStanding::Failed,
            _ => RefundStanding::Pending,
        };
        let amount = from_stripe(&self.currency, self.amount)?;
        Ok(RefundReport { order: order.clone(), amount, standing })
    }
}

/// What an object is about, if it is one of ours.
pub(super) fn subject_of(metadata: &BTreeMap<String, String>) -> Option<Subject> {
    let user: Tenant = metadata.get("user")?.parse().ok()?;
    let payment = metadata.get("payment")?.parse().ok()?;
    Some(Subject { user, payment, attempt: metadata.get("attempt")?.parse().ok()? })
}

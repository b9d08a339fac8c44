//! What happened, in the words of Stripe's event types.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::charge::{Charge, Refund};
use crate::intent::Intent;

/// An object as it was at the moment of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Snapshot {
    Intent(Box<Intent>),
    Charge(Box<Charge>),
    Refund(Box<Refund>),
}

/// Something to tell, before it has an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) kind: &'static str,
    pub(crate) snapshot: Snapshot,
}

impl Told {
    pub(crate) fn intent(kind: &'static str, intent: &Intent) -> Self {
        Self { kind, snapshot: Snapshot::Intent(Box::new(intent.clone())) }
    }

    pub(crate) fn charge(kind: &'static str, charge: &Charge) -> Self {
        Self { kind, snapshot: Snapshot::Charge(Box::new(charge.clone())) }
    }

    pub(crate) fn refund(kind: &'static str, refund: &Refund) -> Self {
        Self { kind, snapshot: Snapshot::Refund(Box::new(refund.clone())) }
    }
}

/// An event as it is kept and listed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) created: i64,
    pub(crate) kind: String,
    /// The intent it belongs to: events of one intent are delivered one after the other.
    pub(crate) intent: String,
    /// The object, rendered when it happened.
    pub(crate) object: Value,
    pub(crate) request: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

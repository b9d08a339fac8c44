//! What has happened to a payment; kept for ever.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use base_time::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    command::{Instrument, Method, Shares, Via},
    report::{IntentReport, RefundReport},
};

/// What has happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum Event {
    /// A payment was asked for.
    PaymentOpened {
        /// Whom to answer.
        reply: Tenant,
        /// How it is paid.
        method: Method,
        /// What each child order has in it.
        shares: Shares,
    },
    /// It was voided before it was asked for, and will not be opened.
    PaymentBarred {
        /// Whom to answer.
        reply: Tenant,
        /// Why.
        reason: String,
    },
    /// The provider is asked to hold the money.
    AttemptStarted {
        /// Counted from 1.
        attempt: u32,
        /// With what.
        instrument: Instrument,
        /// How much.
        amount: Money,
        /// Until when.
        until: Timestamp,
        /// When it was asked.
        at: Timestamp,
    },
    /// No attempt was made.
    AttemptRefused {
        /// Why, as a code.
        reason: String,
    },
    /// The buyer promised cash.
    CashPromised,
    /// The provider said how an attempt stands.
    IntentReported {
        /// What it said.
        report: IntentReport,
        /// How that came.
        via: Via,
    },
    /// The provider said how a refund stands.
    RefundReported {
        /// What it said.
        report: RefundReport,
        /// How that came.
        via: Via,
    },
    /// The buyer has to act.
    ActionRequired {
        /// For which attempt.
        attempt: u32,
        /// Where.
        url: String,
    },
    /// The money is held.
    Authorised {
        /// By which attempt.
        attempt: u32,
    },
    /// An attempt was refused.
    Declined {
        /// Which.
        attempt: u32,
        /// The provider's code for why.
        reason: String,
    },
    /// An attempt took too long.
    AttemptExpired {
        /// Which.
        attempt: u32,
    },
    /// A hold that nobody wants is to be let go.
    ReleaseAsked {
        /// Of which attempt.
        attempt: u32,
        /// The provider's name for it.
        intent: String,
    },
    /// The provider let a hold go that we still wanted.
    HoldLost {
        /// Of which attempt.
        attempt: u32,
    },
    /// The provider is asked how an attempt stands.
    SyncAsked {
        /// Which.
        attempt: u32,
    },
    /// The provider is asked to take the money.
    CaptureAsked {
        /// Whom to answer.
        reply: Tenant,
        /// Of which attempt.
        attempt: u32,
        /// The provider's name for it.
        intent: String,
        /// What each share claims of it.
        claims: Vec<Claim>,
        /// Their sum.
        amount: Money,
    },
    /// There is nothing that could be taken.
    CaptureRefused {
        /// Whom to answer.
        reply: Tenant,
        /// What the payment is instead.
        reason: String,
    },
    /// The money could not be taken.
    CaptureFailed {
        /// Whom to answer, if it is still wanted.
        reply: Option<Tenant>,
        /// The provider's code for why.
        reason: String,
    },
    /// The money is taken.
    Captured {
        /// Whom to answer, if it was asked for and is still wanted.
        reply: Option<Tenant>,
        /// What each share got of it.
        shares: Vec<Claim>,
    },
    /// The cash is expected at the doors.
    CashExpected {
        /// Whom to answer.
        reply: Tenant,
    },
    /// The cash of one share was collected.
    CashCollected {
        /// Of which child order.
        order: ResourceId,
        /// How much.
        amount: Money,
    },
    /// A share is to go back.
    RefundWanted {
        /// Of which child order.
        order: ResourceId,
        /// The order group to answer.
        group: ResourceId,
        /// Why.
        reason: String,
    },
    /// Nothing of a share was taken, and nothing will be.
    ShareWaived {
        /// Of which child order.
        order: ResourceId,
    },
    /// The provider is asked to give a share back.
    RefundAsked {
        /// Of which child order.
        order: ResourceId,
        /// From which attempt.
        attempt: u32,
        /// The provider's name for it.
        intent: String,
        /// How much: what was taken of this share, and never more.
        amount: Money,
        /// When.
        at: Timestamp,
    },
    /// A share that was to go back is back.
    ShareReturned {
        /// Of which child order.
        order: ResourceId,
        /// The order group to answer.
        group: ResourceId,
        /// How much went back.
        amount: Money,
    },
    /// All of the money is to be let go.
    VoidAsked {
        /// Whom to answer.
        reply: Tenant,
        /// Why.
        reason: String,
    },
    /// Nothing is held or taken any more.
    Voided {
        /// Whom to answer.
        reply: Tenant,
    },
    /// The provider (or the cash) and we do not agree: an operator must look.
    AttentionNeeded {
        /// What about.
        detail: String,
    },
}

/// What one share claims of an amount, or got of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The child order.
    pub order: ResourceId,
    /// How much.
    pub amount: Money,
}

impl cell_kernel::Event for Event {
    fn kind(&self) -> &'static str {
        self.into()
    }
}

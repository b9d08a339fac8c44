//! What is remembered of a payment in order to decide.

mod attempt;
mod share;

use base_ids::{ResourceId, Tenant};
use base_money::{Currency, Money};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{
    command::{Method, Shares},
    event::Event,
};

pub use attempt::{Attempt, Stage};
pub use share::Share;

/// Why no attempt was made: it was asked for after its own deadline.
pub(crate) const TOO_LATE: &str = "too_late";

/// What a stream remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum State {
    /// Nobody has written it.
    #[default]
    Nothing,
    /// A payment whose voiding came before it did.
    Barred,
    /// A payment.
    Payment(Box<Payment>),
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Whom to answer about attempts.
    pub reply: Tenant,
    /// How it is paid.
    pub method: Method,
    /// What each child order has in it, and what became of that.
    pub shares: Vec<Share>,
    /// Attempts at the provider, the last one current; at most one is active (Invariant pay-3).
    pub attempts: Vec<Attempt>,
    /// Why no attempt was made the last time one was asked for.
    pub refused: Option<String>,
    /// Whether the provider was asked how the current attempt stands and has not answered.
    pub syncing: bool,
    /// Who asked for the money to be taken.
    pub capture: Option<Tenant>,
    /// Why it could not be taken.
    pub capture_failed: Option<String>,
    /// Whether it is taken.
    pub taken: bool,
    /// Who asked for all of it to be let go.
    pub void: Option<Tenant>,
    /// Whether all of it is let go.
    pub voided: bool,
    /// What an operator must look at.
    pub trouble: Option<String>,
}

/// What a payment is: derived, and never remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[cfg_attr(test, derive(strum::VariantArray))]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// The provider has been asked.
    Authorising,
    /// The buyer has to act.
    RequiresAction,
    /// The money is held.
    Authorised,
    /// Refused.
    Declined,
    /// It took too long.
    Expired,
    /// Being taken.
    Capturing,
    /// Taken.
    Captured,
    /// It could not be taken.
    CaptureFailed,
    /// Being let go.
    Voiding,
    /// Nothing is held or taken.
    Voided,
    /// Every share has gone back.
    Refunded,
    /// Cash is promised.
    CashPromised,
    /// Cash is expected.
    CashExpected,
    /// Some cash was collected.
    CashPartlyCollected,
    /// All cash was collected.
    CashCollected,
    /// Nothing was delivered, nothing was paid.
    CashNotCollected,
    /// An operator must look.
    NeedsAttention,
}

impl State {
    /// The payment, if there is one.
    pub fn payment(&self) -> Option<&Payment> {
        if let Self::Payment(payment) = self { Some(payment) } else { None }
    }

    pub(crate) fn evolve(&mut self, event: &Event) {
        match (&mut *self, event) {
            (Self::Nothing, Event::PaymentOpened { reply, method, shares }) => {
                let payment = Payment::opened(reply.clone(), *method, shares);
                *self = Self::Payment(Box::new(payment));
            }
            (Self::Nothing, Event::PaymentBarred { .. }) => *self = Self::Barred,
            (Self::Payment(payment), event) => payment.evolve(event),
            (Self::Nothing | Self::Barred, _) => {}
        }
    }
}

impl Payment {
    fn opened(reply: Tenant, method: Method, shares: &Shares) -> Self {
        Self {
            reply,
            method,
            shares: shares.as_slice().iter().map(Share::asked).collect(),
            attempts: Vec::new(),
            refused: None,
            syncing: false,
            capture: None,
            capture_failed: None,
            taken: false,
            void: None,
            voided: false,
            trouble: None,
        }
    }

    /// Adds up one column of the shares.
    pub fn sum(&self, column: impl Fn(&Share) -> Money) -> Money {
        let currency = self.shares.first().map_or(Currency::MAD, |share| share.amount.currency);
        Money::sum(self.shares.iter().map(column), currency)
            .expect("no column exceeds the amounts, whose sum was checked when they were asked for")
    }

    /// The share of a child order.
    pub fn share(&self, order: &ResourceId) -> Option<&Share> {
        self.shares.iter().find(|share| share.order == *order)
    }

    /// The current attempt with its number.
    pub fn attempt(&self) -> Option<(u32, &Attempt)> {
        Some((u32::try_from(self.attempts.len()).ok()?, self.attempts.last()?))
    }

    /// Whether the provider has been asked to take the money and has not answered.
    pub fn is_capturing(&self) -> bool {
        self.shares.iter().any(|share| !share.claimed.is_zero())
    }

    /// What the payment is.
    pub fn status(&self) -> Status {
        match self.method {
            _ if self.trouble.is_some() => Status::NeedsAttention,
            _ if self.voided => Status::Voided,
            _ if self.void.is_some() => Status::Voiding,
            Method::CashOnDelivery => self.cash_status(),
            Method::Card => self.card_status(),
        }
    }

    fn cash_status(&self) -> Status {
        let collected = |share: &&Share| !share.captured.is_zero();
        let mut living = self.shares.iter().filter(|share| !share.waived).peekable();
        if living.peek().is_none() {
            Status::CashNotCollected
        } else if living.all(|share| collected(&share)) {
            Status::CashCollected
        } else if self.shares.iter().any(|share| collected(&share)) {
            Status::CashPartlyCollected
        } else if self.capture.is_some() {
            Status::CashExpected
        } else {
            Status::CashPromised
        }
    }

    fn card_status(&self) -> Status {
        match self.attempts.last() {
            _ if self.taken && self.shares.iter().all(Share::is_back) => Status::Refunded,
            _ if self.taken => Status::Captured,
            _ if self.capture_failed.is_some() => Status::CaptureFailed,
            _ if self.is_capturing() => Status::Capturing,
            Some(attempt) => attempt.status(),
            None if self.refused.as_deref() == Some(TOO_LATE) => Status::Expired,
            None => Status::Declined,
        }
    }

    /// Why the payment is not what was hoped for; empty if it is.
    pub fn reason(&self) -> &str {
        let declined = self.attempts.last().map(|attempt| &attempt.reason);
        let reason = match self.status() {
            Status::NeedsAttention => self.trouble.as_ref(),
            Status::CaptureFailed => self.capture_failed.as_ref(),
            Status::Declined => self.refused.as_ref().or(declined),
            _ => None,
        };
        reason.map_or("", String::as_str)
    }

    /// Whether nobody is still to act: neither the provider nor the buyer, neither a checkout nor a carrier.
    pub fn is_final(&self) -> bool {
        let waiting = matches!(
            self.status(),
            Status::Authorising
                | Status::RequiresAction
                | Status::Authorised
                | Status::Capturing
                | Status::Voiding
                | Status::CashPromised
                | Status::CashExpected
                | Status::CashPartlyCollected
        );
        !waiting && !self.shares.iter().any(Share::is_on_its_way_back)
    }

    fn evolve(&mut self, event: &Event) {
        for share in &mut self.shares {
            share.evolve(event);
        }
        match event {
            Event::AttemptStarted { instrument, amount, until, at, .. } => {
                self.refused = None;
                self.attempts.push(Attempt::started(instrument, *amount, *until, *at));
            }
            Event::AttemptRefused { reason } => self.refused = Some(reason.clone()),
            Event::IntentReported { report, .. } => {
                self.syncing = false;
                self.change(report.attempt, |attempt| attempt.note(report));
            }
            Event::ActionRequired { attempt, .. } => {
                self.change(*attempt, |attempt| attempt.told_to_act = true);
            }
            Event::Authorised { attempt } => self.enter(*attempt, Stage::Held),
            Event::Declined { attempt, .. } | Event::HoldLost { attempt } => {
                self.enter(*attempt, Stage::Declined);
            }
            Event::AttemptExpired { attempt } => self.enter(*attempt, Stage::Expired),
            Event::ReleaseAsked { attempt, .. } => {
                self.change(*attempt, |attempt| attempt.release_asked = true);
            }
            Event::SyncAsked { .. } => self.syncing = true,
            Event::CaptureAsked { reply, .. } | Event::CashExpected { reply } => {
                self.capture = Some(reply.clone());
            }
            Event::CaptureFailed { reason, .. } => self.capture_failed = Some(reason.clone()),
            Event::Captured { .. } => self.taken = true,
            Event::VoidAsked { reply, .. } => self.void = Some(reply.clone()),
            Event::Voided { .. } => self.voided = true,
            Event::AttentionNeeded { detail } => self.trouble = Some(detail.clone()),
            _ => {}
        }
    }

    fn enter(&mut self, attempt: u32, stage: Stage) {
        self.change(attempt, |attempt| {
            attempt.stage = stage;
            attempt.action_url.clear();
            attempt.told_to_act = false;
        });
    }

    fn change(&mut self, attempt: u32, change: impl FnOnce(&mut Attempt)) {
        if let Some((_, attempt)) = (1..).zip(&mut self.attempts).find(|(at, _)| *at == attempt) {
            change(attempt);
        }
    }
}

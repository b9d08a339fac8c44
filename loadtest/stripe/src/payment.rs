//! The state machine: an intent with its latest charge, and every step it may take. Pure.

mod refund;

pub(crate) use refund::NewRefund;

use crate::card::{self, Decline, Fate, Method};
use crate::charge::{Charge, ChargeStatus};
use crate::error::ApiError;
use crate::event::Told;
use crate::ids;
use crate::intent::{CaptureMethod, Intent, LastError, NewIntent, Status};

/// An intent and its latest charge, with what the steps taken so far have to tell.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) intent: Intent,
    pub(crate) charge: Option<Charge>,
    pub(crate) told: Vec<Told>,
    now: i64,
}

/// How a confirmation is meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Confirm {
    pub(crate) return_url: Option<String>,
    /// The buyer is not there: a card that wants 3-D Secure is declined.
    pub(crate) off_session: bool,
    /// Decline rather than wait for the buyer.
    pub(crate) error_on_requires_action: bool,
}

/// A step's answer: the refusal of the issuer is no fault of the request, and changes the intent.
pub(crate) type Attempt = Result<Option<Decline>, ApiError>;

impl Payment {
    /// Takes up an intent where it was left; `now` in Unix seconds.
    pub(crate) fn resume(intent: Intent, charge: Option<Charge>, now: i64) -> Self {
        Self { intent, charge, told: Vec::new(), now }
    }

    /// Opens an intent.
    pub(crate) fn create(ask: NewIntent, now: i64) -> Self {
        let intent = Intent::open(ask, ids::fresh("pi_3"), &ids::fresh(""), now);
        let told = vec![Told::intent("payment_intent.created", &intent)];
        Self { intent, charge: None, told, now }
    }

    /// Charges the method: approves, declines, asks for 3-D Secure, or waits for the bank.
    pub(crate) fn confirm(&mut self, method: Option<&Method>, how: Confirm) -> Attempt {
        self.check_confirmable()?;
        let Some(method) = method else {
            return Err(ApiError::unexpected_state(
                &self.intent,
                "You cannot confirm this PaymentIntent because it's missing a payment method. You \
                 can either update the PaymentIntent with a payment method and then confirm it \
                 again, or confirm it again directly with a payment method.",
            ));
        };
        let fate = self.fate_of(method)?;
        self.intent.payment_method = Some(method.id.clone());
        self.intent.return_url = how.return_url;
        self.intent.last_error = None;
        self.intent.challenge = None;
        match fate {
            Fate::Approved => {
                self.approve(method);
                Ok(None)
            }
            Fate::Declined(decline) => Ok(Some(self.decline(method, decline))),
            Fate::Challenged(_) if how.off_session || how.error_on_requires_action => {
                Ok(Some(self.decline(method, Decline::authentication_required())))
            }
            Fate::Challenged(_) => {
                self.intent.challenge = Some(ids::fresh("src_1"));
                self.enter(Status::RequiresAction, "payment_intent.requires_action");
                Ok(None)
            }
            Fate::Awaited => {
                self.place_charge(method, ChargeStatus::Pending, None);
                self.tell_charge("charge.pending");
                self.enter(Status::Processing, "payment_intent.processing");
                Ok(None)
            }
        }
    }

    /// The buyer passed 3-D Secure on the page named `challenge`.
    pub(crate) fn authenticate(&mut self, challenge: &str, method: &Method) -> Attempt {
        self.check_challenge(challenge)?;
        self.intent.challenge = None;
        if let Some(Fate::Challenged(Some(decline))) = card::fate(&method.token) {
            return Ok(Some(self.decline(method, decline)));
        }
        self.approve(method);
        Ok(None)
    }

    /// The buyer failed 3-D Secure on the page named `challenge`, or left it.
    pub(crate) fn fail_authentication(&mut self, challenge: &str) -> Result<(), ApiError> {
        self.check_challenge(challenge)?;
        self.intent.challenge = None;
        self.fail(Decline::authentication_failed());
        Ok(())
    }

    /// The bank has answered: the money came, or the debit was returned.
    pub(crate) fn settle(&mut self, came: bool) -> Result<(), ApiError> {
        if self.intent.status != Status::Processing {
            return Err(self.unexpected("settled", &[Status::Processing]));
        }
        if came {
            if let Some(charge) = &mut self.charge {
                charge.status = ChargeStatus::Succeeded;
                charge.captured = true;
                charge.amount_captured = charge.amount;
            }
            self.tell_charge("charge.succeeded");
            self.intent.amount_received = self.intent.amount;
            self.enter(Status::Succeeded, "payment_intent.succeeded");
        } else {
            let mut decline = Decline::debit_returned();
            if let Some(charge) = &mut self.charge {
                decline.charge = Some(charge.id.clone());
                charge.status = ChargeStatus::Failed;
                charge.decline = Some(decline.clone());
            }
            self.tell_charge("charge.failed");
            self.fail(decline);
        }
        Ok(())
    }

    /// Takes the held money, all of it or `amount`; the rest of the hold is given back.
    pub(crate) fn capture(&mut self, amount: Option<i64>) -> Result<(), ApiError> {
        match self.intent.status {
            Status::RequiresCapture => {}
            Status::Succeeded => {
                return Err(ApiError::unexpected_state(
                    &self.intent,
                    "This PaymentIntent could not be captured because it has already been \
                     captured.",
                ));
            }
            _ => return Err(self.unexpected("captured", &[Status::RequiresCapture])),
        }
        let amount = amount.unwrap_or(self.intent.amount_capturable);
        if amount < 1 {
            return Err(ApiError::invalid(
                "This value must be greater than or equal to 1.",
                "amount_to_capture",
            )
            .code("parameter_invalid_integer"));
        }
        if amount > self.intent.amount_capturable {
            return Err(ApiError::invalid(
                "The payment could not be captured because the requested capture amount is \
                 greater than the authorized amount.",
                "amount_to_capture",
            )
            .code("amount_too_large")
            .keep());
        }
        if let Some(charge) = &mut self.charge {
            charge.captured = true;
            charge.amount_captured = amount;
        }
        self.intent.amount_capturable = 0;
        self.intent.amount_received = amount;
        self.tell_charge("charge.captured");
        self.enter(Status::Succeeded, "payment_intent.succeeded");
        Ok(())
    }

    /// Gives the intent up and releases what it holds.
    pub(crate) fn cancel(&mut self, reason: Option<String>) -> Result<(), ApiError> {
        if matches!(self.intent.status, Status::Succeeded | Status::Canceled) {
            let allowed = [
                Status::RequiresPaymentMethod,
                Status::RequiresCapture,
                Status::RequiresConfirmation,
                Status::RequiresAction,
                Status::Processing,
            ];
            let names: Vec<_> = allowed.iter().map(|status| status.as_str()).collect();
            return Err(ApiError::unexpected_state(
                &self.intent,
                format!(
                    "You cannot cancel this PaymentIntent because it has a status of {}. Only a \
                     PaymentIntent with one of the following statuses may be canceled: {}.",
                    self.intent.status.as_str(),
                    names.join(", ")
                ),
            ));
        }
        self.release(reason);
        Ok(())
    }

    /// The issuer let the hold go because nobody captured it in time.
    pub(crate) fn expire(&mut self) -> Result<(), ApiError> {
        if self.intent.status != Status::RequiresCapture {
            return Err(self.unexpected("expired", &[Status::RequiresCapture]));
        }
        self.release(Some("automatic".to_owned()));
        self.tell_charge("charge.expired");
        Ok(())
    }

    fn check_confirmable(&self) -> Result<(), ApiError> {
        match self.intent.status {
            Status::RequiresPaymentMethod
            | Status::RequiresConfirmation
            | Status::RequiresAction => Ok(()),
            Status::Succeeded => Err(ApiError::unexpected_state(
                &self.intent,
                "You cannot confirm this PaymentIntent because it has already succeeded after \
                 being previously confirmed.",
            )),
            status => Err(ApiError::unexpected_state(
                &self.intent,
                format!(
                    "You cannot confirm this PaymentIntent because it has a status of {}. Only a \
                     PaymentIntent with one of the following statuses may be confirmed: \
                     requires_confirmation, requires_action.",
                    status.as_str()
                ),
            )),
        }
    }

    fn check_challenge(&self, challenge: &str) -> Result<(), ApiError> {
        if self.intent.status == Status::RequiresAction
            && self.intent.challenge.as_deref() == Some(challenge)
        {
            return Ok(());
        }
        Err(self.unexpected("authenticated", &[Status::RequiresAction]))
    }

    fn fate_of(&self, method: &Method) -> Result<Fate, ApiError> {
        let Some((outcome, face)) = card::fate(&method.token).zip(card::face(&method.token)) else {
            return Err(ApiError::missing("PaymentMethod", &method.id, "payment_method"));
        };
        let types = &self.intent.payment_method_types;
        if !types.iter().any(|kind| kind == face.kind) {
            return Err(ApiError::invalid(
                format!(
                    "The PaymentMethod provided ({}) is not allowed for this PaymentIntent. This \
                     PaymentIntent is configured to accept these types: {}.",
                    face.kind,
                    types.join(", ")
                ),
                "payment_method",
            )
            .keep());
        }
        if face.kind != "card" && self.intent.capture_method == CaptureMethod::Manual {
            return Err(ApiError::invalid(
                format!("The payment method `{}` does not support manual capture.", face.kind),
                "capture_method",
            )
            .keep());
        }
        Ok(outcome)
    }

    fn approve(&mut self, method: &Method) {
        self.place_charge(method, ChargeStatus::Succeeded, None);
        if self.intent.capture_method == CaptureMethod::Manual {
            self.tell_charge("charge.succeeded");
            self.intent.amount_capturable = self.intent.amount;
            self.enter(Status::RequiresCapture, "payment_intent.amount_capturable_updated");
        } else {
            if let Some(charge) = &mut self.charge {
                charge.captured = true;
                charge.amount_captured = charge.amount;
            }
            self.tell_charge("charge.succeeded");
            self.intent.amount_received = self.intent.amount;
            self.enter(Status::Succeeded, "payment_intent.succeeded");
        }
    }

    fn decline(&mut self, method: &Method, mut decline: Decline) -> Decline {
        let id = self.place_charge(method, ChargeStatus::Failed, Some(decline.clone()));
        decline.charge = Some(id);
        self.tell_charge("charge.failed");
        self.fail(decline.clone());
        decline
    }

    /// Back to the start: another payment method may be tried.
    fn fail(&mut self, decline: Decline) {
        // As at Stripe, the failed method stays visible only inside the error.
        let payment_method = self.intent.payment_method.take();
        self.intent.last_error = Some(LastError { decline, payment_method });
        self.enter(Status::RequiresPaymentMethod, "payment_intent.payment_failed");
    }

    fn release(&mut self, reason: Option<String>) {
        if let Some(charge) = &mut self.charge
            && !charge.captured
            && charge.status != ChargeStatus::Failed
        {
            charge.released = true;
        }
        self.intent.amount_capturable = 0;
        self.intent.challenge = None;
        self.intent.canceled_at = Some(self.now);
        self.intent.cancellation_reason = reason;
        self.enter(Status::Canceled, "payment_intent.canceled");
    }

    fn place_charge(
        &mut self,
        method: &Method,
        status: ChargeStatus,
        decline: Option<Decline>,
    ) -> String {
        let charge = Charge {
            id: ids::fresh("ch_3"),
            created: self.now,
            intent: self.intent.id.clone(),
            amount: self.intent.amount,
            amount_captured: 0,
            amount_refunded: 0,
            currency: self.intent.currency.clone(),
            status,
            captured: false,
            released: false,
            decline,
            payment_method: method.id.clone(),
            token: method.token.clone(),
            metadata: self.intent.metadata.clone(),
            transfer_group: self.intent.transfer_group.clone(),
        };
        let id = charge.id.clone();
        self.intent.latest_charge = Some(id.clone());
        self.charge = Some(charge);
        id
    }

    fn enter(&mut self, status: Status, kind: &'static str) {
        self.intent.status = status;
        self.told.push(Told::intent(kind, &self.intent));
    }

    fn tell_charge(&mut self, kind: &'static str) {
        if let Some(charge) = &self.charge {
            self.told.push(Told::charge(kind, charge));
        }
    }

    fn unexpected(&self, step: &str, allowed: &[Status]) -> ApiError {
        let names: Vec<_> = allowed.iter().map(|status| status.as_str()).collect();
        ApiError::unexpected_state(
            &self.intent,
            format!(
                "This PaymentIntent could not be {step} because it has a status of {}. Only a \
                 PaymentIntent with one of the following statuses may be {step}: {}.",
                self.intent.status.as_str(),
                names.join(", ")
            ),
        )
    }
}

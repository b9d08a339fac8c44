//! Stories of payments, and the laws that hold along any course of steps.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::card::Method;
use crate::intent::{CaptureMethod, NewIntent, Status};
use crate::ledger::{Ledger, Row};
use crate::payment::{Confirm, NewRefund, Payment};

fn opened(capture_method: CaptureMethod) -> Payment {
    let new = NewIntent {
        amount: 10_000,
        currency: "mad".into(),
        capture_method,
        payment_method: None,
        payment_method_types: vec!["card".into()],
        automatic_payment_methods: false,
        metadata: BTreeMap::new(),
        transfer_group: None,
        description: None,
        receipt_email: None,
        statement_descriptor: None,
        statement_descriptor_suffix: None,
        customer: None,
    };
    Payment::create(new, 1_000)
}

fn method(token: &str) -> Method {
    Method { id: format!("pm_{token}"), token: token.into(), created: 1 }
}

fn confirmed(capture_method: CaptureMethod, token: &str) -> Payment {
    let mut payment = opened(capture_method);
    payment.confirm(Some(&method(token)), Confirm::default()).unwrap();
    payment
}

fn told(payment: &Payment) -> Vec<&'static str> {
    payment.told.iter().map(|told| told.kind).collect()
}

fn refund(amount: i64) -> NewRefund {
    NewRefund { amount: Some(amount), ..NewRefund::default() }
}

#[test]
fn an_automatic_payment_takes_the_money_at_once() {
    let payment = confirmed(CaptureMethod::Automatic, "pm_card_visa");
    assert_eq!(payment.intent.status, Status::Succeeded);
    assert_eq!(payment.intent.amount_received, 10_000);
    assert_eq!(
        told(&payment),
        ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded",]
    );
}

#[test]
fn a_manual_payment_holds_the_money_until_part_of_it_is_captured() {
    let mut payment = confirmed(CaptureMethod::Manual, "pm_card_visa");
    assert_eq!(payment.intent.status, Status::RequiresCapture);
    assert_eq!(payment.intent.amount_capturable, 10_000);
    payment.told.clear();
    assert_eq!(payment.capture(Some(10_001)).unwrap_err().code, Some("amount_too_large"));
    payment.capture(Some(4_000)).unwrap();
    assert_eq!((payment.intent.amount_capturable, payment.intent.amount_received), (0, 4_000));
    assert_eq!(told(&payment), ["charge.captured", "payment_intent.succeeded"]);
    let again = payment.capture(None).unwrap_err();
    assert_eq!(again.code, Some("payment_intent_unexpected_state"));
}

#[test]
fn a_declined_card_can_be_replaced_by_another() {
    let mut payment = opened(CaptureMethod::Automatic);
    let declined = method("pm_card_chargeDeclinedInsufficientFunds");
    let decline = payment.confirm(Some(&declined), Confirm::default()).unwrap().unwrap();
    assert_eq!(decline.reason.as_deref(), Some("insufficient_funds"));
    assert_eq!(payment.intent.status, Status::RequiresPaymentMethod);
    assert_eq!(payment.intent.payment_method, None);
    assert_eq!(
        told(&payment),
        ["payment_intent.created", "charge.failed", "payment_intent.payment_failed",]
    );
    let failed = payment.intent.latest_charge.clone();
    payment.confirm(Some(&method("pm_card_visa")), Confirm::default()).unwrap();
    assert_eq!(payment.intent.status, Status::Succeeded);
    assert_eq!(payment.intent.last_error, None);
    assert_ne!(payment.intent.latest_charge, failed);
}

#[test]
fn a_buyer_passes_fails_or_is_late_for_3d_secure() {
    let card = method("pm_card_threeDSecure2Required");
    let mut payment = confirmed(CaptureMethod::Manual, &card.token);
    assert_eq!(payment.intent.status, Status::RequiresAction);
    let first = payment.intent.challenge.clone().unwrap();
    payment.fail_authentication(&first).unwrap();
    assert_eq!(payment.intent.status, Status::RequiresPaymentMethod);
    payment.confirm(Some(&card), Confirm::default()).unwrap();
    let second = payment.intent.challenge.clone().unwrap();
    // The page of the first attempt no longer counts.
    assert!(payment.authenticate(&first, &card).is_err());
    assert_eq!(payment.authenticate(&second, &card).unwrap(), None);
    assert_eq!(payment.intent.status, Status::RequiresCapture);
    assert!(payment.authenticate(&second, &card).is_err());
}

#[test]
fn a_card_that_wants_the_buyer_is_declined_without_one() {
    let mut payment = opened(CaptureMethod::Manual);
    let how = Confirm { off_session: true, ..Confirm::default() };
    let decline =
        payment.confirm(Some(&method("pm_card_authenticationRequired")), how).unwrap().unwrap();
    assert_eq!(decline.code, "authentication_required");
}

#[test]
fn a_card_may_be_declined_even_after_3d_secure() {
    let card = method("pm_card_threeDSecureRequiredChargeDeclined");
    let mut payment = confirmed(CaptureMethod::Manual, &card.token);
    let challenge = payment.intent.challenge.clone().unwrap();
    assert!(payment.authenticate(&challenge, &card).unwrap().is_some());
    assert_eq!(payment.intent.status, Status::RequiresPaymentMethod);
}

#[test]
fn cancelling_or_expiring_gives_the_hold_back() {
    let mut cancelled = confirmed(CaptureMethod::Manual, "pm_card_visa");
    cancelled.cancel(Some("abandoned".into())).unwrap();
    let mut expired = confirmed(CaptureMethod::Manual, "pm_card_visa");
    expired.expire().unwrap();
    for payment in [&cancelled, &expired] {
        assert_eq!(payment.intent.status, Status::Canceled);
        assert_eq!(payment.intent.amount_capturable, 0);
        assert!(payment.charge.as_ref().unwrap().released);
        assert_eq!(payment.intent.canceled_at, Some(1_000));
    }
    assert_eq!(expired.intent.cancellation_reason.as_deref(), Some("automatic"));
    assert!(cancelled.capture(None).is_err());
    assert!(cancelled.cancel(None).is_err());
}

#[test]
fn a_refund_never_exceeds_what_was_captured() {
    let mut payment = confirmed(CaptureMethod::Manual, "pm_card_visa");
    assert!(payment.refund(refund(1)).is_err());
    payment.capture(Some(6_000)).unwrap();
    payment.refund(refund(2_500)).unwrap();
    assert_eq!(payment.refund(refund(3_501)).unwrap_err().param.as_deref(), Some("amount"));
    assert_eq!(payment.refund(NewRefund::default()).unwrap().amount, 3_500);
    assert_eq!(payment.refund(refund(1)).unwrap_err().code, Some("charge_already_refunded"));
}

#[test]
fn a_refund_that_fails_can_be_made_again() {
    let mut payment = confirmed(CaptureMethod::Automatic, "pm_card_pendingRefund");
    let mut first = payment.refund(NewRefund::default()).unwrap();
    assert_eq!(first.status.as_str(), "pending");
    payment.settle_refund(&mut first, false).unwrap();
    assert_eq!(first.status.as_str(), "failed");
    assert!(payment.settle_refund(&mut first, true).is_err());
    let mut second = payment.refund(NewRefund::default()).unwrap();
    payment.settle_refund(&mut second, true).unwrap();
    assert_eq!(payment.charge.unwrap().refundable(), 0);
}

#[test]
fn a_bank_debit_is_settled_later() {
    for (came, status) in [(true, Status::Succeeded), (false, Status::RequiresPaymentMethod)] {
        let mut payment = opened(CaptureMethod::Automatic);
        payment.intent.payment_method_types = vec!["us_bank_account".into()];
        let debit = method("pm_usBankAccount_processing");
        payment.confirm(Some(&debit), Confirm::default()).unwrap();
        assert_eq!(payment.intent.status, Status::Processing);
        payment.settle(came).unwrap();
        assert_eq!(payment.intent.status, status);
        assert!(payment.settle(came).is_err());
    }
    let mut cards_only = opened(CaptureMethod::Automatic);
    let debit = method("pm_usBankAccount_processing");
    assert!(cards_only.confirm(Some(&debit), Confirm::default()).is_err());
}

/// One step of a random course.
#[derive(Debug, Clone)]
enum Step {
    Confirm(&'static str),
    Authenticate(bool),
    Capture(i64),
    Cancel,
    Expire,
    Refund(i64),
    FailRefund,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop::sample::select(vec![
            "pm_card_visa",
            "pm_card_chargeDeclined",
            "pm_card_threeDSecure2Required",
            "pm_card_pendingRefund",
        ])
        .prop_map(Step::Confirm),
        any::<bool>().prop_map(Step::Authenticate),
        (-1..12_000_i64).prop_map(Step::Capture),
        Just(Step::Cancel),
        Just(Step::Expire),
        (-1..12_000_i64).prop_map(Step::Refund),
        Just(Step::FailRefund),
    ]
}

fn take(payment: &mut Payment, refunds: &mut Vec<crate::charge::Refund>, step: &Step) -> bool {
    match step {
        Step::Confirm(token) => payment.confirm(Some(&method(token)), Confirm::default()).is_ok(),
        Step::Authenticate(passes) => {
            let challenge = payment.intent.challenge.clone().unwrap_or_default();
            let card = method("pm_card_threeDSecure2Required");
            if *passes {
                payment.authenticate(&challenge, &card).is_ok()
            } else {
                payment.fail_authentication(&challenge).is_ok()
            }
        }
        Step::Capture(amount) => payment.capture(Some(*amount)).is_ok(),
        Step::Cancel => payment.cancel(None).is_ok(),
        Step::Expire => payment.expire().is_ok(),
        Step::Refund(amount) => match payment.refund(refund(*amount)) {
            Ok(made) => {
                refunds.push(made);
                true
            }
            Err(_) => false,
        },
        Step::FailRefund => match refunds.last_mut() {
            Some(made) => payment.settle_refund(made, false).is_ok(),
            None => false,
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_along_any_course(
        manual: bool,
        steps in prop::collection::vec(step(), 0..25),
    ) {
        let capture =
            if manual { CaptureMethod::Manual } else { CaptureMethod::Automatic };
        let mut payment = opened(capture);
        let mut refunds = Vec::new();
        let mut ledger = Ledger::default();
        for step in steps {
            let before = payment.clone();
            let done = take(&mut payment, &mut refunds, &step);
            if !done {
                prop_assert_eq!(&payment.intent, &before.intent, "a refused step left traces");
                prop_assert_eq!(&payment.charge, &before.charge);
                prop_assert_eq!(payment.told.len(), before.told.len());
            } else if matches!(before.intent.status, Status::Succeeded | Status::Canceled) {
                prop_assert_eq!(payment.intent.status, before.intent.status, "left a final status");
            }
            let rows = [Row::Intent(Box::new(payment.intent.clone()))].into_iter()
                .chain(payment.charge.clone().map(|it| Row::Charge(Box::new(it))))
                .chain(refunds.iter().cloned().map(|it| Row::Refund(Box::new(it))));
            ledger.apply_all(rows.collect());

            let intent = &payment.intent;
            prop_assert!(0 <= intent.amount_received && intent.amount_received <= intent.amount);
            prop_assert_eq!(intent.amount_capturable > 0, intent.status == Status::RequiresCapture);
            prop_assert_eq!(intent.challenge.is_some(), intent.status == Status::RequiresAction);
            prop_assert_eq!(intent.amount_received > 0, intent.status == Status::Succeeded);
            for money in ledger.accounts().money.values() {
                prop_assert_eq!(money.authorised, money.captured + money.held + money.released);
                prop_assert!(0 <= money.refunded && money.refunded <= money.captured);
                prop_assert_eq!(money.captured, intent.amount_received);
                prop_assert_eq!(money.held, intent.amount_capturable);
            }
        }
        let mut rebuilt = Ledger::default();
        let text = serde_json::to_string(&ledger.rows(0)).unwrap();
        rebuilt.apply_all(serde_json::from_str(&text).unwrap());
        prop_assert_eq!(rebuilt.accounts(), ledger.accounts());
    }
}

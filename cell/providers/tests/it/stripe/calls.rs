//! Each call: done, refused, lost on the way, made again.

use base_fault::Code;
use cell_providers::stripe::Stripe;
use loadtest_stripe::{After, Before, Misdeed};
use svc_payments::{
    CardProvider as _,
    report::{RefundStanding, Said, Standing},
};

use super::{
    after, config, give_back, goes_wrong, hold, intent, let_go, look_up, mad, refund, stand_in,
    stripe, stripe_in, take, tried_again,
};

const INTENTS: &str = "/v1/payment_intents";
const CAPTURES: &str = "/v1/payment_intents/*/capture";
const CANCELS: &str = "/v1/payment_intents/*/cancel";
const REFUNDS: &str = "/v1/refunds";

#[tokio::test]
async fn money_is_held_taken_in_part_and_given_back_in_part() {
    let stand_in = stand_in().await;
    let stripe = stripe(&stand_in);
    let held = intent(stripe.authorise(&hold("pm_card_visa"), "k1").await.unwrap());
    assert_eq!(
        (held.standing, held.amount, held.received),
        (Standing::Held, Some(mad(10_000)), None)
    );
    let name = held.intent.unwrap();
    let taken = intent(stripe.capture(&take(&name, 6_667), "k2").await.unwrap());
    assert_eq!((taken.standing, taken.received), (Standing::Taken, Some(mad(6_667))));
    let back = refund(stripe.refund(&give_back(&name, "o-rif", 3_333), "k3").await.unwrap());
    assert_eq!((back.standing, back.amount), (RefundStanding::Done, mad(3_333)));
    let accounts = &stand_in.accounts().money["mad"];
    assert_eq!((accounts.captured, accounts.refunded, accounts.held), (6_667, 3_333, 0));
}

#[tokio::test]
async fn a_refused_card_is_an_answer_with_the_banks_reason() {
    let stand_in = stand_in().await;
    let stripe = stripe(&stand_in);
    for (instrument, reason) in [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_nobody", "resource_missing"),
    ] {
        let refused = intent(stripe.authorise(&hold(instrument), instrument).await.unwrap());
        assert_eq!((refused.standing, &*refused.reason), (Standing::Failed, reason));
    }
    let mut too_much = hold("pm_card_visa");
    too_much.amount = mad(100_000_000);
    let refused = intent(stripe.authorise(&too_much, "k1").await.unwrap());
    assert_eq!((refused.standing, &*refused.reason), (Standing::Failed, "amount_too_large"));
}

#[tokio::test]
async fn a_buyer_is_sent_to_the_bank_and_comes_back_held_or_refused() {
    let stand_in = stand_in().await;
    let stripe = stripe(&stand_in);
    for (passes, standing, reason) in [
        (true, Standing::Held, ""),
        (false, Standing::Failed, "payment_intent_authentication_failure"),
    ] {
        let key = format!("k-{passes}");
        let asked = stripe.authorise(&hold("pm_card_threeDSecure2Required"), &key).await.unwrap();
        let asked = intent(asked);
        assert_eq!(asked.standing, Standing::ActionRequired);
        assert!(asked.action_url.starts_with(&stand_in.url), "{}", asked.action_url);
        let name = asked.intent.unwrap();
        assert!(stand_in.play_buyer(&name, passes).await);
        let found = intent(stripe.look_up(&look_up(Some(&name))).await.unwrap());
        assert_eq!((found.standing, &*found.reason, &*found.action_url), (standing, reason, ""));
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_nothing_happens_twice() {
    let stand_in = stand_in().await;
    let stripe = stripe(&stand_in);
    let ask = hold("pm_card_visa");
    // The same for each call: its effect has happened, its answer is lost; under the same key it comes.
    for misdeed in [after(After::Drop), after(After::Fail)] {
        goes_wrong(&stand_in, INTENTS, misdeed);
        let fault = stripe.authorise(&ask, "k1").await.unwrap_err();
        tried_again(&fault);
        assert_eq!(fault.code(), Code::OutcomeUnknown);
    }
    let name = intent(stripe.authorise(&ask, "k1").await.unwrap()).intent.unwrap();
    goes_wrong(&stand_in, CAPTURES, after(After::Drop));
    tried_again(&stripe.capture(&take(&name, 10_000), "k2").await.unwrap_err());
    let taken = intent(stripe.capture(&take(&name, 10_000), "k2").await.unwrap());
    assert_eq!(taken.standing, Standing::Taken);
    goes_wrong(&stand_in, REFUNDS, after(After::Drop));
    let ask = give_back(&name, "o-rif", 3_333);
    tried_again(&stripe.refund(&ask, "k3").await.unwrap_err());
    assert_eq!(refund(stripe.refund(&ask, "k3").await.unwrap()).standing, RefundStanding::Done);
    let accounts = &stand_in.accounts().money["mad"];
    assert_eq!(
        (accounts.authorised, accounts.captured, accounts.refunded),
        (10_000, 10_000, 3_333)
    );
}

#[tokio::test]
async fn a_failure_that_stripe_keeps_under_its_key_is_looked_behind() {
    let stand_in = stand_in().await;
    let stripe = stripe(&stand_in);
    let ask = hold("pm_card_visa");
    goes_wrong(&stand_in, INTENTS, after(After::FailKept));
    tried_again(&stripe.authorise(&ask, "k1").await.unwrap_err());
    let name = intent(stripe.authorise(&ask, "k1").await.unwrap()).intent.unwrap();
    goes_wrong(&stand_in, CAPTURES, after(After::FailKept));
    tried_again(&stripe.capture(&take(&name, 10_000), "k2").await.unwrap_err());
    let taken = intent(stripe.capture(&take(&name, 10_000), "k2").await.unwrap());
    assert_eq!(taken.received, Some(mad(10_000)));
    let back = give_back(&name, "o-rif", 3_333);
    goes_wrong(&stand_in, REFUNDS, after(After::FailKept));
    tried_again(&stripe.refund(&back, "k3").await.unwrap_err());
    assert_eq!(refund(stripe.refund(&back, "k3").await.unwrap()).amount, mad(3_333));
    let accounts = &stand_in.accounts().money["mad"];
    assert_eq!(
        (accounts.authorised, accounts.captured, accounts.refunded),
        (10_000, 10_000, 3_333)
    );
}

#[tokio::test]
async fn a_call_that_was_configured_otherwise_before_a_restart_is_looked_behind() {
    let stand_in = stand_in().await;
    let ask = hold("pm_card_visa");
    let before = intent(stripe(&stand_in).authorise(&ask, "k1").await.unwrap());
    let mut moved = config(&stand_in);
    moved.return_url = "http://127.0.0.1:2/checkout".to_owned();
    let after = Stripe::new(moved).unwrap().authorise(&ask, "k1").await.unwrap();
    assert_eq!(intent(after), before);
    assert_eq!(stand_in.accounts().money["mad"].authorised, 10_000);
}

#[tokio::test]
async fn what_did_not_happen_is_tried_again_later() {
    let stand_in = stand_in().await;
    let stripe = stripe(&stand_in);
    for before in [Before::Drop, Before::Fail, Before::RateLimit] {
        let misdeed = Misdeed { before: Some(before), ..Misdeed::default() };
        goes_wrong(&stand_in, INTENTS, misdeed);
        tried_again(&stripe.authorise(&hold("pm_card_visa"), "k1").await.unwrap_err());
    }
    assert!(stand_in.accounts().money.is_empty());
    let mut wrong = config(&stand_in);
    wrong.secret_key = "pk_wrong".to_owned().into();
    let refused = Stripe::new(wrong).unwrap().authorise(&hold("pm_card_visa"), "k2").await;
    tried_again(&refused.unwrap_err());
    let url = stand_in.url.clone();
    stand_in.stop().await;
    let gone = stripe.look_up(&look_up(Some("pi_1"))).await.unwrap_err();
    tried_again(&gone);
    assert_eq!(gone.code(), Code::Unavailable, "{url}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_not_waited_for() {
    let stand_in = stand_in().await;
    let mut hasty = config(&stand_in);
    hasty.timeout_ms = 150;
    let stripe = Stripe::new(hasty).unwrap();
    let slow = Misdeed { delay_after_ms: 30_000, ..Misdeed::default() };
    goes_wrong(&stand_in, INTENTS, slow);
    let ask = hold("pm_card_visa");
    let fault = stripe.authorise(&ask, "k1").await.unwrap_err();
    tried_again(&fault);
    assert_eq!(fault.code(), Code::OutcomeUnknown);
    // The first call still runs and holds its key; what it has made can be seen.
    let found = intent(stripe.look_up(&look_up(None)).await.unwrap());
    assert_eq!(found.standing, Standing::Held);
}

#[tokio::test]
async fn after_its_deadline_nothing_is_made_and_what_was_made_is_found() {
    let stand_in = stand_in().await;
    let ask = hold("pm_card_visa");
    let late = stripe_in(&stand_in, 16);
    let never = intent(late.authorise(&ask, "k1").await.unwrap());
    assert_eq!((never.standing, never.intent), (Standing::Failed, None));
    assert!(stand_in.accounts().money.is_empty());
    goes_wrong(&stand_in, INTENTS, after(After::Drop));
    tried_again(&stripe(&stand_in).authorise(&ask, "k2").await.unwrap_err());
    let found = intent(late.authorise(&ask, "k2").await.unwrap());
    assert_eq!(found.standing, Standing::Held);
    let gone = late.release(&let_go(&found.intent.unwrap()), "k3").await.unwrap();
    assert_eq!(intent(gone).standing, Standing::Gone);
}

#[tokio::test]
async fn an_attempt_is_found_by_its_name_among_many() {
    let stand_in = stand_in().await;
    let stripe = stripe(&stand_in);
    for attempt in 1..=120 {
        let mut ask = hold("pm_card_visa");
        ask.subject.attempt = attempt;
        stripe.authorise(&ask, &format!("k{attempt}")).await.unwrap();
    }
    let found = intent(stripe.look_up(&look_up(None)).await.unwrap());
    assert_eq!((found.attempt, found.standing), (1, Standing::Held));
    let mut unheard_of = look_up(None);
    unheard_of.subject.attempt = 121;
    let found = intent(stripe.look_up(&unheard_of).await.unwrap());
    assert_eq!((found.intent, found.standing), (None, Standing::Asked));
    let found = intent(stripe.look_up(&look_up(Some("pi_unknown"))).await.unwrap());
    assert_eq!(found.standing, Standing::Asked);
}

#[tokio::test]
async fn what_cannot_be_taken_or_let_go_says_how_it_stands_instead() {
    let stand_in = stand_in().await;
    let stripe = stripe(&stand_in);
    let held = intent(stripe.authorise(&hold("pm_card_visa"), "k1").await.unwrap());
    let name = held.intent.unwrap();
    let refused = stripe.capture(&take(&name, 10_001), "k2").await.unwrap();
    let reason = "amount_too_large".to_owned();
    assert_eq!(refused, Said::CaptureRefused { attempt: 1, reason });
    goes_wrong(&stand_in, CANCELS, after(After::Drop));
    tried_again(&stripe.release(&let_go(&name), "k3").await.unwrap_err());
    let gone = intent(stripe.release(&let_go(&name), "k3").await.unwrap());
    assert_eq!((gone.standing, &*gone.reason), (Standing::Gone, "abandoned"));
    let gone = intent(stripe.capture(&take(&name, 10_000), "k4").await.unwrap());
    assert_eq!(gone.standing, Standing::Gone);
    let gone = intent(stripe.release(&let_go(&name), "k5").await.unwrap());
    assert_eq!(gone.standing, Standing::Gone);
    let mut other = hold("pm_card_visa");
    other.subject.attempt = 2;
    let held = intent(stripe.authorise(&other, "k6").await.unwrap());
    let name = held.intent.unwrap();
    stripe.capture(&take(&name, 10_000), "k7").await.unwrap();
    let taken = intent(stripe.release(&let_go(&name), "k8").await.unwrap());
    assert_eq!(taken.standing, Standing::Taken);
    let taken = intent(stripe.capture(&take(&name, 10_000), "k9").await.unwrap());
    assert_eq!(taken.received, Some(mad(10_000)));
}

#[tokio::test]
async fn a_refund_is_never_more_than_there_is_and_never_made_twice() {
    let stand_in = stand_in().await;
    let stripe = stripe(&stand_in);
    let held = intent(stripe.authorise(&hold("pm_card_visa"), "k1").await.unwrap());
    let name = held.intent.unwrap();
    stripe.capture(&take(&name, 10_000), "k2").await.unwrap();
    let too_much = refund(stripe.refund(&give_back(&name, "o-x", 10_001), "k3").await.unwrap());
    assert_eq!(too_much.standing, RefundStanding::Failed);
    let ask = give_back(&name, "o-rif", 10_000);
    assert_eq!(refund(stripe.refund(&ask, "k4").await.unwrap()).standing, RefundStanding::Done);
    // A day later Stripe has forgotten the key; the refund is found by its order.
    let next_day = stripe_in(&stand_in, 25 * 60);
    let again = refund(next_day.refund(&ask, "k-forgotten").await.unwrap());
    assert_eq!((again.standing, again.amount), (RefundStanding::Done, mad(10_000)));
    assert_eq!(stand_in.accounts().money["mad"].refunded, 10_000);
}

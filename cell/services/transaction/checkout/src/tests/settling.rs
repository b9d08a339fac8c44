//! Stories of money, order and stock: what happens between the vendors' yes and the end.

use super::{
    HELD_UNTIL, PAY_UNTIL, at, authorised, ended, hear, held, leila, mad, named, nothing, over,
    pay, problem, quoted, share, sold, stage, started, undo, up_to,
};
use cell_kernel::{Outbox, Posted, Seen};

use crate::{
    Command, Event, announce,
    command::{News, PaymentNews, Wait},
    event::{Ending, Owed},
    state::Stage,
};

fn money_and_stock() -> Owed {
    Owed { order: false, stock: vec![1, 2], payment: true, cart: true }
}

fn everything() -> Owed {
    Owed { order: true, ..money_and_stock() }
}

fn committed(vendor: &str, sold: bool) -> Command {
    hear(News::StockCommitted { share: share(vendor), sold })
}

fn declined() -> Command {
    pay(PaymentNews::Declined { reason: "insufficient_funds".to_owned() })
}

fn action() -> Command {
    pay(PaymentNews::ActionRequired { url: "https://bank.example/3ds".to_owned() })
}

/// The kinds of what the last event of a purchase tells, with whom.
fn told(events: &[Event], now: i64) -> Vec<String> {
    let story = leila().given(events.to_vec());
    let (tenant, event) = (super::tenant("users/leila"), events.last().unwrap());
    let seen = Seen {
        tenant: &tenant,
        key: "c1",
        event,
        state: story.state(),
        version: base_ids::Version(1),
        at: at(now),
    };
    let mut outbox = Outbox::default();
    announce::announce(&seen, &mut outbox);
    let shown = |posted: Posted| match posted {
        Posted::To { tenant, service, kind, due, .. } => {
            let kind = kind.rsplit('.').next().unwrap().to_owned();
            let due = due.map(|due| format!(" at {}", due.as_millis())).unwrap_or_default();
            format!("{tenant} {service} {kind}{due}")
        }
        Posted::Public { .. } => "everyone".to_owned(),
    };
    outbox.into_posted().into_iter().map(shown).collect()
}

#[test]
fn a_declined_payment_is_undone_until_the_money_is_known_to_be_free() {
    let text = "the payment was declined (insufficient_funds); choose another way to pay";
    let why = vec![problem("payment_declined", "payment", text)];
    up_to("PaymentAsked")
        .when_knowing(&declined(), &nothing())
        .then([undo(Ending::Failed, why, money_and_stock())])
        .when_knowing(&pay(PaymentNews::Authorised), &nothing())
        .then_nothing()
        .when_knowing(&pay(PaymentNews::Voided), &nothing())
        .then([Event::PaymentReleased, ended(Ending::Failed)])
        .when_knowing(&pay(PaymentNews::Voided), &nothing())
        .then_nothing();
}

#[test]
fn a_buyer_who_must_act_is_shown_where_and_the_stock_waits() {
    let longer = at(PAY_UNTIL + 10 * 60_000);
    let required = Event::ActionRequired {
        url: "https://bank.example/3ds".to_owned(),
        held_until: Some(longer),
    };
    let after = up_to("PaymentAsked")
        .at(5_000)
        .when_knowing(&action(), &nothing())
        .then([required])
        .when_knowing(&action(), &nothing())
        .then_nothing()
        .at(PAY_UNTIL - 1)
        .when_knowing(&pay(PaymentNews::Authorised), &nothing())
        .then([authorised()]);
    after.when_knowing(&action(), &nothing()).then_nothing();
}

#[test]
fn stock_is_held_for_as_long_as_settling_may_take() {
    let late = HELD_UNTIL - 60_000;
    let longer = late + 15 * 60_000;
    up_to("PaymentAsked")
        .at(late)
        .when_knowing(&pay(PaymentNews::Authorised), &nothing())
        .then([Event::PaymentAuthorised { held_until: Some(at(longer)) }]);
}

#[test]
fn a_payment_that_never_answers_is_given_up_and_let_go() {
    let after = up_to("PaymentAsked").when_knowing(&over(Wait::Payment), &nothing()).decided().0;
    assert_eq!(named(&after), ["payment_expired payment"]);
    assert_eq!(*stage(&after), Stage::Undoing { ending: Ending::Failed });
    let after =
        after.when_knowing(&over(Wait::Undoing), &nothing()).then([Event::AttentionNeeded {
            waiting_for: vec!["payment".to_owned()],
            give_up_at: None,
        }]);
    after.when_knowing(&over(Wait::Undoing), &nothing()).then_nothing();
}

#[test]
fn stock_that_was_lost_after_the_authorisation_undoes_the_order() {
    let text = "the shop's stock was promised for too short a time; try again";
    let why = vec![problem("reservation_expired", "vendors/rif", text)];
    up_to("OrderPlaced")
        .when_knowing(&committed("atlas", true), &nothing())
        .then([sold("atlas")])
        .when_knowing(&committed("rif", false), &nothing())
        .then([undo(Ending::Failed, why, everything())])
        .when_knowing(&committed("rif", true), &nothing())
        .then_nothing()
        .when_knowing(&pay(PaymentNews::Voided), &nothing())
        .then([Event::PaymentReleased, ended(Ending::Failed)]);
}

#[test]
fn a_capture_that_fails_gives_everything_back() {
    let failed = pay(PaymentNews::CaptureFailed { reason: "expired".to_owned() });
    let after = up_to("CaptureAsked").when_knowing(&failed, &nothing()).decided().0;
    assert_eq!(named(&after), ["capture_failed payment"]);
    let Some(Event::UndoStarted { owed, .. }) = after.history().last() else {
        panic!("undone last: {:?}", after.history());
    };
    assert_eq!(*owed, everything());
}

#[test]
fn a_hold_on_the_money_that_is_lost_before_the_capture_undoes_the_order() {
    for kind in ["PaymentAuthorised", "OrderPlaced", "CaptureAsked"] {
        for news in [PaymentNews::Expired, PaymentNews::Voided] {
            let after = up_to(kind).when_knowing(&pay(news), &nothing()).decided().0;
            assert_eq!(*stage(&after), Stage::Undoing { ending: Ending::Failed });
        }
    }
}

#[test]
fn late_answers_first_call_for_attention_and_are_then_given_up() {
    let give_up_at = Some(at(10 * 60_000));
    let needed = |waiting_for: &str| Event::AttentionNeeded {
        waiting_for: vec![waiting_for.to_owned()],
        give_up_at,
    };
    let after = up_to("PaymentAuthorised")
        .at(60_000)
        .when_knowing(&over(Wait::Settling), &nothing())
        .then([needed("order")])
        .when_knowing(&over(Wait::GivingUp), &nothing())
        .decided()
        .0;
    assert_eq!(named(&after), ["order_silent order"]);
    let after = up_to("OrderPlaced")
        .given([sold("atlas")])
        .at(60_000)
        .when_knowing(&over(Wait::Settling), &nothing())
        .then([needed("vendors/rif")])
        .when_knowing(&over(Wait::GivingUp), &nothing())
        .decided()
        .0;
    assert_eq!(named(&after), ["vendor_silent vendors/rif/offers/c"]);
}

#[test]
fn only_the_payment_knows_whether_the_money_is_taken() {
    let waiting_for = vec!["payment".to_owned()];
    up_to("CaptureAsked")
        .when_knowing(&over(Wait::Settling), &nothing())
        .then([Event::AttentionNeeded { waiting_for, give_up_at: None }])
        .when_knowing(&over(Wait::GivingUp), &nothing())
        .then_nothing()
        .when_knowing(&pay(PaymentNews::Captured), &nothing())
        .then([Event::Completed]);
}

#[test]
fn a_session_that_nobody_places_ends() {
    let after = up_to("Started").when_knowing(&over(Wait::Buyer), &nothing()).decided().0;
    assert_eq!(named(&after), ["checkout_expired checkout"]);
    assert_eq!(*stage(&after), Stage::Ended(Ending::Failed));
    up_to("PlacementAsked").when_knowing(&over(Wait::Buyer), &nothing()).then_nothing();
}

#[test]
fn every_step_asks_the_right_ones_and_knows_how_long_to_wait() {
    let whole = super::whole_purchase();
    let told: Vec<String> = (1..=whole.len())
        .flat_map(|upto| {
            let kind = <&str>::from(&whole[upto - 1]);
            told(&whole[..upto], 0).into_iter().map(move |told| format!("{kind}: {told}"))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    Started: users/leila checkout WaitOver at 86400000
    PlacementAsked: users/leila carts ClaimCart
    PlacementAsked: users/leila checkout WaitOver at 20000
    VendorsAsked: vendors/atlas offers QuoteOffers
    VendorsAsked: vendors/atlas inventory ReserveStock
    VendorsAsked: vendors/rif offers QuoteOffers
    VendorsAsked: vendors/rif inventory ReserveStock
    VendorsAsked: users/leila checkout WaitOver at 20000
    PaymentAsked: users/leila payments AuthorisePayment
    PaymentAsked: users/leila checkout WaitOver at 660000
    PaymentAuthorised: users/leila orders PlaceGroup
    PaymentAuthorised: users/leila checkout WaitOver at 60000
    OrderPlaced: vendors/atlas inventory CommitReservation
    OrderPlaced: vendors/rif inventory CommitReservation
    CaptureAsked: users/leila payments CapturePayment
    Completed: users/leila orders ConfirmGroup
    Completed: users/leila carts ConvertCart
    ");
}

#[test]
fn what_was_asked_is_taken_back_from_the_order_to_the_cart() {
    let mut events = super::whole_purchase();
    events.truncate(events.len() - 1);
    events.push(undo(Ending::Failed, Vec::new(), everything()));
    insta::assert_snapshot!(told(&events, 0).join("\n"), @r"
    users/leila orders CancelGroup
    vendors/atlas inventory ReleaseReservation
    vendors/rif inventory ReleaseReservation
    users/leila payments VoidPayment
    users/leila checkout WaitOver at 60000
    users/leila carts ReleaseCart
    ");
}

#[test]
fn held_stock_is_asked_for_longer_at_every_vendor() {
    let mut events = vec![started(), super::placed(), super::asked()];
    events.extend([quoted("atlas"), held("atlas"), quoted("rif"), held("rif")]);
    events.push(Event::PaymentAsked {
        total: mad(super::TOTAL),
        until: at(PAY_UNTIL),
        held_until: Some(at(1)),
    });
    let told = told(&events, 0);
    assert_eq!(
        told[..2],
        ["vendors/atlas inventory ExtendReservation", "vendors/rif inventory ExtendReservation"]
    );
}

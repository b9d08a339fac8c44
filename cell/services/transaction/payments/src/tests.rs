//! The stories that prove payments, and the laws it keeps.

mod bank;
mod laws;
mod orders_of_events;
mod told;

use base_ids::{ResourceId, Tenant};
use base_money::{Currency, Money};
use base_time::Timestamp;
use cell_kernel::story::{Outcome, Story, old_events_still_lift, story};
use strum::VariantNames as _;

use crate::{
    Command, Event, Payments, Refusal,
    command::{Ask, Asked, BadShares, Instrument, Method, Opening, Shares, Via},
    event::Claim,
    report::{IntentReport, RefundReport, RefundStanding, Said, Standing},
    state::Status,
};

const UNTIL: Timestamp = Timestamp::from_millis(900_000);
const START: Timestamp = Timestamp::from_millis(0);

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn mad(minor: i64) -> Money {
    Money::new(Currency::MAD, minor)
}

/// Three shares that do not divide evenly: 33.33, 33.33 and 33.34.
fn shares() -> Shares {
    let share = |(vendor, minor): (&str, i64)| Asked {
        order: id(&format!("o-{vendor}")),
        vendor: format!("vendors/{vendor}").parse().unwrap(),
        amount: mad(minor),
    };
    Shares::new([("atlas", 3_333), ("rif", 3_333), ("souss", 3_334)].map(share).to_vec()).unwrap()
}

fn checkout() -> Tenant {
    "users/leila".parse().unwrap()
}

fn visa() -> Instrument {
    "pm_card_visa".parse().unwrap()
}

fn by_card() -> (Method, Option<Instrument>) {
    (Method::Card, Some(visa()))
}

fn ask(ask: Ask) -> Command {
    Command { payment: id("c1"), ask }
}

fn authorise(means: (Method, Option<Instrument>), until: Timestamp) -> Command {
    let (method, instrument) = means;
    let (reply, shares) = (checkout(), shares());
    ask(Ask::Authorise(Opening { reply, method, instrument, shares, until }))
}

fn capture() -> Command {
    ask(Ask::Capture { reply: checkout() })
}

fn void() -> Command {
    ask(Ask::Void { reply: checkout(), reason: "stock was gone".to_owned() })
}

fn refund(order: &str) -> Command {
    ask(Ask::RefundShare { order: id(order), group: id("g1"), reason: "rejected".to_owned() })
}

fn collect(order: &str, minor: i64) -> Command {
    ask(Ask::CollectCash { order: id(order), amount: mad(minor) })
}

fn says(said: Said) -> Command {
    ask(Ask::Hear { said: Some(said), via: Via::Answer })
}

fn intent(standing: Standing) -> IntentReport {
    IntentReport {
        attempt: 1,
        intent: Some("pi_1".to_owned()),
        amount: Some(mad(10_000)),
        standing,
        received: (standing == Standing::Taken).then(|| mad(10_000)),
        reason: match standing {
            Standing::Failed => "insufficient_funds".to_owned(),
            Standing::Gone => "canceled".to_owned(),
            _ => String::new(),
        },
        action_url: match standing {
            Standing::ActionRequired => "https://bank.example/3ds".to_owned(),
            _ => String::new(),
        },
    }
}

fn stands(standing: Standing) -> Command {
    says(Said::Intent(intent(standing)))
}

fn gave_back(order: &str, minor: i64, standing: RefundStanding) -> Command {
    says(Said::Refund(RefundReport { order: id(order), amount: mad(minor), standing }))
}

fn buyer() -> Story<Payments> {
    story("users/leila")
}

/// A story in which these commands were given, and none was refused.
fn after(commands: &[Command]) -> Story<Payments> {
    commands.iter().fold(buyer(), |told, command| {
        let (told, decided) = told.when(command).decided();
        decided.unwrap();
        told
    })
}

fn held() -> Story<Payments> {
    after(&[authorise(by_card(), UNTIL), stands(Standing::Held)])
}

fn taken() -> Story<Payments> {
    after(&[
        authorise(by_card(), UNTIL),
        stands(Standing::Held),
        capture(),
        stands(Standing::Taken),
    ])
}

fn promised() -> Story<Payments> {
    after(&[authorise((Method::CashOnDelivery, None), UNTIL)])
}

fn status(story: &Story<Payments>) -> Status {
    story.state().payment().unwrap().status()
}

/// The kinds of what happened, in order.
#[track_caller]
fn happened(outcome: Outcome<Payments>, kinds: &[&str]) -> Story<Payments> {
    let (told, decided) = outcome.decided();
    let decided = decided.unwrap();
    let found: Vec<_> = decided.iter().map(cell_kernel::Event::kind).collect();
    assert_eq!(found, kinds, "{decided:?}");
    told
}

fn claims(amounts: [i64; 3]) -> Vec<Claim> {
    let amounts = shares().as_slice().to_vec().into_iter().zip(amounts);
    amounts.map(|(share, minor)| Claim { order: share.order, amount: mad(minor) }).collect()
}

fn released() -> Event {
    Event::ReleaseAsked { attempt: 1, intent: "pi_1".to_owned() }
}

fn voided() -> Event {
    Event::Voided { reply: checkout() }
}

fn void_asked() -> Event {
    Event::VoidAsked { reply: checkout(), reason: "stock was gone".to_owned() }
}

#[test]
fn a_card_is_held_then_taken_and_each_share_gets_what_it_claims() {
    let told = buyer()
        .when(&authorise(by_card(), UNTIL))
        .then([
            Event::PaymentOpened { reply: checkout(), method: Method::Card, shares: shares() },
            Event::AttemptStarted {
                attempt: 1,
                instrument: visa(),
                amount: mad(10_000),
                until: UNTIL,
                at: START,
            },
        ])
        .when(&stands(Standing::Held))
        .then([
            Event::IntentReported { report: intent(Standing::Held), via: Via::Answer },
            Event::Authorised { attempt: 1 },
        ])
        .when(&capture())
        .then([Event::CaptureAsked {
            reply: checkout(),
            attempt: 1,
            intent: "pi_1".to_owned(),
            claims: claims([3_333, 3_333, 3_334]),
            amount: mad(10_000),
        }]);
    assert_eq!(status(&told), Status::Capturing);
    let told = told.when(&capture()).then_nothing().when(&stands(Standing::Taken)).then([
        Event::IntentReported { report: intent(Standing::Taken), via: Via::Answer },
        Event::Captured { reply: Some(checkout()), shares: claims([3_333, 3_333, 3_334]) },
    ]);
    assert_eq!(status(&told), Status::Captured);
    told.when(&capture()).then_nothing().when(&stands(Standing::Taken)).then_nothing();
}

#[test]
fn asking_again_is_the_same_attempt_and_another_card_is_a_new_one() {
    let declined = after(&[authorise(by_card(), UNTIL), stands(Standing::Failed)]);
    assert_eq!(status(&declined), Status::Declined);
    assert_eq!(declined.state().payment().unwrap().reason(), "insufficient_funds");
    let other = (Method::Card, Some("pm_card_mastercard".parse().unwrap()));
    let later = UNTIL.after(std::time::Duration::from_mins(1));
    let told = declined.when(&authorise(by_card(), UNTIL)).then_nothing();
    let told = happened(told.when(&authorise(other.clone(), later)), &["AttemptStarted"]);
    let told = told.when(&authorise(other, UNTIL)).then_nothing();
    assert_eq!(told.state().payment().unwrap().attempt().unwrap().0, 2);
    // The first attempt turns out to have been held after all: it is let go, the second goes on.
    let told = happened(told.when(&stands(Standing::Held)), &["IntentReported", "ReleaseAsked"]);
    assert_eq!(status(&told), Status::Authorising);
}

#[test]
fn what_cannot_be_tried_is_answered_and_not_tried() {
    let no = |reason: &str| Event::AttemptRefused { reason: reason.to_owned() };
    let opened = Event::PaymentOpened { reply: checkout(), method: Method::Card, shares: shares() };
    for (means, until, reason) in
        [((Method::Card, None), UNTIL, "instrument_invalid"), (by_card(), START, "too_late")]
    {
        buyer().when(&authorise(means, until)).then([opened.clone(), no(reason)]);
    }
    let mut free = shares().as_slice().to_vec();
    for share in &mut free {
        share.amount = mad(0);
    }
    let free = Shares::new(free).unwrap();
    let mut asked = authorise(by_card(), UNTIL);
    if let Ask::Authorise(opening) = &mut asked.ask {
        opening.shares = free;
    }
    let refused = after(&[authorise((Method::Card, None), UNTIL)]);
    refused.when(&asked).then([no("payment_changed")]);
    happened(buyer().when(&asked), &["PaymentOpened", "AttemptRefused"]);
    for number in ["4242424242424242", "4242 4242 4242 4242", "", "pm card", "بطاقة"] {
        assert!(number.parse::<Instrument>().is_err(), "{number}");
    }
}

#[test]
fn shares_are_what_they_must_be() {
    let with = |change: fn(&mut Vec<Asked>)| {
        let mut changed = shares().as_slice().to_vec();
        change(&mut changed);
        Shares::new(changed)
    };
    assert_eq!(with(Vec::clear), Err(BadShares::Odd));
    assert_eq!(with(|it| it[1].order = id("o-atlas")), Err(BadShares::Odd));
    assert_eq!(with(|it| it[1].amount = mad(-1)), Err(BadShares::Odd));
    assert!(with(|it| it[1].amount = mad(i64::MAX)).is_err());
    assert!(with(|it| it[1].amount = Money::new(Currency::TND, 1)).is_err());
}

#[test]
fn a_buyer_who_has_to_act_is_told_where_and_then_it_goes_on() {
    let told = after(&[authorise(by_card(), UNTIL)]);
    let url = "https://bank.example/3ds".to_owned();
    let told = told.when(&stands(Standing::ActionRequired)).then([
        Event::IntentReported { report: intent(Standing::ActionRequired), via: Via::Answer },
        Event::ActionRequired { attempt: 1, url },
    ]);
    assert_eq!(status(&told), Status::RequiresAction);
    let told = told.when(&stands(Standing::ActionRequired)).then_nothing();
    happened(told.when(&stands(Standing::Held)), &["IntentReported", "Authorised"]);
}

#[test]
fn an_attempt_that_takes_too_long_is_given_up_and_a_late_hold_let_go() {
    let due = ask(Ask::Expire { attempt: 1 });
    let told = after(&[authorise(by_card(), UNTIL)])
        .when(&due)
        .then_nothing()
        .at(UNTIL.as_millis())
        .when(&due)
        .then([Event::AttemptExpired { attempt: 1 }])
        .when(&due)
        .then_nothing();
    assert_eq!(status(&told), Status::Expired);
    let told = happened(told.when(&stands(Standing::Held)), &["IntentReported", "ReleaseAsked"]);
    let told = happened(told.when(&stands(Standing::Gone)), &["IntentReported"]);
    assert_eq!(status(&told), Status::Expired);
    held().at(UNTIL.as_millis()).when(&due).then_nothing();
}

#[test]
fn another_amount_or_currency_at_the_provider_is_never_captured() {
    for wrong in [mad(9_999), Money::new(Currency::EUR, 10_000)] {
        let mut report = intent(Standing::Held);
        report.amount = Some(wrong);
        let told = after(&[authorise(by_card(), UNTIL)]);
        let kinds = ["IntentReported", "AttentionNeeded", "Declined", "ReleaseAsked"];
        let told = happened(told.when(&says(Said::Intent(report.clone()))), &kinds);
        assert_eq!(status(&told), Status::NeedsAttention);
        let reason = "needs_attention".to_owned();
        told.when(&capture()).then([Event::CaptureRefused { reply: checkout(), reason }]);
        // The truth came late, after the hold had been believed.
        let kinds = ["IntentReported", "AttentionNeeded", "HoldLost", "ReleaseAsked"];
        happened(held().when(&says(Said::Intent(report))), &kinds);
    }
}

#[test]
fn a_provider_that_takes_less_than_was_claimed_is_divided_to_the_last_unit() {
    let mut report = intent(Standing::Taken);
    report.received = Some(mad(5_000));
    let told = held().when(&capture()).decided().0;
    let told = told.when(&says(Said::Intent(report.clone()))).then([
        Event::IntentReported { report, via: Via::Answer },
        Event::AttentionNeeded {
            detail: "integrity failed: claimed 100.00 MAD, got 50.00 MAD".to_owned(),
        },
        // 16.665, 16.665 and 16.67: the unit that is left over goes to the first of those that lost most.
        Event::Captured { reply: Some(checkout()), shares: claims([1_667, 1_666, 1_667]) },
    ]);
    assert_eq!(status(&told), Status::NeedsAttention);
}

#[test]
fn nothing_that_is_not_held_can_be_taken() {
    let refused =
        |reason: &str| [Event::CaptureRefused { reply: checkout(), reason: reason.to_owned() }];
    buyer().when(&capture()).then(refused("not_authorised"));
    after(&[authorise(by_card(), UNTIL)]).when(&capture()).then(refused("not_authorised"));
    after(&[authorise(by_card(), UNTIL), void()]).when(&capture()).then(refused("voided"));
    let all = ["o-atlas", "o-rif", "o-souss"].map(refund);
    let waived = all.iter().fold(held(), |told, command| told.when(command).decided().0);
    assert_eq!(
        waived.history().iter().filter(|event| **event == released()).count(),
        1,
        "a hold for nothing is let go"
    );
    waived.when(&capture()).then(refused("nothing_left_to_take"));
}

#[test]
fn a_hold_that_is_lost_fails_its_capture_and_says_so_once() {
    let told = happened(held().when(&stands(Standing::Gone)), &["IntentReported", "HoldLost"]);
    assert_eq!(status(&told), Status::Declined);
    let capturing = held().when(&capture()).decided().0;
    let kinds = ["IntentReported", "CaptureFailed", "HoldLost"];
    let told = happened(capturing.when(&stands(Standing::Gone)), &kinds);
    assert_eq!(status(&told), Status::CaptureFailed);
    let refused = || Said::CaptureRefused { attempt: 1, reason: "expired_card".to_owned() };
    let capturing = held().when(&capture()).decided().0;
    let told = happened(capturing.when(&says(refused())), &["CaptureFailed"]);
    let told = told.when(&says(refused())).then_nothing();
    // The checkout lets go of what may still be held.
    let told = told.when(&void()).then([void_asked(), released()]);
    happened(told.when(&stands(Standing::Gone)), &["IntentReported", "Voided"]);
}

#[test]
fn a_voiding_that_overtakes_its_payment_wins() {
    let barred = Event::PaymentBarred { reply: checkout(), reason: "stock was gone".to_owned() };
    buyer()
        .when(&void())
        .then([barred])
        .when(&void())
        .then_nothing()
        .when(&authorise(by_card(), UNTIL))
        .then_nothing();
}

#[test]
fn a_voiding_waits_for_an_attempt_in_flight_and_lets_go_of_what_it_brings() {
    let told = after(&[authorise(by_card(), UNTIL)]).when(&void()).then([void_asked()]);
    assert_eq!(status(&told), Status::Voiding);
    let told = happened(told.when(&stands(Standing::Held)), &["IntentReported", "ReleaseAsked"]);
    let told = happened(told.when(&stands(Standing::Gone)), &["IntentReported", "Voided"]);
    assert_eq!(status(&told), Status::Voided);
    let told = after(&[authorise(by_card(), UNTIL), void()]);
    happened(told.when(&stands(Standing::Failed)), &["IntentReported", "Voided"]);
    held().when(&void()).then([void_asked(), released()]);
    let declined = after(&[authorise(by_card(), UNTIL), stands(Standing::Failed)]);
    declined.when(&void()).then([void_asked(), voided()]).when(&void()).then_nothing();
}

#[test]
fn a_voiding_after_capture_gives_every_share_back() {
    let told = happened(
        taken().when(&void()),
        &["VoidAsked", "RefundAsked", "RefundAsked", "RefundAsked"],
    );
    let told = happened(
        told.when(&gave_back("o-atlas", 3_333, RefundStanding::Done)),
        &["RefundReported"],
    );
    let told =
        happened(told.when(&gave_back("o-rif", 3_333, RefundStanding::Done)), &["RefundReported"]);
    let pending = gave_back("o-souss", 3_334, RefundStanding::Pending);
    let told = told.when(&pending).then_nothing();
    let done = gave_back("o-souss", 3_334, RefundStanding::Done);
    let told = happened(told.when(&done), &["RefundReported", "Voided"]);
    assert_eq!(status(&told), Status::Voided);
    // While it is being taken it cannot be let go: it is taken, and then it goes back.
    let told = held().when(&capture()).decided().0.when(&void()).then([void_asked()]);
    let kinds = ["IntentReported", "Captured", "RefundAsked", "RefundAsked", "RefundAsked"];
    happened(told.when(&stands(Standing::Taken)), &kinds);
}

#[test]
fn a_share_goes_back_once_and_never_more_than_was_taken_of_it() {
    let at = START;
    let asked = Event::RefundAsked {
        order: id("o-rif"),
        attempt: 1,
        intent: "pi_1".to_owned(),
        amount: mad(3_333),
        at,
    };
    let (order, group) = (id("o-rif"), id("g1"));
    let wanted = Event::RefundWanted { order, group, reason: "rejected".to_owned() };
    let told = taken()
        .when(&refund("o-rif"))
        .then([wanted.clone(), asked])
        .when(&refund("o-rif"))
        .then_nothing();
    let done = gave_back("o-rif", 3_333, RefundStanding::Done);
    let told = happened(told.when(&done), &["RefundReported", "ShareReturned"]);
    let payment = told.state().payment().unwrap();
    assert_eq!(payment.share(&id("o-atlas")).unwrap().kept(), mad(3_333), "siblings keep theirs");
    let told = told.when(&done).then_nothing();
    told.when(&refund("o-nobody")).refused(&Refusal::ShareUnknown(id("o-nobody")));
    let unknown = Refusal::PaymentUnknown(id("c1"));
    buyer().when(&refund("o-rif")).refused(&unknown);
    // Before anything is taken, nothing has to go back: the share is left out of the capture.
    let returned = Event::ShareReturned { order: id("o-rif"), group: id("g1"), amount: mad(0) };
    let told = held()
        .when(&refund("o-rif"))
        .then([wanted, Event::ShareWaived { order: id("o-rif") }, returned])
        .when(&capture());
    let (told, decided) = told.decided();
    let [Event::CaptureAsked { amount, claims, .. }] = &decided.unwrap()[..] else { panic!() };
    assert_eq!((*amount, claims.len()), (mad(6_667), 2));
    // While it is being taken, it waits.
    let told = happened(told.when(&refund("o-atlas")), &["RefundWanted"]);
    let mut report = intent(Standing::Taken);
    report.received = Some(mad(6_667));
    let kinds = ["IntentReported", "Captured", "RefundAsked"];
    happened(told.when(&says(Said::Intent(report))), &kinds);
}

#[test]
fn a_refund_that_fails_calls_an_operator() {
    let told = taken().when(&refund("o-rif")).decided().0;
    let failed = gave_back("o-rif", 3_333, RefundStanding::Failed);
    let told = happened(told.when(&failed), &["RefundReported", "AttentionNeeded"]);
    assert_eq!(status(&told), Status::NeedsAttention);
    let told = taken().when(&refund("o-rif")).decided().0;
    let less = gave_back("o-rif", 3_000, RefundStanding::Done);
    let kinds = ["RefundReported", "AttentionNeeded", "ShareReturned"];
    happened(told.when(&less), &kinds);
}

#[test]
fn cash_has_states_of_its_own() {
    let told = promised();
    assert_eq!(status(&told), Status::CashPromised);
    let told = told.when(&capture()).then([Event::CashExpected { reply: checkout() }]);
    assert_eq!(status(&told), Status::CashExpected);
    let told = told.when(&capture()).then_nothing();
    let told = happened(told.when(&collect("o-atlas", 3_333)), &["CashCollected"]);
    assert_eq!(status(&told), Status::CashPartlyCollected);
    let told = told.when(&collect("o-atlas", 3_333)).then_nothing();
    let kinds = ["RefundWanted", "ShareWaived", "ShareReturned"];
    let told = happened(told.when(&refund("o-rif")), &kinds);
    let told = happened(told.when(&collect("o-souss", 3_334)), &["CashCollected"]);
    assert_eq!(status(&told), Status::CashCollected);
    assert_eq!(told.state().payment().unwrap().sum(crate::state::Share::kept), mad(6_667));
    let told = happened(told.when(&collect("o-rif", 3_333)), &["AttentionNeeded"]);
    assert_eq!(status(&told), Status::NeedsAttention);
}

#[test]
fn cash_that_does_not_add_up_calls_an_operator() {
    happened(promised().when(&collect("o-atlas", 3_300)), &["AttentionNeeded"]);
    happened(taken().when(&collect("o-atlas", 3_333)).decided().0.when(&capture()), &[]);
    let told = promised().when(&collect("o-atlas", 3_333)).decided().0;
    happened(told.when(&refund("o-atlas")), &["RefundWanted", "AttentionNeeded"]);
    promised().when(&void()).then([void_asked(), voided()]);
    let all = ["o-atlas", "o-rif", "o-souss"].map(refund);
    let told = all.iter().fold(promised(), |told, command| told.when(command).decided().0);
    assert_eq!(status(&told), Status::CashNotCollected);
}

#[test]
fn looking_at_the_provider_again_asks_once_at_a_time() {
    let sync = ask(Ask::Sync);
    let asked = Event::SyncAsked { attempt: 1 };
    let told =
        after(&[authorise(by_card(), UNTIL)]).when(&sync).then([asked]).when(&sync).then_nothing();
    let told = happened(
        told.when(&stands(Standing::ActionRequired)),
        &["IntentReported", "ActionRequired"],
    );
    let told = happened(told.when(&sync), &["SyncAsked"]);
    // Nothing has changed; but the question is answered, so that it can be asked again.
    let told = happened(told.when(&stands(Standing::ActionRequired)), &["IntentReported"]);
    happened(told.when(&sync), &["SyncAsked"]);
    taken().when(&sync).then_nothing();
    promised().when(&sync).then_nothing();
    buyer().when(&sync).refused(&Refusal::PaymentUnknown(id("c1")));
}

#[test]
fn every_event_ever_written_still_reads() {
    let golden = include_str!("tests/events.jsonl");
    let state = old_events_still_lift::<Payments>(golden);
    assert_eq!(state.payment().unwrap().status(), Status::NeedsAttention);
    for kind in Event::VARIANTS {
        assert!(golden.contains(&format!(r#""kind":"{kind}""#)), "{kind} is not among them");
    }
}

//! The stories that prove checkout, and the laws it keeps.

mod api;
mod buyer;
mod laws;
mod settling;
mod table;
mod vendors;
mod world;

use base_ids::{ResourceId, Tenant};
use base_money::{Currency, Money};
use base_time::Timestamp;
use cell_kernel::{
    Problem,
    story::{Story, old_events_still_lift, story},
};

use crate::{
    CartNow, Checkout, Command, Event, Facts, Waits,
    command::{
        Ask, Line, News, Payment, PaymentNews, PostalAddress, Quote, ShareOf, Title, Wait, Wishes,
    },
    event::{Basket, Ending, Owed},
    state::Stage,
};

const HELD_UNTIL: i64 = 15 * 60_000;
const PAY_UNTIL: i64 = 10 * 60_000;

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn tenant(text: &str) -> Tenant {
    text.parse().unwrap()
}

fn mad(minor: i64) -> Money {
    Money::new(Currency::MAD, minor)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn line(vendor: &str, offer: &str, quantity: u32, price: i64) -> Line {
    Line {
        vendor: tenant(&format!("vendors/{vendor}")),
        offer: id(offer),
        product: id("9789954000007"),
        title: Title { fr: format!("Livre {offer}"), ..Title::default() },
        quantity,
        price: mad(price),
    }
}

/// Two of `a` and one of `b` from Atlas, one of `c` from Rif.
fn lines() -> Vec<Line> {
    vec![line("atlas", "a", 2, 5000), line("rif", "c", 1, 700), line("atlas", "b", 1, 300)]
}

fn lines_of(vendor: &str) -> Vec<Line> {
    lines().into_iter().filter(|line| line.vendor.id() == vendor).collect()
}

fn cart() -> CartNow {
    CartNow { open: true, round: 3, revision: 8, lines: lines(), problems: Vec::new() }
}

fn knowing(cart: CartNow) -> Facts {
    Facts { cart: Some(cart), waits: None }
}

fn basket() -> Basket {
    let CartNow { round, revision, lines, problems, .. } = cart();
    Basket { cart: id("main"), round, revision, lines, problems }
}

fn address() -> PostalAddress {
    PostalAddress {
        recipient: "Leila Amrani".to_owned(),
        phone: Some("+212600000001".parse().unwrap()),
        lines: vec!["12, rue des Orangers".to_owned()],
        district: "Agdal".to_owned(),
        city: "Rabat".to_owned(),
        postcode: String::new(),
        country: "MA".to_owned(),
    }
}

fn card() -> Payment {
    Payment::Card { instrument: "pm_card_visa".parse().unwrap() }
}

fn wishes() -> Wishes {
    Wishes {
        address: Some(address()),
        email: None,
        payment: Some(card()),
        ship_what_you_can: false,
        locale: "fr".parse().unwrap(),
    }
}

fn started_with(wishes: Wishes) -> Event {
    Event::Started {
        checkout: id("c1"),
        basket: basket(),
        wishes: Box::new(wishes),
        waits: Waits::default(),
        at: at(0),
    }
}

fn started() -> Event {
    started_with(wishes())
}

fn placed() -> Event {
    Event::PlacementAsked { total_max: None }
}

fn asked() -> Event {
    Event::VendorsAsked { held_until: at(HELD_UNTIL) }
}

fn number_of(vendor: &str) -> u32 {
    if vendor == "atlas" { 1 } else { 2 }
}

fn share(vendor: &str) -> ShareOf {
    ShareOf { number: number_of(vendor), vendor: tenant(&format!("vendors/{vendor}")) }
}

fn quote(vendor: &str, fee: i64) -> Quote {
    Quote { lines: lines_of(vendor), commission_basis_points: 800, delivery_fee: mad(fee) }
}

fn quoted(vendor: &str) -> Event {
    Event::VendorQuoted { share: number_of(vendor), quote: quote(vendor, 2000) }
}

fn held(vendor: &str) -> Event {
    Event::StockHeld { share: number_of(vendor) }
}

/// Goods 10,000 + 300 + 700, and twice 2,000 for delivery.
const TOTAL: i64 = 15_000;

fn payment_asked() -> Event {
    Event::PaymentAsked { total: mad(TOTAL), until: at(PAY_UNTIL), held_until: None }
}

fn authorised() -> Event {
    Event::PaymentAuthorised { held_until: None }
}

fn order_placed() -> Event {
    Event::OrderPlaced { number: "S7K2".to_owned() }
}

fn sold(vendor: &str) -> Event {
    Event::StockSold { share: number_of(vendor) }
}

/// All that happens in a purchase that goes well.
fn whole_purchase() -> Vec<Event> {
    vec![
        started(),
        placed(),
        asked(),
        quoted("atlas"),
        held("rif"),
        held("atlas"),
        quoted("rif"),
        payment_asked(),
        authorised(),
        order_placed(),
        sold("rif"),
        sold("atlas"),
        Event::CaptureAsked,
        Event::Completed,
    ]
}

/// Leila's purchase up to (and with) the event of this kind.
fn up_to(kind: &str) -> Story<Checkout> {
    let whole = whole_purchase();
    let name = |event: &Event| <&str>::from(event);
    let last = whole.iter().rposition(|event| name(event) == kind).expect("a kind that happens");
    leila().given(whole.into_iter().take(last + 1))
}

fn leila() -> Story<Checkout> {
    story("users/leila")
}

fn of(ask: Ask) -> Command {
    Command { checkout: id("c1"), ask }
}

fn hear(news: News) -> Command {
    of(Ask::Hear { news })
}

fn pay(news: PaymentNews) -> Command {
    hear(News::Payment(news))
}

fn over(wait: Wait) -> Command {
    hear(News::WaitOver(wait))
}

fn undo(ending: Ending, problems: Vec<Problem>, owed: Owed) -> Event {
    Event::UndoStarted { ending, problems, owed }
}

fn ended(ending: Ending) -> Event {
    Event::Ended { ending }
}

fn nothing() -> Facts {
    Facts::default()
}

fn problem(code: &str, subject: &str, text: &str) -> Problem {
    Problem { code: code.to_owned(), subject: subject.to_owned(), text: text.to_owned() }
}

/// What a decision led to: the problems that the undoing names, as `code subject`.
fn named(story: &Story<Checkout>) -> Vec<String> {
    let session = story.state().session.as_ref().expect("a session");
    session.problems.iter().map(|found| format!("{} {}", found.code, found.subject)).collect()
}

fn stage(story: &Story<Checkout>) -> &Stage {
    &story.state().session.as_ref().expect("a session").stage
}

#[test]
fn a_purchase_that_goes_well_is_one_event_a_step() {
    let after = leila()
        .given([started()])
        .when_knowing(&of(Ask::Place { total_max: None }), &knowing(cart()))
        .then([placed()])
        .when_knowing(&hear(News::CartClaimed), &nothing())
        .then([asked()])
        .when_knowing(
            &hear(News::Quoted { share: share("atlas"), quote: quote("atlas", 2000) }),
            &nothing(),
        )
        .then([quoted("atlas")])
        .when_knowing(&hear(News::StockHeld { share: share("rif"), until: at(1) }), &nothing())
        .then([held("rif")])
        .when_knowing(&hear(News::StockHeld { share: share("atlas"), until: at(1) }), &nothing())
        .then([held("atlas")])
        .when_knowing(
            &hear(News::Quoted { share: share("rif"), quote: quote("rif", 2000) }),
            &nothing(),
        )
        .then([quoted("rif"), payment_asked()])
        .when_knowing(&pay(PaymentNews::Authorised), &nothing())
        .then([authorised()])
        .when_knowing(&hear(News::OrderPlaced { number: "S7K2".to_owned() }), &nothing())
        .then([order_placed()])
        .when_knowing(&hear(News::StockCommitted { share: share("rif"), sold: true }), &nothing())
        .then([sold("rif")])
        .when_knowing(&hear(News::StockCommitted { share: share("atlas"), sold: true }), &nothing())
        .then([sold("atlas"), Event::CaptureAsked])
        .when_knowing(&pay(PaymentNews::Captured), &nothing())
        .then([Event::Completed]);
    assert_eq!(after.history(), whole_purchase());
    assert_eq!(*stage(&after), Stage::Completed);
}

#[test]
fn every_event_ever_written_still_reads() {
    let state = old_events_still_lift::<Checkout>(include_str!("tests/events.jsonl"));
    let session = state.session.expect("a session");
    assert_eq!(session.stage, Stage::Ended(Ending::Failed));
    assert_eq!(session.problems.len(), 2);
}

//! The stories that prove carts, and the laws they keep.

mod api;
mod laws;
mod merging;
mod today;

use base_ids::{ResourceId, Tenant};
use base_money::{Currency, Money};
use base_time::Timestamp;
use cell_kernel::{
    Outbox, Posted, Seen,
    story::{Story, old_events_still_lift, story},
};

use crate::{
    Carts, Command, Event, Facts, OfferNow, Refusal, announce,
    command::{Item, Line, Quantity, Title},
    event::{ClaimRefusedBecause, NewPrice},
    facts::{Availability, Selling},
    state::Stage,
};

fn leila() -> Story<Carts> {
    story("users/leila")
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn tenant(text: &str) -> Tenant {
    text.parse().unwrap()
}

fn item(vendor: &str, offer: &str) -> Item {
    Item { vendor: tenant(&format!("vendors/{vendor}")), offer: id(offer) }
}

fn mad(minor: i64) -> Money {
    Money::new(Currency::MAD, minor)
}

fn quantity(number: i64) -> Quantity {
    number.try_into().unwrap()
}

fn offer(item: &Item, price: i64) -> OfferNow {
    OfferNow {
        item: item.clone(),
        product: id("9789954000007"),
        title: Title { fr: "Contes".to_owned(), ..Title::default() },
        price: mad(price),
        price_version: price,
        selling: Selling::Yes,
        availability: Availability::Plenty,
    }
}

fn line(item: &Item, number: i64, price: i64) -> Line {
    offer(item, price).line(quantity(number))
}

fn added(item: &Item, number: i64, price: i64) -> Event {
    Event::LineAdded { line: line(item, number, price) }
}

fn opened(round: u64) -> Event {
    Event::RoundOpened { round, lines: Vec::new() }
}

fn knowing(offers: impl IntoIterator<Item = OfferNow>) -> Facts {
    Facts { offers: offers.into_iter().collect() }
}

fn add(item: &Item, number: i64) -> Command {
    Command::AddLine { cart: id("main"), item: item.clone(), quantity: quantity(number) }
}

fn change(item: &Item, number: i64) -> Command {
    Command::ChangeLine { cart: id("main"), item: item.clone(), quantity: quantity(number) }
}

fn remove(item: &Item) -> Command {
    Command::RemoveLine { cart: id("main"), item: item.clone() }
}

fn claim(checkout: &str, round: u64, revision: u64) -> Command {
    Command::Claim { cart: id("main"), checkout: id(checkout), round, revision }
}

fn claimed(checkout: &str, round: u64) -> Event {
    Event::Claimed { checkout: id(checkout), round }
}

fn claim_refused(checkout: &str, reason: ClaimRefusedBecause) -> Event {
    Event::ClaimRefused { checkout: id(checkout), reason }
}

fn release(checkout: &str) -> Command {
    Command::Release { cart: id("main"), checkout: id(checkout) }
}

fn released(checkout: &str) -> Event {
    let until = Timestamp::default().after(std::time::Duration::from_hours(30 * 24));
    Event::Released { checkout: id(checkout), at: Timestamp::default(), until }
}

fn convert(checkout: &str, bought: &[Item]) -> Command {
    Command::Convert { cart: id("main"), checkout: id(checkout), bought: bought.to_vec() }
}

fn told(story: &Story<Carts>, event: &Event) -> Vec<Posted> {
    let tenant = tenant("users/leila");
    let seen = Seen {
        tenant: &tenant,
        key: "main",
        event,
        state: story.state(),
        version: base_ids::Version(1),
        at: Timestamp::default(),
    };
    let mut outbox = Outbox::default();
    announce::announce(&seen, &mut outbox);
    outbox.into_posted()
}

#[test]
fn the_same_offer_twice_is_one_line() {
    let quran = item("atlas", "quran");
    let facts = knowing([offer(&quran, 5000)]);
    leila()
        .when_knowing(&add(&quran, 2), &facts)
        .then([opened(1), added(&quran, 2, 5000)])
        .when_knowing(&add(&quran, 3), &facts)
        .then([Event::LineChanged { item: quran, quantity: quantity(5) }]);
}

#[test]
fn the_same_offer_id_of_two_vendors_is_two_lines() {
    let (atlas, rif) = (item("atlas", "o1"), item("rif", "o1"));
    let after = leila()
        .given([opened(1), added(&atlas, 1, 5000)])
        .when_knowing(&add(&rif, 1), &knowing([offer(&rif, 4000)]))
        .then([added(&rif, 1, 4000)]);
    assert_eq!(after.state().lines.len(), 2);
}

#[test]
fn whoever_adds_more_takes_todays_price() {
    let quran = item("atlas", "quran");
    leila()
        .given([opened(1), added(&quran, 1, 5000)])
        .when_knowing(&add(&quran, 1), &knowing([offer(&quran, 5500)]))
        .then([
            Event::LineChanged { item: quran.clone(), quantity: quantity(2) },
            Event::Repriced {
                prices: vec![NewPrice { item: quran, price: mad(5500), price_version: 5500 }],
            },
        ]);
}

#[test]
fn a_quantity_has_a_limit() {
    let quran = item("atlas", "quran");
    leila()
        .given([opened(1), added(&quran, 90, 5000)])
        .when_knowing(&add(&quran, 10), &knowing([offer(&quran, 5000)]))
        .refused(&Refusal::QuantityOverLimit { item: quran.clone(), wanted: 100 })
        .when_knowing(&add(&quran, 9), &knowing([offer(&quran, 5000)]))
        .then([Event::LineChanged { item: quran, quantity: quantity(99) }]);
    for number in [-1, 0, 100, i64::MAX, i64::MIN] {
        assert!(Quantity::try_from(number).is_err(), "{number}");
    }
}

#[test]
fn a_cart_has_room_for_a_hundred_lines_of_thirty_vendors_in_one_currency() {
    let many = |count: usize, vendors: usize| {
        let lines = (0..count)
            .map(move |n| added(&item(&format!("v{}", n % vendors), &format!("o{n}")), 1, 100));
        std::iter::once(opened(1)).chain(lines).collect::<Vec<_>>()
    };
    let (same_vendor, new_vendor) = (item("v0", "new"), item("other", "new"));
    let facts = knowing([offer(&same_vendor, 100), offer(&new_vendor, 100)]);
    leila()
        .given(many(100, 5))
        .when_knowing(&add(&same_vendor, 1), &facts)
        .refused(&Refusal::CartFull);
    leila()
        .given(many(30, 30))
        .when_knowing(&add(&new_vendor, 1), &facts)
        .refused(&Refusal::TooManyVendors)
        .when_knowing(&add(&same_vendor, 1), &facts)
        .then([added(&same_vendor, 1, 100)]);
    let tunisian = item("tunis", "o1");
    let dinars = OfferNow { price: Money::new(Currency::TND, 7000), ..offer(&tunisian, 7000) };
    let no = Refusal::OtherCurrency {
        item: tunisian.clone(),
        cart: Currency::MAD,
        offer: Currency::TND,
    };
    leila().given(many(1, 1)).when_knowing(&add(&tunisian, 1), &knowing([dinars])).refused(&no);
}

#[test]
fn what_is_not_for_sale_does_not_come_in() {
    let quran = item("atlas", "quran");
    let with = |change: fn(&mut OfferNow)| {
        let mut offer = offer(&quran, 5000);
        change(&mut offer);
        knowing([offer])
    };
    let closed = Refusal::SellerClosed { item: quran.clone(), because: "holiday".to_owned() };
    leila()
        .when_knowing(&add(&quran, 1), &knowing([]))
        .refused(&Refusal::OfferNotFound(quran.clone()))
        .when_knowing(&add(&quran, 1), &with(|offer| offer.selling = Selling::OfferInactive))
        .refused(&Refusal::OfferNotSold(quran.clone()))
        .when_knowing(&add(&quran, 1), &with(|offer| offer.selling = Selling::ProductNotPublished))
        .refused(&Refusal::ProductNotPublished(quran.clone()))
        .when_knowing(
            &add(&quran, 1),
            &with(|offer| offer.selling = Selling::SellerClosed("holiday".to_owned())),
        )
        .refused(&closed)
        .when_knowing(&add(&quran, 1), &with(|offer| offer.availability = Availability::None))
        .refused(&Refusal::OutOfStock(quran.clone()))
        .when_knowing(&add(&quran, 1), &with(|offer| offer.availability = Availability::Few(1)))
        .then([opened(1), added(&quran, 1, 5000)]);
}

#[test]
fn a_sum_that_cannot_be_counted_is_refused() {
    let gold = item("atlas", "gold");
    let facts = knowing([offer(&gold, i64::MAX / 2)]);
    leila()
        .when_knowing(&add(&gold, 3), &facts)
        .refused(&Refusal::AmountTooLarge)
        .when_knowing(&add(&gold, 2), &facts)
        .then([opened(1), added(&gold, 2, i64::MAX / 2)])
        .when_knowing(&change(&gold, 3), &Facts::default())
        .refused(&Refusal::AmountTooLarge);
}

#[test]
fn lines_change_and_go() {
    let (quran, other) = (item("atlas", "quran"), item("atlas", "other"));
    let none = Facts::default();
    leila()
        .when_knowing(&change(&quran, 2), &none)
        .refused(&Refusal::LineUnknown(quran.clone()))
        .given([opened(1), added(&quran, 1, 5000)])
        .when_knowing(&change(&quran, 1), &none)
        .then_nothing()
        .when_knowing(&change(&quran, 7), &none)
        .then([Event::LineChanged { item: quran.clone(), quantity: quantity(7) }])
        .when_knowing(&remove(&other), &none)
        .refused(&Refusal::LineUnknown(other))
        .when_knowing(&remove(&quran), &none)
        .then([Event::LineRemoved { item: quran }]);
}

#[test]
fn accepting_prices_changes_only_those_that_changed() {
    let (dear, same, gone) = (item("atlas", "dear"), item("atlas", "same"), item("rif", "gone"));
    let accept = Command::AcceptPrices { cart: id("main") };
    let facts = knowing([offer(&dear, 6000), offer(&same, 100)]);
    leila()
        .given([opened(1), added(&dear, 1, 5000), added(&same, 1, 100), added(&gone, 1, 300)])
        .when_knowing(&accept, &facts)
        .then([Event::Repriced {
            prices: vec![NewPrice { item: dear, price: mad(6000), price_version: 6000 }],
        }])
        .when_knowing(&accept, &facts)
        .then_nothing();
}

#[test]
fn one_checkout_at_a_time_buys_exactly_what_was_seen() {
    let quran = item("atlas", "quran");
    let none = Facts::default();
    let after = leila()
        .when_knowing(&claim("c0", 0, 0), &none)
        .then([claim_refused("c0", ClaimRefusedBecause::CartEmpty)])
        .given([opened(1), added(&quran, 1, 5000)]);
    let (round, revision) = (after.state().round, after.state().revision);
    after
        .when_knowing(&claim("c1", round, revision - 1), &none)
        .then([claim_refused("c1", ClaimRefusedBecause::CartChanged)])
        .when_knowing(&claim("c2", round, revision), &none)
        .then([claimed("c2", 1)])
        .when_knowing(&claim("c2", round, revision), &none)
        .then_nothing()
        .when_knowing(&claim("c3", round, revision), &none)
        .then([claim_refused("c3", ClaimRefusedBecause::CartClaimed)])
        .when_knowing(&change(&quran, 2), &none)
        .refused(&Refusal::CartClaimed(id("c2")))
        .when_knowing(&add(&quran, 2), &knowing([offer(&quran, 5000)]))
        .refused(&Refusal::CartClaimed(id("c2")))
        .when_knowing(&release("c2"), &none)
        .then([released("c2")])
        .when_knowing(&release("c2"), &none)
        .then_nothing()
        .when_knowing(&claim("c4", round, revision), &none)
        .then([claimed("c4", 1)]);
}

#[test]
fn a_release_that_overtakes_its_claim_wins() {
    let quran = item("atlas", "quran");
    let none = Facts::default();
    let after = leila()
        .given([opened(1), added(&quran, 1, 5000)])
        .when_knowing(&release("c1"), &none)
        .then([released("c1")]);
    let revision = after.state().revision;
    after
        .when_knowing(&claim("c1", 1, revision), &none)
        .then([claim_refused("c1", ClaimRefusedBecause::ClaimReleased)]);
}

#[test]
fn a_bought_round_is_history_and_the_next_line_opens_a_new_one() {
    let quran = item("atlas", "quran");
    let none = Facts::default();
    let converted = Event::Converted { checkout: id("c1"), bought: vec![quran.clone()] };
    leila()
        .given([opened(1), added(&quran, 1, 5000), claimed("c1", 1)])
        .when_knowing(&convert("c2", std::slice::from_ref(&quran)), &none)
        .then_nothing()
        .when_knowing(&convert("c1", std::slice::from_ref(&quran)), &none)
        .then([converted])
        .when_knowing(&convert("c1", std::slice::from_ref(&quran)), &none)
        .then_nothing()
        .when_knowing(&release("c1"), &none)
        .then([released("c1")])
        .when_knowing(&remove(&quran), &none)
        .refused(&Refusal::CartClosed)
        .when_knowing(&claim("c3", 1, 2), &none)
        .then([claim_refused("c3", ClaimRefusedBecause::CartClosed)])
        .when_knowing(&add(&quran, 1), &knowing([offer(&quran, 5000)]))
        .then([opened(2), added(&quran, 1, 5000)]);
}

#[test]
fn what_was_not_bought_opens_the_next_round() {
    let (bought, left) = (item("atlas", "bought"), item("rif", "left"));
    let after = leila()
        .given([opened(1), added(&bought, 1, 5000), added(&left, 2, 300), claimed("c1", 1)])
        .when_knowing(&convert("c1", std::slice::from_ref(&bought)), &Facts::default())
        .then([
            Event::Converted { checkout: id("c1"), bought: vec![bought] },
            Event::RoundOpened { round: 2, lines: vec![line(&left, 2, 300)] },
        ]);
    assert_eq!(after.state().stage, Stage::Open);
}

#[test]
fn a_checkout_is_told_whether_it_has_the_cart() {
    let kinds = |event: Event| {
        let posted = told(&leila(), &event);
        posted
            .iter()
            .map(|posted| match posted {
                Posted::To { tenant, service, kind, .. } => format!("{tenant} {service} {kind}"),
                Posted::Public { .. } => "everyone".to_owned(),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(claimed("c1", 1)), ["users/leila checkout souk.carts.v1.CartClaimed"]);
    let refused = claim_refused("c1", ClaimRefusedBecause::CartChanged);
    assert_eq!(kinds(refused), ["users/leila checkout souk.carts.v1.CartRefused"]);
    assert!(kinds(released("c1")).is_empty());
}

#[test]
fn every_event_ever_written_still_reads() {
    let state = old_events_still_lift::<Carts>(include_str!("tests/events.jsonl"));
    assert_eq!((state.round, state.lines.len()), (3, 2));
    assert_eq!(state.stage, Stage::HandedOver(tenant("users/omar")));
}

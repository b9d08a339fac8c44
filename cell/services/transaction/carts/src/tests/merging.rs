//! Stories of guests who sign in: their lines come along, once, whatever happens meanwhile.

use super::{
    add, added, claimed, convert, id, item, knowing, leila, line, mad, offer, opened, quantity,
    release, released, tenant, told,
};
use base_ids::Tenant;
use base_money::{Currency, Money};
use cell_kernel::{
    Posted,
    story::{Story, story},
};

use crate::{
    Carts, Command, Event, Facts,
    command::Line,
    event::{LeftOut, LeftOutBecause},
    state::Stage,
};

fn guest() -> Tenant {
    tenant("users/g-yc65fikain43ppnbkq4kyqm65w")
}

fn guests_cart() -> Story<Carts> {
    story(guest().as_str())
}

fn hand_over() -> Command {
    Command::HandOver { cart: id("main"), to: tenant("users/leila") }
}

fn handed_over(round: u64, lines: &[Line]) -> Event {
    Event::HandedOver { to: tenant("users/leila"), round, lines: lines.to_vec() }
}

fn take(round: u64, lines: &[Line]) -> Command {
    Command::TakeLines { cart: id("main"), guest: guest(), round, lines: lines.to_vec() }
}

fn merged(round: u64, lines: &[Line], left_out: &[LeftOut]) -> Event {
    Event::Merged { guest: guest(), round, lines: lines.to_vec(), left_out: left_out.to_vec() }
}

fn merge() -> Command {
    Command::MergeGuest { cart: id("main"), guest: guest() }
}

fn none() -> Facts {
    Facts::default()
}

#[test]
fn a_guest_is_asked_once_while_the_answer_is_on_its_way() {
    let asked = Event::MergeAsked { guest: guest() };
    let after = leila()
        .when_knowing(&merge(), &none())
        .then([asked.clone()])
        .when_knowing(&merge(), &none())
        .then_nothing();
    let posted = told(&after, &asked);
    assert!(
        matches!(&posted[..], [Posted::To { tenant, service: "carts", .. }] if *tenant == guest())
    );
}

#[test]
fn merging_twice_is_merging_once() {
    let (quran, atlas) = (item("atlas", "quran"), item("atlas", "atlas"));
    let guests = [line(&quran, 2, 5000), line(&atlas, 1, 900)];
    let after = leila()
        .given([opened(1), added(&quran, 1, 4500)])
        .when_knowing(&merge(), &none())
        .then([Event::MergeAsked { guest: guest() }])
        .when_knowing(&take(1, &guests), &none())
        // The user's own price stays until they accept today's.
        .then([merged(1, &[line(&quran, 3, 4500), line(&atlas, 1, 900)], &[])])
        .when_knowing(&merge(), &none())
        .then([Event::MergeAsked { guest: guest() }])
        .when_knowing(&take(1, &guests), &none())
        .then([Event::MergeEnded { guest: guest() }])
        .when_knowing(&take(1, &guests), &none())
        .then_nothing();
    assert!(after.state().merging.is_empty());
}

#[test]
fn an_empty_answer_ends_the_waiting_and_hides_no_later_lines() {
    let quran = item("atlas", "quran");
    leila()
        .given([Event::MergeAsked { guest: guest() }])
        .when_knowing(&take(1, &[]), &none())
        .then([Event::MergeEnded { guest: guest() }])
        .when_knowing(&take(1, &[line(&quran, 1, 100)]), &none())
        .then([opened(1), merged(1, &[line(&quran, 1, 100)], &[])]);
}

#[test]
fn what_has_no_room_is_left_out_and_said() {
    let (quran, dinar) = (item("atlas", "quran"), item("tunis", "o1"));
    let dinars = Line { price: Money::new(Currency::TND, 1), ..line(&dinar, 2, 1) };
    let left_out = [
        LeftOut { item: quran.clone(), quantity: 41, reason: LeftOutBecause::QuantityOverLimit },
        LeftOut { item: dinar, quantity: 2, reason: LeftOutBecause::OtherCurrency },
    ];
    leila()
        .given([opened(1), added(&quran, 90, 5000)])
        .when_knowing(&take(1, &[line(&quran, 50, 5000), dinars]), &none())
        .then([merged(1, &[line(&quran, 99, 5000)], &left_out)]);
}

#[test]
fn a_guests_cart_hands_over_and_answers_again_with_the_same() {
    let quran = item("atlas", "quran");
    let lines = [line(&quran, 1, 5000)];
    let others = Command::HandOver { cart: id("main"), to: tenant("users/omar") };
    let nothing = Event::HandedOver { to: tenant("users/omar"), round: 1, lines: Vec::new() };
    guests_cart()
        .when_knowing(&hand_over(), &none())
        .then([handed_over(0, &[])])
        .given([opened(1), added(&quran, 1, 5000)])
        .when_knowing(&hand_over(), &none())
        .then([handed_over(1, &lines)])
        .when_knowing(&hand_over(), &none())
        .then([handed_over(1, &lines)])
        .when_knowing(&others, &none())
        .then([nothing])
        .when_knowing(&add(&quran, 1), &knowing([offer(&quran, 5000)]))
        .then([opened(2), added(&quran, 1, 5000)])
        .when_knowing(&hand_over(), &none())
        .then([handed_over(2, &lines)]);
}

#[test]
fn a_guests_cart_that_is_being_bought_is_handed_over_only_if_it_is_not_bought() {
    let quran = item("atlas", "quran");
    let asked = || {
        guests_cart()
            .given([opened(1), added(&quran, 1, 5000), claimed("c1", 1)])
            .when_knowing(&hand_over(), &none())
            .then([Event::HandOverAsked { to: tenant("users/leila") }])
            .when_knowing(&hand_over(), &none())
            .then_nothing()
    };
    let after = asked()
        .when_knowing(&release("c1"), &none())
        .then([released("c1"), handed_over(1, &[line(&quran, 1, 5000)])]);
    assert_eq!(after.state().stage, Stage::HandedOver(tenant("users/leila")));
    let bought = vec![quran.clone()];
    asked().when_knowing(&convert("c1", &bought), &none()).then([
        Event::Converted { checkout: id("c1"), bought: bought.clone() },
        handed_over(1, &[]),
    ]);
}

#[test]
fn lines_that_arrive_during_a_checkout_wait_for_its_end() {
    let (quran, atlas) = (item("atlas", "quran"), item("atlas", "atlas"));
    let guests = vec![line(&atlas, 1, 900)];
    let kept = Event::GuestLinesKept { guest: guest(), round: 4, lines: guests.clone() };
    let waiting = || {
        leila()
            .given([
                opened(1),
                added(&quran, 1, 5000),
                Event::MergeAsked { guest: guest() },
                claimed("c1", 1),
            ])
            .when_knowing(&take(4, &guests), &none())
            .then([kept.clone()])
            .when_knowing(&take(4, &guests), &none())
            .then_nothing()
    };
    let after = waiting()
        .when_knowing(&release("c1"), &none())
        .then([released("c1"), merged(4, &guests, &[])]);
    assert_eq!(after.state().lines.len(), 2);
    let after =
        waiting().when_knowing(&convert("c1", std::slice::from_ref(&quran)), &none()).then([
            Event::Converted { checkout: id("c1"), bought: vec![quran.clone()] },
            opened(2),
            merged(4, &guests, &[]),
        ]);
    assert_eq!(after.state().lines, guests);
}

#[test]
fn a_sum_that_cannot_be_counted_is_left_out() {
    let gold = item("atlas", "gold");
    let guests = [line(&gold, 1, i64::MAX)];
    let left = LeftOut { item: gold, quantity: 1, reason: LeftOutBecause::AmountTooLarge };
    let quran = item("atlas", "quran");
    let after = leila()
        .given([opened(1), added(&quran, 1, 5000)])
        .when_knowing(&take(1, &guests), &none())
        .then([merged(1, &[], &[left])]);
    assert_eq!(after.state().lines[0].price, mad(5000));
    assert_eq!(after.state().lines[0].quantity, quantity(1));
}

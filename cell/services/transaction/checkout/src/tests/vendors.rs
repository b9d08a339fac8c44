//! Stories of the vendors: they quote, hold, refuse, or say nothing at all.

use super::{
    asked, ended, hear, held, id, leila, line, lines_of, mad, named, nothing, over, payment_asked,
    placed, problem, quote, quoted, share, stage, started, started_with, tenant, undo, up_to,
    wishes,
};
use cell_kernel::{Problem, story::Story};

use crate::{
    Checkout, Command, Event,
    command::{News, Quote, ShareOf, Shortage, Wait, Wishes},
    event::{Ending, Owed},
    state::Stage,
};

fn no(vendor: &str, problems: Vec<Problem>) -> Command {
    hear(News::NotQuoted { share: share(vendor), problems })
}

fn quote_of(vendor: &str, quote: Quote) -> Command {
    hear(News::Quoted { share: share(vendor), quote })
}

fn stock_of(vendor: &str) -> Command {
    hear(News::StockHeld { share: share(vendor), until: super::at(1) })
}

fn short(vendor: &str, shortages: Vec<Shortage>) -> Command {
    hear(News::StockRefused { share: share(vendor), shortages })
}

fn everything() -> Owed {
    Owed { stock: vec![1, 2], cart: true, ..Owed::default() }
}

fn price_changed() -> Problem {
    problem("price_changed", "c", "the price is 9.00 MAD")
}

/// Atlas has agreed; Rif has yet to answer.
fn atlas_agreed(ship_what_you_can: bool) -> Story<Checkout> {
    let begins = started_with(Wishes { ship_what_you_can, ..wishes() });
    leila().given([begins, placed(), asked(), quoted("atlas"), held("atlas")])
}

#[test]
fn one_no_is_a_no_and_every_problem_is_told() {
    let gone = Shortage { offer: id("a"), available: 1 };
    let after = up_to("VendorsAsked")
        .when_knowing(&no("rif", vec![price_changed()]), &nothing())
        .decided()
        .0
        .when_knowing(&quote_of("atlas", quote("atlas", 0)), &nothing())
        .decided()
        .0
        .when_knowing(&short("atlas", vec![gone]), &nothing())
        .decided()
        .0;
    assert_eq!(*stage(&after), Stage::Ended(Ending::Failed));
    assert_eq!(
        named(&after),
        ["out_of_stock vendors/atlas/offers/a", "price_changed vendors/rif/offers/c"]
    );
    let Some(Event::UndoStarted { owed, .. }) = after.history().iter().rev().nth(1) else {
        panic!("undone last but one: {:?}", after.history());
    };
    assert_eq!(*owed, everything(), "also what was not answered is let go");
}

#[test]
fn a_vendor_in_a_dead_cell_is_named_with_the_lines_that_wait() {
    let after = atlas_agreed(false).when_knowing(&over(Wait::Vendors), &nothing()).then([
        undo(
            Ending::Failed,
            vec![problem(
                "vendor_silent",
                "vendors/rif/offers/c",
                "vendors/rif does not answer, so `Livre c` has to wait; try again later, or buy without it",
            )],
            everything(),
        ),
        ended(Ending::Failed),
    ]);
    let late = quote_of("rif", quote("rif", 0));
    after
        .when_knowing(&late, &nothing())
        .then_nothing()
        .when_knowing(&stock_of("rif"), &nothing())
        .then_nothing();
}

#[test]
fn what_can_be_shipped_is_shipped_if_the_buyer_wants_it_so() {
    let why = vec![Problem { subject: "vendors/rif/offers/c".to_owned(), ..price_changed() }];
    let paid = Event::PaymentAsked {
        total: mad(12_300),
        until: super::at(super::PAY_UNTIL),
        held_until: None,
    };
    let after =
        atlas_agreed(true).when_knowing(&no("rif", vec![price_changed()]), &nothing()).then([
            Event::VendorRefused { share: 2, problems: why.clone() },
            Event::VendorsDropped { shares: vec![2], problems: why },
            paid,
        ]);
    assert_eq!(named(&after), ["price_changed vendors/rif/offers/c"]);
    let session = after.state().session.as_ref().unwrap();
    assert_eq!(session.bought().count(), 2, "what Rif sells stays in the cart");
}

#[test]
fn a_silent_vendor_is_dropped_too() {
    let after = atlas_agreed(true).when_knowing(&over(Wait::Vendors), &nothing()).decided().0;
    assert!(matches!(stage(&after), Stage::Authorising { .. }));
    assert_eq!(named(&after), ["vendor_silent vendors/rif/offers/c"]);
}

#[test]
fn if_nobody_can_ship_there_is_nothing_to_buy() {
    let begins = started_with(Wishes { ship_what_you_can: true, ..wishes() });
    let after = leila()
        .given([begins, placed(), asked()])
        .when_knowing(&over(Wait::Vendors), &nothing())
        .decided()
        .0;
    assert_eq!(*stage(&after), Stage::Ended(Ending::Failed));
    assert_eq!(named(&after).len(), 3);
}

#[test]
fn a_quote_is_for_what_was_asked_at_the_price_that_was_seen() {
    let refused = |change: fn(&mut Quote)| {
        let mut quote = quote("rif", 2000);
        change(&mut quote);
        let after = atlas_agreed(false)
            .given([held("rif")])
            .when_knowing(&quote_of("rif", quote), &nothing())
            .decided()
            .0;
        assert_eq!(*stage(&after), Stage::Ended(Ending::Failed));
        named(&after).concat()
    };
    let dearer = refused(|quote| quote.lines[0].price = mad(701));
    assert_eq!(dearer, "price_changed vendors/rif/offers/c");
    let fewer = refused(|quote| quote.lines[0].quantity = 2);
    assert_eq!(fewer, "offer_not_sold vendors/rif/offers/c");
    assert_eq!(refused(|quote| quote.lines.clear()), fewer);
    let more = refused(|quote| quote.lines.push(line("rif", "d", 1, 1)));
    assert_eq!(more, "quote_unusable vendors/rif");
    assert_eq!(refused(|quote| quote.delivery_fee = mad(-1)), more);
    assert_eq!(refused(|quote| quote.commission_basis_points = 10_001), more);
}

#[test]
fn nobody_pays_more_than_they_agreed_to() {
    let limited = |limit| {
        let placed = Event::PlacementAsked { total_max: Some(mad(limit)) };
        leila()
            .given([started(), placed, asked(), quoted("atlas"), held("atlas"), held("rif")])
            .when_knowing(&quote_of("rif", quote("rif", 2000)), &nothing())
    };
    limited(super::TOTAL).then([quoted("rif"), payment_asked()]);
    let after = limited(super::TOTAL - 1).decided().0;
    assert_eq!(named(&after), ["total_over_limit total"]);
}

#[test]
fn a_total_that_cannot_be_counted_is_not_charged() {
    let fee = Quote { delivery_fee: mad(i64::MAX), ..quote("rif", 0) };
    let after = atlas_agreed(false)
        .given([held("rif")])
        .when_knowing(&quote_of("rif", fee), &nothing())
        .decided()
        .0;
    assert_eq!(named(&after), ["amount_too_large total"]);
}

#[test]
fn a_vendor_speaks_for_its_own_share_only() {
    let stranger = ShareOf { number: 2, vendor: tenant("vendors/atlas") };
    let unknown = ShareOf { number: 7, vendor: tenant("vendors/atlas") };
    for share in [stranger, unknown] {
        up_to("VendorsAsked")
            .when_knowing(
                &hear(News::StockHeld { share: share.clone(), until: super::at(1) }),
                &nothing(),
            )
            .then_nothing()
            .when_knowing(&hear(News::Quoted { share, quote: quote("atlas", 0) }), &nothing())
            .then_nothing();
    }
}

#[test]
fn a_vendor_that_answers_twice_is_heard_once() {
    atlas_agreed(false)
        .when_knowing(&quote_of("atlas", quote("atlas", 9)), &nothing())
        .then_nothing()
        .when_knowing(&stock_of("atlas"), &nothing())
        .then_nothing()
        .when_knowing(&no("atlas", vec![price_changed()]), &nothing())
        .then_nothing()
        .when_knowing(&short("atlas", Vec::new()), &nothing())
        .then_nothing();
}

#[test]
fn a_cart_that_is_not_ours_ends_it() {
    let owed = Owed { cart: true, ..Owed::default() };
    let text = "another checkout is buying the cart";
    let taken = hear(News::CartRefused { code: "cart_claimed".to_owned() });
    up_to("PlacementAsked").when_knowing(&taken, &nothing()).then([
        undo(Ending::Failed, vec![problem("cart_claimed", "cart", text)], owed),
        ended(Ending::Failed),
    ]);
    let after = up_to("PlacementAsked").when_knowing(&over(Wait::Cart), &nothing()).decided().0;
    assert_eq!(named(&after), ["cart_silent cart"]);
    assert_eq!(lines_of("atlas").len(), 2);
}

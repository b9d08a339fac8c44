//! Quotes: exactly what is sold at exactly its price, or every problem at once.

use base_money::{Currency, Money};
use cell_kernel::story::House;
use cell_words::ProductId;

use super::{
    atlas, mad,
    shop::{call, sell, shop, terms},
    tenant, text,
};
use crate::{Event, Offers, Terms, wire};

/// Products that everybody knows.
fn eans() -> [ProductId; 4] {
    ["9789954900000", "9789954900017", "9789954900024", "9789954900031"].map(text)
}

/// Atlas with `b-0`, `b-1` … on products, at 49.00 MAD each; they are published up to the given number.
fn market(published: usize, terms: Option<Terms>) -> House<Offers> {
    let known = eans().into_iter().enumerate().map(|(at, ean)| (ean, at < published));
    let mut shop = shop(&known.collect::<Vec<_>>(), terms);
    for (number, ean) in eans().iter().enumerate() {
        sell(&mut shop, &format!("b-{number}"), ean, ("MAD", 4_900));
    }
    shop
}

fn line(offer: &str, minor: i64) -> wire::QuoteLine {
    let price_seen = Some(wire::Money { currency: "MAD".to_owned(), minor });
    wire::QuoteLine { offer: offer.to_owned(), quantity: 2, price_seen }
}

fn question(lines: Vec<wire::QuoteLine>) -> wire::QuoteOffers {
    wire::QuoteOffers {
        quote: "q1".to_owned(),
        reply_tenant: "users/leila".to_owned(),
        reply_service: "checkout".to_owned(),
        lines,
    }
}

fn ask(shop: &mut House<Offers>, lines: Vec<wire::QuoteLine>) -> Vec<Event> {
    let from = text("users/leila/checkout/c1");
    shop.tell(&atlas(), &from, &question(lines)).unwrap()
}

fn problems(events: &[Event]) -> Vec<(&str, &str)> {
    let [Event::QuoteRefused { problems, .. }] = events else { panic!("{events:?}") };
    problems.iter().map(|problem| (problem.code.as_str(), problem.field.as_str())).collect()
}

#[test]
fn a_quote_freezes_price_title_commission_and_delivery() {
    let mut market = market(2, Some(terms(None)));
    let events = ask(&mut market, vec![line("b-0", 4_900), line("b-1", 4_900)]);
    let [Event::QuoteGiven { lines, commission_basis_points, delivery_fee, .. }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((*commission_basis_points, *delivery_fee), (1_000, mad(2_500)));
    assert_eq!((lines.len(), lines[0].quantity, lines[0].price), (2, 2, mad(4_900)));
    assert_eq!(lines[0].title.fr.as_str(), "Les Mérinides");
    let told = market.told::<wire::OffersQuoted>();
    let [(told, quoted)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&told.to, told.service.as_str()), (&tenant("users/leila"), "checkout"));
    assert_eq!((quoted.vendor.as_str(), quoted.lines.len()), ("vendors/atlas", 2));
    assert_eq!(ask(&mut market, vec![line("b-0", 4_900)]), [], "asked again, told before");
}

#[test]
fn everything_that_stands_in_the_way_is_told_at_once() {
    let mut market = market(3, Some(terms(None)));
    let pause = wire::PauseOfferRequest { name: "vendors/atlas/offers/b-1".to_owned() };
    call::<_, wire::Offer>(&mut market, "PauseOffer", &pause).unwrap();
    let asked = [("b-0", 4_800), ("b-1", 4_900), ("b-2", 4_900), ("b-3", 4_900), ("gone", 4_900)];
    let events = ask(&mut market, asked.map(|(offer, minor)| line(offer, minor)).to_vec());
    let expected = [
        ("price_changed", "b-0"),
        ("offer_not_sold", "b-1"),
        ("product_not_published", "b-3"),
        ("offer_not_sold", "gone"),
    ];
    assert_eq!(problems(&events), expected);
    let told = market.told::<wire::OffersNotQuoted>();
    assert_eq!(told.iter().map(|(_, no)| no.problems.len()).collect::<Vec<_>>(), [4]);
}

#[test]
fn a_closed_seller_quotes_nothing() {
    for because in ["onboarding", "suspended", "terminated", "holiday"] {
        let mut market = market(1, Some(terms(Some(because))));
        let events = ask(&mut market, vec![line("b-0", 4_900)]);
        assert_eq!(problems(&events), [("seller_closed", "vendors/atlas")], "{because}");
    }
    let events = ask(&mut market(1, None), vec![line("b-0", 4_900)]);
    assert_eq!(problems(&events), [("seller_closed", "vendors/atlas")], "nobody sells here");
}

#[test]
fn a_quote_has_one_currency_and_that_currencys_delivery_fee() {
    let dinars = |offer: &str| wire::QuoteLine {
        offer: offer.to_owned(),
        quantity: 1,
        price_seen: Some(wire::Money { currency: "TND".to_owned(), minor: 33_333 }),
    };
    let tunis = || {
        let mut market = market(4, Some(terms(None)));
        sell(&mut market, "tunis", &eans()[0], ("TND", 33_333));
        market
    };
    let events = ask(&mut tunis(), vec![line("b-0", 4_900), dinars("tunis")]);
    assert_eq!(problems(&events), [("offer_not_sold", "tunis")]);
    let events = ask(&mut tunis(), vec![dinars("tunis")]);
    let [Event::QuoteGiven { delivery_fee, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(*delivery_fee, Money::zero(Currency::TND));
}

#[test]
fn a_question_that_makes_no_sense_is_not_heard() {
    let market = market(1, Some(terms(None)));
    let from = text("users/leila/checkout/c1");
    let heard = |asked: &wire::QuoteOffers| market.understands(&from, asked);
    assert!(heard(&question(vec![line("b-0", 4_900)])));
    let none = wire::QuoteLine { quantity: 0, ..line("b-0", 1) };
    let unseen = wire::QuoteLine { price_seen: None, ..line("b-0", 1) };
    for lines in [vec![], vec![none], vec![unseen], vec![line("B 0", 1)], vec![line("b-0", 1); 201]]
    {
        assert!(!heard(&question(lines)));
    }
    let good = question(vec![line("b-0", 4_900)]);
    assert!(!heard(&wire::QuoteOffers { reply_service: "mail".to_owned(), ..good }));
}

//! Quotes: exactly what is sold at exactly its price, or every problem at once.

use base_money::Money;

use super::{atlas, house::House, manager_of, numbered, operator, tenant, wire_details};
use crate::{Event, command::ProductId, wire};

/// Atlas, open, with `b-0`, `b-1` … on published products, at 49.00 MAD each.
fn market(offers: u32) -> House {
    let mut house = House::new();
    let vendor = atlas();
    house.seller(&vendor, "");
    for number in 0..offers {
        let product = numbered(number);
        sell(&mut house, &format!("b-{number}"), &product, "MAD", 4_900);
        publish(&mut house, &product);
    }
    house
}

fn sell(house: &mut House, sku: &str, product: &ProductId, currency: &str, minor: i64) {
    let create = wire::CreateOfferRequest {
        parent: "vendors/atlas".to_owned(),
        sku: sku.to_owned(),
        product: product.to_string(),
        price: Some(wire::Money { currency: currency.to_owned(), minor }),
        details: Some(wire_details("Les Mérinides")),
        ..Default::default()
    };
    let made =
        house.call::<_, wire::Offer>(&atlas(), &manager_of(&atlas()), "CreateOffer", &create);
    made.unwrap();
    house.settle();
}

fn publish(house: &mut House, product: &ProductId) {
    let publish = wire::PublishProductRequest { name: product.record() };
    house
        .call::<_, wire::Product>(&product.shard(), &operator(), "PublishProduct", &publish)
        .unwrap();
}

fn line(offer: &str, minor: i64) -> wire::QuoteLine {
    let price_seen = Some(wire::Money { currency: "MAD".to_owned(), minor });
    wire::QuoteLine { offer: offer.to_owned(), quantity: 2, price_seen }
}

fn ask(house: &mut House, lines: Vec<wire::QuoteLine>) -> Vec<Event> {
    let message = wire::QuoteOffers {
        quote: "q1".to_owned(),
        reply_tenant: "users/leila".to_owned(),
        reply_service: "checkout".to_owned(),
        lines,
    };
    let body = prost::Message::encode_to_vec(&message);
    let from = "users/leila/checkout/c1".parse().unwrap();
    let kind = "souk.products.v1.QuoteOffers".to_owned();
    let mail = super::house::Mail { to: atlas(), kind, body, from, version: base_ids::Version(1) };
    let before = house.histories("quote-").first().map_or(0, |(_, history)| history.len());
    house.hear(&mail);
    house.histories("quote-")[0].1[before..].to_vec()
}

fn problems(events: &[Event]) -> Vec<(&str, &str)> {
    let [Event::QuoteRefused { problems, .. }] = events else { panic!("{events:?}") };
    problems.iter().map(|problem| (problem.code.as_str(), problem.field.as_str())).collect()
}

#[test]
fn a_quote_freezes_price_title_commission_and_delivery() {
    let mut house = market(2);
    let events = ask(&mut house, vec![line("b-0", 4_900), line("b-1", 4_900)]);
    let [Event::QuoteGiven { lines, commission_basis_points, delivery_fee, .. }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((*commission_basis_points, *delivery_fee), (1_000, super::mad(2_500)));
    assert_eq!((lines.len(), lines[0].quantity, lines[0].price), (2, 2, super::mad(4_900)));
    assert_eq!(lines[0].title.fr.as_str(), "Les Mérinides");
    let (to, service, kind, _) = house.told.last().unwrap();
    assert_eq!((to, *service), (&tenant("users/leila"), "checkout"));
    assert_eq!(kind, "souk.products.v1.OffersQuoted");
    assert_eq!(ask(&mut house, vec![line("b-0", 4_900)]), [], "asked again, told before");
}

#[test]
fn everything_that_stands_in_the_way_is_told_at_once() {
    let mut house = market(4);
    let caller = manager_of(&atlas());
    let name = |sku: &str| format!("vendors/atlas/offers/{sku}");
    let pause = wire::PauseOfferRequest { name: name("b-1") };
    house.call::<_, wire::Offer>(&atlas(), &caller, "PauseOffer", &pause).unwrap();
    let withdrawn = wire::WithdrawCatalogProductRequest {
        product: numbered(2).to_string(),
        reason: "recalled".to_owned(),
    };
    house
        .call::<_, wire::Product>(&atlas(), &operator(), "WithdrawCatalogProduct", &withdrawn)
        .unwrap();
    let lines = vec![
        line("b-0", 4_800),
        line("b-1", 4_900),
        line("b-2", 4_900),
        line("b-3", 4_900),
        line("gone", 4_900),
    ];
    let events = ask(&mut house, lines);
    let expected = [
        ("price_changed", "b-0"),
        ("offer_not_sold", "b-1"),
        ("product_not_published", "b-2"),
        ("offer_not_sold", "gone"),
    ];
    assert_eq!(problems(&events), expected);
}

#[test]
fn a_closed_seller_quotes_nothing() {
    for because in ["onboarding", "suspended", "terminated", "holiday"] {
        let mut house = market(1);
        house.seller(&atlas(), because);
        let events = ask(&mut house, vec![line("b-0", 4_900)]);
        assert_eq!(problems(&events), [("seller_closed", "vendors/atlas")], "{because}");
    }
    let mut house = market(1);
    house.terms.clear();
    let events = ask(&mut house, vec![line("b-0", 4_900)]);
    assert_eq!(problems(&events), [("seller_closed", "vendors/atlas")], "nobody sells here");
}

#[test]
fn a_quote_has_one_currency_and_that_currencys_delivery_fee() {
    let mut house = market(1);
    let product = numbered(9);
    sell(&mut house, "tunis", &product, "TND", 33_333);
    publish(&mut house, &product);
    let dinars = wire::Money { currency: "TND".to_owned(), minor: 33_333 };
    let tunis = || wire::QuoteLine {
        offer: "tunis".to_owned(),
        quantity: 1,
        price_seen: Some(dinars.clone()),
    };
    let events = ask(&mut house, vec![line("b-0", 4_900), tunis()]);
    assert_eq!(problems(&events), [("offer_not_sold", "tunis")]);
    let mut house = market(0);
    sell(&mut house, "tunis", &product, "TND", 33_333);
    publish(&mut house, &product);
    let events = ask(&mut house, vec![tunis()]);
    let [Event::QuoteGiven { delivery_fee, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(*delivery_fee, Money::zero(base_money::Currency::TND));
}

#[test]
fn a_question_that_makes_no_sense_is_not_heard() {
    let house = market(1);
    let spec = crate::spec(house.reading(), std::sync::Arc::new(Nobody));
    let from = "users/leila/checkout/c1".parse().unwrap();
    let good = wire::QuoteOffers {
        quote: "q1".to_owned(),
        reply_tenant: "users/leila".to_owned(),
        reply_service: "checkout".to_owned(),
        lines: vec![line("b-0", 4_900)],
    };
    let heard = |message: &wire::QuoteOffers| {
        let body = prost::Message::encode_to_vec(message);
        let heard = cell_kernel::Heard {
            id: base_ids::MessageId::derived(&from, base_ids::Version(1), 0),
            kind: "souk.products.v1.QuoteOffers",
            body: &body,
            from: &from,
            version: base_ids::Version(1),
            at: base_time::Timestamp::default(),
        };
        spec.listener().hear(&heard).unwrap().is_ok()
    };
    assert!(heard(&good));
    let none = wire::QuoteLine { quantity: 0, ..line("b-0", 1) };
    let unseen = wire::QuoteLine { price_seen: None, ..line("b-0", 1) };
    for lines in [vec![], vec![none], vec![unseen], vec![line("B 0", 1)], vec![line("b-0", 1); 201]]
    {
        assert!(!heard(&wire::QuoteOffers { lines, ..good.clone() }));
    }
    assert!(!heard(&wire::QuoteOffers { reply_service: "mail".to_owned(), ..good.clone() }));
}

struct Nobody;

impl crate::SellerTerms for Nobody {
    fn terms_of<'a>(
        &'a self,
        _: &'a base_ids::Tenant,
    ) -> cell_kernel::Answer<'a, Option<crate::Terms>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

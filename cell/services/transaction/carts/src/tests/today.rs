//! Stories of a cart read on another day: it tells what has changed, and what can still be bought.

use std::sync::Arc;

use base_ids::{Tenant, Version};
use cell_kernel::{Answer, Reading, RowBytes, RowSource, Table};

use super::{added, id, item, leila, mad, offer, opened, tenant};
use crate::{
    OfferNow, OffersOf,
    command::Item,
    facts::{Availability, Selling},
    view::{Basket, Today, read_today},
};

struct OneCart(Vec<u8>);

impl RowSource for OneCart {
    fn row<'a>(
        &'a self,
        _: Table,
        _: Option<&'a Tenant>,
        key: &'a str,
    ) -> Answer<'a, Option<RowBytes>> {
        let row = (key == "main").then(|| RowBytes {
            key: key.to_owned(),
            version: Version(4),
            row: self.0.clone(),
        });
        Box::pin(std::future::ready(Ok(row)))
    }

    fn rows<'a>(
        &'a self,
        _: Table,
        _: Option<&'a Tenant>,
        _: &'a str,
        _: Option<&'a str>,
        _: usize,
        _: bool,
    ) -> Answer<'a, Vec<RowBytes>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

struct Offers(Vec<OfferNow>);

impl OffersOf for Offers {
    fn offers_of<'a>(&'a self, items: &'a [Item]) -> Answer<'a, Vec<OfferNow>> {
        let known = self.0.iter().filter(|offer| items.contains(&offer.item)).cloned().collect();
        Box::pin(std::future::ready(Ok(known)))
    }
}

/// Everything here is ready at once: one poll suffices.
fn read(cart: &str, offers: Vec<OfferNow>) -> Today {
    let (dear, few, gone, closed) = items();
    let story = leila().given([
        opened(1),
        added(&dear, 2, 5000),
        added(&few, 3, 100),
        added(&gone, 1, 300),
        added(&closed, 1, 700),
    ]);
    let row = serde_json::to_vec(&Basket::of(story.state())).unwrap();
    let (reading, offers) = (Reading::new(Arc::new(OneCart(row))), Offers(offers));
    let (user, cart) = (tenant("users/leila"), id(cart));
    let mut answer = Box::pin(read_today(&reading, &offers, &user, &cart));
    let mut nobody = std::task::Context::from_waker(std::task::Waker::noop());
    match answer.as_mut().poll(&mut nobody) {
        std::task::Poll::Ready(today) => today.unwrap(),
        std::task::Poll::Pending => panic!("nothing here waits"),
    }
}

fn items() -> (Item, Item, Item, Item) {
    (item("atlas", "dear"), item("atlas", "few"), item("rif", "gone"), item("sous", "closed"))
}

#[test]
fn each_line_tells_what_stands_in_its_way() {
    let (dear, few, _, closed) = items();
    let today = read(
        "main",
        vec![
            offer(&dear, 5500),
            OfferNow { availability: Availability::Few(2), ..offer(&few, 100) },
            OfferNow {
                selling: Selling::SellerClosed("holiday".to_owned()),
                ..offer(&closed, 700)
            },
        ],
    );
    let problems: Vec<String> = today
        .problems()
        .iter()
        .map(|problem| format!("{} {}: {}", problem.code, problem.subject, problem.text))
        .collect();
    assert_eq!(
        problems,
        [
            "price_changed vendors/atlas/offers/dear: the price was 50.00 MAD and is 55.00 MAD now; accept today's prices to buy it",
            "out_of_stock vendors/atlas/offers/few: only 2 are left; want fewer",
            "offer_not_sold vendors/rif/offers/gone: it is not sold any more; take it out",
            "seller_closed vendors/sous/offers/closed: the shop is closed (holiday); take it out",
        ]
    );
}

#[test]
fn totals_are_of_what_can_be_bought_at_todays_prices() {
    let (dear, few, gone, closed) = items();
    let today = read(
        "main",
        vec![offer(&dear, 5500), offer(&few, 100), offer(&gone, 300), offer(&closed, 700)],
    );
    let totals: Vec<_> = today
        .totals()
        .unwrap()
        .into_iter()
        .map(|(vendor, total, lines)| (vendor.id().to_owned(), total, lines))
        .collect();
    assert_eq!(
        totals,
        [
            ("atlas".to_owned(), mad(11_300), 2),
            ("rif".to_owned(), mad(300), 1),
            ("sous".to_owned(), mad(700), 1),
        ]
    );
    assert_eq!(today.version, Version(4));
}

#[test]
fn a_cart_that_was_never_used_is_empty() {
    let today = read("other", Vec::new());
    assert_eq!((today.basket, today.version), (Basket::default(), Version(0)));
}

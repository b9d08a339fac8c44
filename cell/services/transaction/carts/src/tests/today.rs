//! Stories of a cart read on another day: it tells what has changed, and what can still be bought.

use base_ids::Version;
use cell_kernel::{
    Answer,
    story::{RowsInMemory, at_once, now},
};

use super::{added, id, item, leila, mad, offer, opened, tenant};
use crate::{
    Carts as Rules, OfferNow, OffersOf,
    command::Item,
    facts::{Availability, Selling},
    view::{Basket, Carts, Today, read_today},
};

struct Offers(Vec<OfferNow>);

impl OffersOf for Offers {
    fn offers_of<'a>(&'a self, items: &'a [Item]) -> Answer<'a, Vec<OfferNow>> {
        let known = self.0.iter().filter(|offer| items.contains(&offer.item)).cloned().collect();
        at_once(known)
    }
}

fn read(cart: &str, offers: Vec<OfferNow>) -> Today {
    let (dear, few, gone, closed) = items();
    let story = leila().given([
        opened(1),
        added(&dear, 2, 5000),
        added(&few, 3, 100),
        added(&gone, 1, 300),
        added(&closed, 1, 700),
    ]);
    let (user, cart, basket) = (tenant("users/leila"), id(cart), Basket::of(story.state()));
    let rows =
        RowsInMemory::default().with::<Rules, Carts>(&user, "main", Version(4), &basket).reading();
    now(read_today(&rows, &Offers(offers), &user, &cart)).unwrap()
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

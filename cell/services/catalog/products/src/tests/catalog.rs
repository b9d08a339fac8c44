//! The catalogue in every cell: lists, pages, what can be bought, the featured offer, and news that comes late.

use base_ids::Version;
use cell_kernel::{
    Caller,
    story::{code_of, now},
};
use cell_words::Condition;

use super::{atlas, ean, id, manager_of, market::Market, numbered, operator, tenant, wire_details};
use crate::{
    Availability, offer_snapshot,
    wire::{self, availability_changed::Level},
};

fn list(market: &mut Market, caller: &Caller, ask: &wire::ListProductsRequest) -> Vec<String> {
    let page: wire::ListProductsResponse =
        market.house.call(&tenant("users/leila"), caller, "ListProducts", ask).unwrap();
    page.products.into_iter().map(|product| product.product).collect()
}

#[test]
fn products_are_listed_by_language_and_subject_page_by_page() {
    let mut market = Market::new();
    for number in 0..30 {
        let language = ["ar", "fr", "en"][number as usize % 3];
        let subject = ["history", "law"][number as usize % 2];
        market.add(&numbered(number), language, subject, number < 24);
    }
    let anyone = Caller::anonymous();
    let ask = |language: &str, subject: &str| wire::ListProductsRequest {
        language: language.to_owned(),
        subject: subject.to_owned(),
        ..Default::default()
    };
    assert_eq!(list(&mut market, &anyone, &ask("", "")).len(), 24);
    assert_eq!(list(&mut market, &anyone, &ask("ar", "")).len(), 8);
    assert_eq!(list(&mut market, &anyone, &ask("", "law")).len(), 12);
    let both = list(&mut market, &anyone, &ask("fr", "law"));
    assert_eq!(both, [1, 7, 13, 19].map(|number| numbered(number).to_string()));
    let mut all = Vec::new();
    let mut token = String::new();
    loop {
        let ask =
            wire::ListProductsRequest { page_size: 7, page_token: token, ..Default::default() };
        let page: wire::ListProductsResponse =
            market.house.call(&tenant("users/leila"), &anyone, "ListProducts", &ask).unwrap();
        all.extend(page.products.into_iter().map(|product| product.product));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(all, (0..24).map(|number| numbered(number).to_string()).collect::<Vec<_>>());
    let waiting =
        wire::ListProductsRequest { state: wire::State::Proposed.into(), ..Default::default() };
    assert_eq!(list(&mut market, &operator(), &waiting).len(), 6, "the operators' queue");
    let leila = Caller::shopper(tenant("users/leila"));
    let no = market.house.call::<_, wire::ListProductsResponse>(
        &tenant("users/leila"),
        &leila,
        "ListProducts",
        &waiting,
    );
    assert_eq!(code_of(no), "forbidden");
    let no = market.house.call::<_, wire::ListProductsResponse>(
        &tenant("users/leila"),
        &anyone,
        "ListProducts",
        &ask("de", ""),
    );
    assert_eq!(code_of(no), "invalid_field language");
}

#[test]
fn what_is_not_published_is_seen_by_insiders_only() {
    let mut market = Market::new();
    market.add(&ean(), "fr", "history", false);
    let get = wire::GetProductRequest { product: ean().to_string() };
    let anyone = Caller::anonymous();
    let no = market.house.call::<_, wire::CatalogProduct>(
        &tenant("users/x"),
        &anyone,
        "GetProduct",
        &get,
    );
    assert_eq!(code_of(no), "not_found");
    assert_eq!(market.page(&operator()).state(), wire::State::Proposed);
    assert_eq!(market.page(&manager_of(&atlas())).product, ean().to_string());
}

#[test]
fn only_an_active_offer_in_stock_of_an_open_seller_on_a_published_product_can_be_bought() {
    let mut market = Market::new();
    market.add(&ean(), "fr", "history", true);
    let anyone = Caller::anonymous();
    let buyable = |market: &mut Market| {
        let offers = market.page(&anyone).offers;
        offers.first().map(|offer| (offer.buyable, offer.featured))
    };
    assert_eq!(buyable(&mut market), None, "nobody sells it");
    market.offer("vendors/atlas", Condition::New, ("MAD", 4_900), true);
    assert_eq!(buyable(&mut market), Some((false, false)), "nobody knows the seller");
    market.seller(&atlas(), "");
    assert_eq!(buyable(&mut market), Some((false, false)), "nothing was ever stocked");
    market.stock(&atlas(), Level::Few);
    assert_eq!(buyable(&mut market), Some((true, true)));
    market.seller(&atlas(), "suspended");
    assert_eq!(buyable(&mut market), Some((false, false)));
    market.seller(&atlas(), "");
    market.stock(&atlas(), Level::None);
    assert_eq!(buyable(&mut market), Some((false, false)));
    market.stock(&atlas(), Level::Plenty);
    assert_eq!(buyable(&mut market), Some((true, true)));
    market.offer("vendors/atlas", Condition::New, ("MAD", 4_900), false);
    assert_eq!(buyable(&mut market), None, "a paused offer is not shown");
    let found = now(offer_snapshot(&market.house.reading(), &atlas(), &id("b-1")));
    let found = found.unwrap().unwrap();
    assert_eq!((found.active, found.published, found.closed_because), (false, true, None));
    assert_eq!(found.availability, Availability::Plenty, "a cart still hears all of it");
}

#[test]
fn the_cheapest_new_offer_that_can_be_bought_is_featured_in_its_currency() {
    let mut market = Market::new();
    market.add(&ean(), "fr", "history", true);
    let offers = [
        ("vendors/a", Condition::New, "MAD", 5_000, ""),
        ("vendors/b", Condition::New, "MAD", 4_000, "suspended"),
        ("vendors/c", Condition::Good, "MAD", 3_000, ""),
        ("vendors/d", Condition::New, "TND", 9_000, ""),
        ("vendors/e", Condition::New, "MAD", 4_500, ""),
    ];
    for (vendor, condition, currency, minor, closed) in offers {
        market.offer(vendor, condition, (currency, minor), true);
        market.seller(&tenant(vendor), closed);
        market.stock(&tenant(vendor), Level::Plenty);
    }
    let offers = market.page(&Caller::anonymous()).offers;
    let shown: Vec<(&str, bool, bool)> =
        offers.iter().map(|offer| (offer.vendor.as_str(), offer.buyable, offer.featured)).collect();
    let expected = [
        ("vendors/c", true, false),
        ("vendors/e", true, true),
        ("vendors/a", true, false),
        ("vendors/d", true, true),
        ("vendors/b", false, false),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn news_that_comes_late_or_twice_changes_nothing() {
    let mut market = Market::new();
    market.add(&ean(), "fr", "history", true);
    let told = |state: wire::State, subject: &str| wire::ProductPublished {
        name: ean().record(),
        product: ean().to_string(),
        state: state.into(),
        title: wire_details("Livre").title,
        authors: vec!["Aya".to_owned()],
        language: "fr".to_owned(),
        subject: subject.to_owned(),
        format: "pocket".to_owned(),
        revision: 1,
        ..Default::default()
    };
    let (newest, stream) = (market.replicas(), market.house.histories("product-")[0].0.clone());
    for version in [1, 2] {
        market.house.publish(&stream, Version(version), &told(wire::State::Proposed, "law"));
        assert_eq!(market.replicas(), newest, "version {version} is known");
    }
    market.house.publish(&stream, Version(9), &told(wire::State::Withdrawn, "law"));
    let rows = market.replicas().into_iter();
    let keys: Vec<String> =
        rows.filter(|(table, ..)| *table == "product_index").map(|(_, key, _)| key).collect();
    let expected = [
        format!("all/withdrawn/{}", ean()),
        format!("both/withdrawn/fr/law/{}", ean()),
        format!("language/withdrawn/fr/{}", ean()),
        format!("of/{}", ean()),
        format!("subject/withdrawn/law/{}", ean()),
    ];
    assert_eq!(keys, expected, "listed under what it is now and nothing else");
}

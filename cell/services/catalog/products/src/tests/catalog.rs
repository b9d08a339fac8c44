//! The catalogue in every cell: lists, pages, what can be bought, the featured offer, and news that comes late.

use base_ids::Version;
use cell_kernel::Caller;
use prost::Message as _;

use super::{
    atlas, ean,
    house::{House, code_of, now},
    manager_of, numbered, operator, tenant, wire_details,
};
use crate::{
    command::{Condition, ProductId},
    view::snapshot::{Availability, offer_snapshot},
    wire::{self, availability_changed::Level},
};

fn add(house: &mut House, product: &ProductId, language: &str, subject: &str, publish: bool) {
    let details = wire::ProductDetails {
        language: language.to_owned(),
        subject: subject.to_owned(),
        ..wire_details("Livre")
    };
    let add =
        wire::AddProductRequest { product: product.to_string(), details: Some(details), publish };
    house.call::<_, wire::Product>(&atlas(), &operator(), "AddProduct", &add).unwrap();
}

fn list(house: &mut House, caller: &Caller, ask: &wire::ListProductsRequest) -> Vec<String> {
    let page: wire::ListProductsResponse =
        house.call(&tenant("users/leila"), caller, "ListProducts", ask).unwrap();
    page.products.into_iter().map(|product| product.product).collect()
}

fn sell(house: &mut House, vendor: &str, condition: Condition, currency: &str, minor: i64) {
    let vendor = tenant(vendor);
    let create = wire::CreateOfferRequest {
        parent: vendor.to_string(),
        sku: "b-1".to_owned(),
        product: ean().to_string(),
        condition: <&str>::from(condition).to_owned(),
        price: Some(wire::Money { currency: currency.to_owned(), minor }),
        details: None,
    };
    let made = house.call::<_, wire::Offer>(&vendor, &manager_of(&vendor), "CreateOffer", &create);
    made.unwrap();
}

fn page(house: &mut House, caller: &Caller) -> wire::CatalogProduct {
    let get = wire::GetProductRequest { product: "978-9954-90-000-0".to_owned() };
    house.call(&tenant("users/leila"), caller, "GetProduct", &get).unwrap()
}

#[test]
fn products_are_listed_by_language_and_subject_page_by_page() {
    let mut house = House::new();
    for number in 0..30 {
        let language = ["ar", "fr", "en"][number as usize % 3];
        let subject = ["history", "law"][number as usize % 2];
        add(&mut house, &numbered(number), language, subject, number < 24);
    }
    let anyone = Caller::anonymous();
    let ask = |language: &str, subject: &str| wire::ListProductsRequest {
        language: language.to_owned(),
        subject: subject.to_owned(),
        ..Default::default()
    };
    assert_eq!(list(&mut house, &anyone, &ask("", "")).len(), 24);
    assert_eq!(list(&mut house, &anyone, &ask("ar", "")).len(), 8);
    assert_eq!(list(&mut house, &anyone, &ask("", "law")).len(), 12);
    let both = list(&mut house, &anyone, &ask("fr", "law"));
    assert_eq!(both, [1, 7, 13, 19].map(|number| numbered(number).to_string()));
    let mut all = Vec::new();
    let mut token = String::new();
    loop {
        let ask =
            wire::ListProductsRequest { page_size: 7, page_token: token, ..Default::default() };
        let page: wire::ListProductsResponse =
            house.call(&tenant("users/leila"), &anyone, "ListProducts", &ask).unwrap();
        all.extend(page.products.into_iter().map(|product| product.product));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(all, (0..24).map(|number| numbered(number).to_string()).collect::<Vec<_>>());
    let waiting =
        wire::ListProductsRequest { state: wire::State::Proposed.into(), ..Default::default() };
    assert_eq!(list(&mut house, &operator(), &waiting).len(), 6, "the operators' queue");
    let leila = Caller::shopper(tenant("users/leila"));
    let no = house.call::<_, wire::ListProductsResponse>(
        &tenant("users/leila"),
        &leila,
        "ListProducts",
        &waiting,
    );
    assert_eq!(code_of(no), "forbidden");
    let no = house.call::<_, wire::ListProductsResponse>(
        &tenant("users/leila"),
        &anyone,
        "ListProducts",
        &ask("de", ""),
    );
    assert_eq!(code_of(no), "invalid_field language");
}

#[test]
fn what_is_not_published_is_seen_by_insiders_only() {
    let mut house = House::new();
    add(&mut house, &ean(), "fr", "history", false);
    let get = wire::GetProductRequest { product: ean().to_string() };
    let anyone = Caller::anonymous();
    let no = house.call::<_, wire::CatalogProduct>(&tenant("users/x"), &anyone, "GetProduct", &get);
    assert_eq!(code_of(no), "not_found");
    assert_eq!(page(&mut house, &operator()).state(), wire::State::Proposed);
    assert_eq!(page(&mut house, &manager_of(&atlas())).product, ean().to_string());
}

#[test]
fn only_an_active_offer_in_stock_of_an_open_seller_on_a_published_product_can_be_bought() {
    let mut house = House::new();
    add(&mut house, &ean(), "fr", "history", true);
    let anyone = Caller::anonymous();
    let buyable = |house: &mut House| {
        let offers = page(house, &anyone).offers;
        offers.first().map(|offer| (offer.buyable, offer.featured))
    };
    assert_eq!(buyable(&mut house), None, "nobody sells it");
    sell(&mut house, "vendors/atlas", Condition::New, "MAD", 4_900);
    assert_eq!(buyable(&mut house), Some((false, false)), "nobody knows the seller");
    house.seller(&atlas(), "");
    assert_eq!(buyable(&mut house), Some((false, false)), "nothing was ever stocked");
    house.stock(&atlas(), "b-1", Level::Few);
    assert_eq!(buyable(&mut house), Some((true, true)));
    house.seller(&atlas(), "suspended");
    assert_eq!(buyable(&mut house), Some((false, false)));
    house.seller(&atlas(), "");
    house.stock(&atlas(), "b-1", Level::None);
    assert_eq!(buyable(&mut house), Some((false, false)));
    house.stock(&atlas(), "b-1", Level::Plenty);
    assert_eq!(buyable(&mut house), Some((true, true)));
    let pause = wire::PauseOfferRequest { name: "vendors/atlas/offers/b-1".to_owned() };
    house.call::<_, wire::Offer>(&atlas(), &manager_of(&atlas()), "PauseOffer", &pause).unwrap();
    assert_eq!(buyable(&mut house), None, "a paused offer is not shown");
    let found = now(offer_snapshot(&house.reading(), &atlas(), &super::id("b-1")));
    let found = found.unwrap().unwrap();
    assert_eq!((found.active, found.published, found.closed_because), (false, true, None));
    assert_eq!(found.availability, Availability::Plenty, "a cart still hears all of it");
}

#[test]
fn the_cheapest_new_offer_that_can_be_bought_is_featured_in_its_currency() {
    let mut house = House::new();
    add(&mut house, &ean(), "fr", "history", true);
    let market = [
        ("vendors/a", Condition::New, "MAD", 5_000, ""),
        ("vendors/b", Condition::New, "MAD", 4_000, "suspended"),
        ("vendors/c", Condition::Good, "MAD", 3_000, ""),
        ("vendors/d", Condition::New, "TND", 9_000, ""),
        ("vendors/e", Condition::New, "MAD", 4_500, ""),
    ];
    for (vendor, condition, currency, minor, closed) in market {
        sell(&mut house, vendor, condition, currency, minor);
        house.seller(&tenant(vendor), closed);
        house.stock(&tenant(vendor), "b-1", Level::Plenty);
    }
    let offers = page(&mut house, &Caller::anonymous()).offers;
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
    let mut house = House::new();
    add(&mut house, &ean(), "fr", "history", true);
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
    let (newest, stream) = (house.replicas(), house.histories("product-")[0].0.clone());
    let kind = "souk.products.v1.ProductPublished";
    for version in [1, 2] {
        let old = told(wire::State::Proposed, "law").encode_to_vec();
        house.publish(kind, &old, &stream, Version(version));
        assert_eq!(house.replicas(), newest, "version {version} is known");
    }
    house.publish(kind, &told(wire::State::Withdrawn, "law").encode_to_vec(), &stream, Version(9));
    let keys: Vec<String> = house
        .replicas()
        .into_keys()
        .filter(|(table, _)| *table == "product_index")
        .map(|(_, key)| key)
        .collect();
    let expected = [
        format!("all/withdrawn/{}", ean()),
        format!("both/withdrawn/fr/law/{}", ean()),
        format!("language/withdrawn/fr/{}", ean()),
        format!("of/{}", ean()),
        format!("subject/withdrawn/law/{}", ean()),
    ];
    assert_eq!(keys, expected, "listed under what it is now and nothing else");
}

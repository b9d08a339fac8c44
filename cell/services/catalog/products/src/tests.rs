//! The stories that prove products, and the laws they keep.

mod catalog;
mod house;
mod imports;
mod laws;
mod lines;
mod numbers;
mod offers;
mod quotes;
mod records;

use base_ids::{ResourceId, Tenant};
use base_money::{Currency, Money};
use cell_kernel::{
    Caller, VendorRole,
    story::{Story, story},
};

use crate::{
    Command, Event, Products,
    command::{Condition, Details, Draft, OfferAsk, Price, ProductAsk, ProductId},
    wire,
};

const EAN: &str = "9789954900000";

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn tenant(name: &str) -> Tenant {
    text(name)
}

fn id(name: &str) -> ResourceId {
    text(name)
}

fn ean() -> ProductId {
    numbered(0)
}

/// The product of this number of the sample block, with its check digit.
fn numbered(number: u32) -> ProductId {
    let body = format!("978995490{number:03}");
    let mut digits = (0..10).map(|check| format!("{body}{check}"));
    digits.find_map(|digits| digits.parse().ok()).unwrap()
}

fn mad(minor: i64) -> Money {
    Money::new(Currency::MAD, minor)
}

fn price(minor: i64) -> Price {
    mad(minor).try_into().unwrap()
}

fn wire_details(title: &str) -> wire::ProductDetails {
    wire::ProductDetails {
        title: Some(wire::LocalText { fr: title.to_owned(), ..wire::LocalText::default() }),
        authors: vec!["Aya Idrissi".to_owned()],
        language: "fr".to_owned(),
        publisher: "Dar Argan".to_owned(),
        year: 2020,
        subject: "history".to_owned(),
        format: "paperback".to_owned(),
        pages: 210,
        weight_grams: 330,
    }
}

fn details(title: &str) -> Box<Details> {
    Box::new(Details::read(&wire_details(title)).unwrap())
}

fn atlas() -> Tenant {
    tenant("vendors/atlas")
}

fn manager_of(vendor: &Tenant) -> Caller {
    Caller::vendor(tenant("users/leila"), vendor.clone(), VendorRole::Manager)
}

fn operator() -> Caller {
    Caller::operator(tenant("users/omar"))
}

/// A story about the record of [`EAN`], at its home.
fn record() -> Story<Products> {
    story(ean().shard().as_str())
}

fn proposed() -> Event {
    let by = Some(atlas());
    Event::ProductProposed { product: ean(), details: details("Les Mérinides"), by }
}

fn of_record(ask: ProductAsk) -> Command {
    Command::Product { product: ean(), ask }
}

fn draft(minor: i64) -> Draft {
    Draft { product: ean(), condition: Condition::New, price: price(minor), details: None }
}

fn of_offer(ask: OfferAsk) -> Command {
    Command::Offer { offer: id("b-1"), ask }
}

fn created(minor: i64) -> Event {
    Event::OfferCreated {
        offer: id("b-1"),
        product: ean(),
        condition: Condition::New,
        price: price(minor),
        proposes: None,
        stock: None,
    }
}

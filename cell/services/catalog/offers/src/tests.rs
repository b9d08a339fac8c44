//! The stories that prove offers, and the laws they keep.

mod imported;
mod laws;
mod offers;
mod quotes;
mod shop;

use base_ids::{ResourceId, Tenant};
use base_money::{Currency, Money};
use cell_words::{Condition, Details, Price, ProductId, offer::Draft};

use crate::{Command, Event, command::Ask, wire};

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn tenant(name: &str) -> Tenant {
    text(name)
}

fn id(name: &str) -> ResourceId {
    text(name)
}

fn atlas() -> Tenant {
    tenant("vendors/atlas")
}

/// A product that everybody knows.
fn ean() -> ProductId {
    text("9789954900000")
}

fn mad(minor: i64) -> Money {
    Money::new(Currency::MAD, minor)
}

fn price(minor: i64) -> Price {
    mad(minor).try_into().unwrap()
}

fn wire_details() -> wire::ProductDetails {
    wire::ProductDetails {
        title: Some(wire::LocalText { fr: "Les Mérinides".to_owned(), ..Default::default() }),
        authors: vec!["Aya Idrissi".to_owned()],
        language: "fr".to_owned(),
        subject: "history".to_owned(),
        format: "paperback".to_owned(),
        ..wire::ProductDetails::default()
    }
}

fn details() -> Box<Details> {
    Box::new(Details::read(&wire_details()).unwrap())
}

fn draft(minor: i64) -> Draft {
    Draft { product: ean(), condition: Condition::New, price: price(minor), details: None }
}

fn of_offer(ask: Ask) -> Command {
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

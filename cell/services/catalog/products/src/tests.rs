//! The stories that prove products, and the laws they keep.

mod catalog;
mod laws;
mod market;
mod records;

use base_ids::{ResourceId, Tenant};
use base_isbn::Ean13;
use cell_kernel::{
    Caller, VendorRole,
    story::{Story, story},
};
use cell_words::{Details, ProductId};

use crate::{Command, Event, Products, command::Ask, wire};

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
    let ean = Ean13::with_check_digit(&format!("978995490{number:03}")).unwrap();
    text(ean.as_str())
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

/// A story about the record of [`ean`], at its home.
fn record() -> Story<Products> {
    story(ean().shard().as_str())
}

fn proposed() -> Event {
    let by = Some(atlas());
    Event::ProductProposed { product: ean(), details: details("Les Mérinides"), by }
}

fn of_record(ask: Ask) -> Command {
    Command { product: ean(), ask }
}

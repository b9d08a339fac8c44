//! Stories of the wire: what is read, what is refused by field, and that a secret stays where it came in.

use std::sync::Arc;

use base_fault::Fault;
use base_ids::{GuestSecret, Version};
use cell_kernel::{
    Answer, Asked, Caller, Done, Method, MethodKind, Words,
    story::{at_once, request},
};

use super::{added, id, item, leila, opened, quantity, tenant};
use crate::{Carts, Command, OfferNow, OffersOf, api, command::Item, wire};

struct Nothing;

impl OffersOf for Nothing {
    fn offers_of<'a>(&'a self, _: &'a [Item]) -> Answer<'a, Vec<OfferNow>> {
        at_once(Vec::new())
    }
}

fn method(name: &str) -> Method<Carts> {
    let full = format!("souk.carts.v1.Carts/{name}");
    let mut methods = api::api(Arc::new(Nothing)).into_methods().into_iter();
    methods.find(|method| method.name == full).expect("a method of the contract")
}

fn read<M: Words>(name: &str, asked: &M) -> Result<Command, Fault> {
    let MethodKind::Command { decode, .. } = method(name).kind else {
        panic!("{name} changes something");
    };
    let caller = Caller::shopper(tenant("users/leila"));
    decode(&request("users/leila", caller), &asked.encode_to_vec())
}

fn wrong_field<M: Words>(name: &str, asked: &M) -> String {
    let fault = read(name, asked).expect_err("it is wrong");
    fault.fields().iter().map(|violation| violation.field.clone()).collect()
}

fn main_cart() -> String {
    "users/leila/carts/main".to_owned()
}

fn add(vendor: &str, offer: &str, quantity: i64) -> wire::AddLineRequest {
    let (vendor, offer) = (vendor.to_owned(), offer.to_owned());
    wire::AddLineRequest { name: main_cart(), vendor, offer, quantity }
}

#[test]
fn one_is_meant_where_no_quantity_is_given() {
    let command = read("AddLine", &add("vendors/atlas", "quran", 0)).unwrap();
    let item = item("atlas", "quran");
    assert_eq!(command, Command::AddLine { cart: id("main"), item, quantity: quantity(1) });
}

#[test]
fn what_is_wrong_is_said_by_field() {
    assert_eq!(wrong_field("AddLine", &add("vendors/atlas", "quran", -1)), "quantity");
    assert_eq!(wrong_field("AddLine", &add("vendors/atlas", "quran", i64::MAX)), "quantity");
    assert_eq!(wrong_field("AddLine", &add("users/atlas", "quran", 1)), "vendor");
    assert_eq!(wrong_field("AddLine", &add("vendors/atlas", "QURAN", 1)), "offer");
    let elsewhere =
        wire::AddLineRequest { name: "users/leila".to_owned(), ..add("vendors/atlas", "quran", 1) };
    assert_eq!(wrong_field("AddLine", &elsewhere), "name");
    let forged = wire::MergeCartRequest { name: main_cart(), guest_secret: "guess".to_owned() };
    assert_eq!(wrong_field("MergeCart", &forged), "guest_secret");
}

#[test]
fn a_guests_secret_proves_whose_cart_it_is_and_is_not_kept() {
    let secret = GuestSecret::of_random(&[7; 32]);
    let guest_secret = secret.as_str().to_owned();
    let merge = wire::MergeCartRequest { name: main_cart(), guest_secret };
    let command = read("MergeCart", &merge).unwrap();
    assert_eq!(command, Command::MergeGuest { cart: id("main"), guest: secret.tenant() });
    let stored = serde_json::to_string(&command).unwrap();
    assert!(!stored.contains(secret.as_str()), "commands are stored: {stored}");
}

#[test]
fn a_change_answers_with_the_cart_after_it() {
    let MethodKind::Command { encode, .. } = method("AddLine").kind else {
        panic!("adding changes something");
    };
    let quran = item("atlas", "quran");
    let story = leila().given([opened(1), added(&quran, 2, 5000)]);
    let caller = Caller::shopper(tenant("users/leila"));
    let asked =
        Asked { tenant: tenant("users/leila"), caller, at: base_time::Timestamp::default() };
    let command = super::add(&quran, 2);
    let done = Done { asked: &asked, command: &command, state: story.state(), version: Version(2) };
    let cart: wire::Cart = read_back(&encode(&done));
    assert_eq!((cart.name, cart.round, cart.revision), (main_cart(), 1, 2));
    assert_eq!(cart.lines[0].total.as_ref().map(|total| total.minor), Some(10_000));
}

fn read_back<M: Words>(bytes: &[u8]) -> M {
    M::decode(bytes).expect("what was written can be read")
}

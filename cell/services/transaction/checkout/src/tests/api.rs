//! Stories of the wire: what is read, what is refused by field, what a buyer sees.

use base_fault::Fault;
use base_ids::Version;
use cell_kernel::{Asked, Caller, Done, Method, MethodKind, Words, story::request};

use super::{at, hear, id, leila, nothing, of, tenant, up_to};
use crate::{
    Checkout, Command, State, api,
    command::{Ask, Payment, PaymentNews, Wait},
    wire::{self, checkout::Status, vendor_share},
};

fn method(name: &str) -> Method<Checkout> {
    let full = format!("souk.checkout.v1.Checkouts/{name}");
    let found = api::api().into_methods().into_iter().find(|method| method.name == full);
    found.expect("a method of the contract")
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

fn shown(state: &State) -> wire::Checkout {
    let MethodKind::Command { encode, .. } = method("CancelCheckout").kind else {
        panic!("cancelling changes something");
    };
    let caller = Caller::shopper(tenant("users/leila"));
    let asked = Asked { tenant: tenant("users/leila"), caller, at: at(9) };
    let command = of(Ask::Cancel);
    let done = Done { asked: &asked, command: &command, state, version: Version(1) };
    read_back(&encode(&done))
}

fn read_back<M: Words>(bytes: &[u8]) -> M {
    M::decode(bytes).expect("what was written can be read")
}

fn named() -> String {
    "users/leila/checkouts/c1".to_owned()
}

fn payment(method: &str, instrument: &str) -> wire::Payment {
    wire::Payment { method: method.to_owned(), instrument: instrument.to_owned() }
}

#[test]
fn a_checkout_starts_with_as_little_as_its_cart() {
    let command = read("StartCheckout", &wire::StartCheckoutRequest::default()).unwrap();
    let Command { checkout, ask: Ask::Start { cart, wishes } } = command else {
        panic!("it starts");
    };
    assert_eq!((checkout, cart), (id("0190ab"), id("main")));
    assert_eq!((wishes.address, wishes.payment, wishes.email), (None, None, None));
    assert_eq!(wishes.locale.to_string(), "fr");
}

#[test]
fn what_is_wrong_is_said_by_field() {
    let start = wire::StartCheckoutRequest::default;
    let bad_cart = wire::StartCheckoutRequest { cart: "MAIN".to_owned(), ..start() };
    assert_eq!(wrong_field("StartCheckout", &bad_cart), "cart");
    let bad_email = wire::StartCheckoutRequest { email: "leila".to_owned(), ..start() };
    assert_eq!(wrong_field("StartCheckout", &bad_email), "email");
    let bad_locale = wire::StartCheckoutRequest { locale: "?".to_owned(), ..start() };
    assert_eq!(wrong_field("StartCheckout", &bad_locale), "locale");
    let address = Some(wire::Address::default());
    let bad_address = wire::StartCheckoutRequest { address, ..start() };
    assert_eq!(wrong_field("StartCheckout", &bad_address), "address.lines");
    let no_address =
        wire::SetAddressRequest { name: named(), ..wire::SetAddressRequest::default() };
    assert_eq!(wrong_field("SetAddress", &no_address), "address");
    let total_max = Some(wire::Money { currency: "XXX".to_owned(), minor: 1 });
    let bad_limit = wire::PlaceCheckoutRequest { name: named(), total_max };
    assert_eq!(wrong_field("PlaceCheckout", &bad_limit), "total_max");
    let elsewhere = wire::CancelCheckoutRequest { name: "users/leila/carts/c1".to_owned() };
    assert_eq!(wrong_field("CancelCheckout", &elsewhere), "name");
}

#[test]
fn a_payment_is_a_token_or_cash() {
    let choose = |method: &str, instrument: &str| wire::ChoosePaymentRequest {
        name: named(),
        payment: Some(payment(method, instrument)),
    };
    let cash = read("ChoosePayment", &choose("cash_on_delivery", "")).unwrap();
    let expected = of(Ask::ChoosePayment { payment: Payment::CashOnDelivery });
    assert_eq!(cash, expected);
    assert!(read("ChoosePayment", &choose("card", "pm_card_visa")).is_ok());
    let wrong = |method, instrument| wrong_field("ChoosePayment", &choose(method, instrument));
    assert_eq!(wrong("card", "4242424242424242"), "payment.instrument");
    assert_eq!(wrong("cash_on_delivery", "pm_card_visa"), "payment.instrument");
    assert_eq!(wrong("cheque", ""), "payment.method");
    let none = wire::ChoosePaymentRequest { name: named(), payment: None };
    assert_eq!(wrong_field("ChoosePayment", &none), "payment");
}

#[test]
fn an_open_checkout_shows_its_prices_before_anybody_is_asked() {
    let open = shown(up_to("Started").state());
    assert_eq!(open.status(), Status::Open);
    assert_eq!(open.goods, open.total);
    assert_eq!(open.goods.map(|goods| goods.minor), Some(11_000));
    let vendors: Vec<_> = open.vendors.iter().map(|v| (v.vendor.as_str(), v.lines.len())).collect();
    assert_eq!(vendors, [("vendors/atlas", 2), ("vendors/rif", 1)]);
    assert!(open.vendors.iter().all(|v| v.state() == vendor_share::State::Listed));
    let bare = super::started_with(crate::command::Wishes {
        address: None,
        payment: None,
        ..super::wishes()
    });
    let missing = shown(leila().given([bare]).state()).problems;
    let codes: Vec<_> = missing.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["address_missing", "payment_missing"]);
}

#[test]
fn a_waiting_checkout_says_for_whom_and_where_to_act() {
    let asking = up_to("StockHeld");
    let asking = shown(asking.state());
    assert_eq!(asking.waiting_for, ["vendors/rif"]);
    let url = "https://bank.example/3ds".to_owned();
    let act = hear(crate::command::News::Payment(PaymentNews::ActionRequired { url }));
    let paying = up_to("PaymentAsked").when_knowing(&act, &nothing()).decided().0;
    let paying = shown(paying.state());
    assert_eq!((paying.status(), paying.ended), (Status::Authorising, false));
    assert_eq!(paying.action_url, "https://bank.example/3ds");
    assert_eq!(paying.waiting_for, ["payment"]);
    assert_eq!(paying.total.map(|total| total.minor), Some(15_000));
    assert_eq!(paying.delivery.map(|delivery| delivery.minor), Some(4_000));
}

#[test]
fn a_completed_checkout_names_its_order_and_a_failed_one_does_not() {
    let done = shown(up_to("Completed").state());
    assert!(done.ended && done.problems.is_empty());
    assert_eq!(
        (done.order.as_str(), done.order_number.as_str()),
        ("users/leila/orders/c1", "S7K2")
    );
    assert!(done.vendors.iter().all(|v| v.state() == vendor_share::State::Sold));
    let give_up = hear(crate::command::News::WaitOver(Wait::GivingUp));
    let undone = up_to("OrderPlaced").when_knowing(&give_up, &nothing()).decided().0;
    let undone = shown(undone.state());
    assert_eq!((undone.status(), undone.order.as_str()), (Status::Undoing, ""));
    assert!(undone.vendors.iter().all(|v| v.state() == vendor_share::State::Released));
}

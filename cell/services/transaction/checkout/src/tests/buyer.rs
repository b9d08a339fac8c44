//! Stories of the buyer: starting, changing, placing, giving up.

use super::{
    address, basket, cart, ended, id, knowing, leila, nothing, of, placed, problem, started,
    started_with, undo, up_to, wishes,
};
use cell_kernel::story::story;

use crate::{
    CartNow, Checkout, Command, Event, Facts, Refusal, Waits,
    command::{Ask, Email, Payment, PostalAddress, Wishes},
    event::{Basket, Ending, Owed},
};

fn place() -> Command {
    of(Ask::Place { total_max: None })
}

fn cancel() -> Command {
    of(Ask::Cancel)
}

fn refresh() -> Command {
    of(Ask::Refresh)
}

fn start() -> Command {
    of(Ask::Start { cart: id("main"), wishes: Box::new(wishes()) })
}

fn codes(refusal: &Refusal) -> Vec<String> {
    cell_kernel::Refusal::problems(refusal).iter().map(|problem| problem.code.clone()).collect()
}

#[test]
fn a_session_starts_from_a_cart_that_can_be_bought() {
    let facts = Facts { cart: Some(cart()), waits: Some(Waits::default()) };
    let closed = knowing(CartNow { open: false, ..cart() });
    leila()
        .when_knowing(&start(), &knowing(CartNow::default()))
        .refused(&Refusal::CartEmpty(id("main")))
        .when_knowing(&start(), &closed)
        .refused(&Refusal::CartNotOpen(id("main")))
        .when_knowing(&start(), &facts)
        .then([started()])
        .when_knowing(&start(), &facts)
        .then_nothing();
}

#[test]
fn a_session_that_never_started_is_not_found() {
    let none = Refusal::CheckoutUnknown(id("c1"));
    leila().when_knowing(&place(), &nothing()).refused(&none);
    leila().when_knowing(&cancel(), &nothing()).refused(&none);
}

#[test]
fn whatever_is_missing_is_listed_at_once() {
    let bare = Wishes { address: None, payment: None, ..wishes() };
    let gone = problem("offer_not_sold", "vendors/rif/offers/c", "it is not sold any more");
    let with_problem = knowing(CartNow { problems: vec![gone], ..cart() });
    let (_, decided) =
        leila().given([started_with(bare)]).when_knowing(&place(), &with_problem).decided();
    assert_eq!(
        codes(&decided.unwrap_err()),
        ["address_missing", "payment_missing", "offer_not_sold"]
    );
}

#[test]
fn a_guest_must_say_how_to_be_reached() {
    let guest = "users/g-yc65fikain43ppnbkq4kyqm65w";
    let silent = PostalAddress { phone: None, ..address() };
    let unreachable = Wishes { address: Some(silent), ..wishes() };
    let (told, decided) = story::<Checkout>(guest)
        .given([started_with(unreachable.clone())])
        .when_knowing(&place(), &knowing(cart()))
        .decided();
    assert_eq!(codes(&decided.unwrap_err()), ["contact_missing"]);
    let email: Email = "Leila@Example.MA".parse().unwrap();
    assert_eq!(email.as_str(), "leila@example.ma");
    let address = unreachable.address.unwrap();
    let set =
        of(Ask::SetAddress { address: Box::new(address.clone()), email: Some(email.clone()) });
    told.when_knowing(&set, &nothing())
        .then([Event::AddressSet { address: Box::new(address), email: Some(email) }])
        .when_knowing(&place(), &knowing(cart()))
        .then([placed()]);
}

#[test]
fn what_is_bought_is_what_was_seen() {
    let changed = CartNow { revision: 9, ..cart() };
    let empty = CartNow { lines: Vec::new(), ..cart() };
    leila()
        .given([started()])
        .when_knowing(&place(), &knowing(changed.clone()))
        .refused(&Refusal::CartChanged(id("main")))
        .when_knowing(&place(), &knowing(empty))
        .refused(&Refusal::CartEmpty(id("main")))
        .when_knowing(&refresh(), &knowing(cart()))
        .then_nothing()
        .when_knowing(&refresh(), &knowing(changed.clone()))
        .then([Event::Refreshed { basket: Basket { revision: 9, ..basket() } }])
        .when_knowing(&place(), &knowing(changed))
        .then([placed()]);
}

#[test]
fn placing_twice_is_placing_once() {
    for kind in ["PlacementAsked", "VendorsAsked", "PaymentAsked", "OrderPlaced", "Completed"] {
        up_to(kind).when_knowing(&place(), &knowing(cart())).then_nothing();
    }
}

#[test]
fn a_limit_in_another_currency_is_no_limit() {
    let limit = base_money::Money::new(base_money::Currency::EUR, 1);
    let place = of(Ask::Place { total_max: Some(limit) });
    let (_, decided) = leila().given([started()]).when_knowing(&place, &knowing(cart())).decided();
    assert_eq!(codes(&decided.unwrap_err()), ["other_currency"]);
}

#[test]
fn an_open_session_changes_and_a_placed_one_does_not() {
    let other = PostalAddress { city: "Fès".to_owned(), ..address() };
    let set = of(Ask::SetAddress { address: Box::new(other.clone()), email: None });
    let pay = of(Ask::ChoosePayment { payment: Payment::CashOnDelivery });
    leila()
        .given([started()])
        .when_knowing(&set, &nothing())
        .then([Event::AddressSet { address: Box::new(other), email: None }])
        .when_knowing(&set, &nothing())
        .then_nothing()
        .when_knowing(&pay, &nothing())
        .then([Event::PaymentChosen { payment: Payment::CashOnDelivery }])
        .when_knowing(&pay, &nothing())
        .then_nothing();
    for command in [&set, &pay, &refresh()] {
        up_to("PlacementAsked")
            .when_knowing(command, &knowing(cart()))
            .refused(&Refusal::AlreadyPlaced);
        up_to("Completed").when_knowing(command, &knowing(cart())).refused(&Refusal::HasEnded);
    }
}

#[test]
fn the_buyer_may_give_up_until_the_payment_is_authorised() {
    let cancelled = |owed| [undo(Ending::Cancelled, Vec::new(), owed), ended(Ending::Cancelled)];
    let cart_only = Owed { cart: true, ..Owed::default() };
    let stock = Owed { stock: vec![1, 2], cart: true, ..Owed::default() };
    up_to("Started").when_knowing(&cancel(), &nothing()).then(cancelled(Owed::default()));
    up_to("PlacementAsked").when_knowing(&cancel(), &nothing()).then(cancelled(cart_only));
    let after = up_to("VendorsAsked");
    let after = after.when_knowing(&cancel(), &nothing()).then(cancelled(stock.clone()));
    after
        .when_knowing(&cancel(), &nothing())
        .then_nothing()
        .when_knowing(&place(), &knowing(cart()))
        .refused(&Refusal::HasEnded);
    let money = Owed { payment: true, ..stock };
    up_to("PaymentAsked")
        .when_knowing(&cancel(), &nothing())
        .then([undo(Ending::Cancelled, Vec::new(), money)])
        .when_knowing(&cancel(), &nothing())
        .then_nothing();
    for kind in ["PaymentAuthorised", "OrderPlaced", "CaptureAsked", "Completed"] {
        up_to(kind).when_knowing(&cancel(), &nothing()).refused(&Refusal::PastCancelling);
    }
}

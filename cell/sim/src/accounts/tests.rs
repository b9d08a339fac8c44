//! The accounts notice what is wrong: each wrong is named by the invariant that it breaks.

use std::collections::BTreeMap;

use souk_proto::souk::{
    checkout::v1::{Checkout, Payment as Means, checkout::Status},
    inventory::v1::{LocationLevel, Movement, StockLevel, movement::Kind},
    orders::v1::{ChildStatus, Order, VendorOrder, order},
    payments::v1::{Payment, payment},
    v1::Money,
};

use super::{Books, Findings, money, purchases, stock};
use crate::bank::Ledger;

fn mad(minor: i64) -> Money {
    Money { currency: "MAD".to_owned(), minor }
}

/// Ten came in, two of them are sold and not shipped.
fn sound_stock() -> Books {
    let name = "vendors/v/stock/o".to_owned();
    let moved = |kind: Kind, quantity, reference: &str| {
        let (kind, reference) = (kind.into(), reference.to_owned());
        (name.clone(), Movement { kind, quantity, reference, ..Movement::default() })
    };
    let movements = vec![moved(Kind::Received, 10, ""), moved(Kind::Allocated, 2, "c-1")];
    let level = StockLevel {
        name: name.clone(),
        offer: "o".to_owned(),
        on_hand: 10,
        allocated: 2,
        reserved: 0,
        available: 8,
        locations: vec![LocationLevel { on_hand: 10, allocated: 2, ..LocationLevel::default() }],
    };
    Books { stock: vec![level], movements, ..empty() }
}

fn empty() -> Books {
    Books {
        checkouts: BTreeMap::new(),
        orders: BTreeMap::new(),
        payments: BTreeMap::new(),
        carts: BTreeMap::new(),
        children: BTreeMap::new(),
        stock: Vec::new(),
        movements: Vec::new(),
        bank: Ledger::default(),
    }
}

/// A purchase in cash that was delivered and paid.
fn sound_purchase() -> Books {
    let (checkout, order, payment) =
        ("users/u/checkouts/c", "users/u/orders/c", "users/u/payments/c");
    let mut books = empty();
    let ended = Checkout {
        name: checkout.to_owned(),
        status: Status::Completed.into(),
        ended: true,
        order: order.to_owned(),
        payment: Some(Means { method: "cash_on_delivery".to_owned(), ..Means::default() }),
        vendors: vec![souk_proto::souk::checkout::v1::VendorShare {
            vendor: "vendors/v".to_owned(),
            order: "c-1".to_owned(),
            ..Default::default()
        }],
        ..Checkout::default()
    };
    let part = order::Part {
        order: "c-1".to_owned(),
        status: ChildStatus::Delivered.into(),
        total: Some(mad(70)),
        ..order::Part::default()
    };
    let placed = Order {
        name: order.to_owned(),
        status: order::Status::Delivered.into(),
        total: Some(mad(70)),
        payment: payment.to_owned(),
        parts: vec![part],
        ..Order::default()
    };
    let child = VendorOrder {
        name: "vendors/v/orders/c-1".to_owned(),
        status: ChildStatus::Delivered.into(),
        total: Some(mad(70)),
        ..VendorOrder::default()
    };
    let paid = Payment {
        name: payment.to_owned(),
        status: payment::Status::CashCollected.into(),
        amount: Some(mad(70)),
        kept: Some(mad(70)),
        shares: vec![payment::Share {
            amount: Some(mad(70)),
            captured: Some(mad(70)),
            ..payment::Share::default()
        }],
        ..Payment::default()
    };
    books.checkouts.insert(checkout.to_owned(), ended);
    books.orders.insert(order.to_owned(), placed);
    books.payments.insert(payment.to_owned(), paid);
    books.children.insert("c-1".to_owned(), child);
    books
}

fn broken(books: &Books) -> Vec<&'static str> {
    let mut findings = Findings::default();
    stock::check(books, &mut findings);
    purchases::check(books, &mut findings);
    money::check(books, &mut findings);
    let mut ids: Vec<_> = findings.into_broken().into_iter().map(|it| it.invariant).collect();
    ids.dedup();
    ids
}

#[test]
fn sound_books_break_nothing() {
    assert!(broken(&sound_stock()).is_empty());
    assert!(broken(&sound_purchase()).is_empty());
}

#[test]
fn stock_that_comes_from_nowhere_or_is_held_for_ever_is_noticed() {
    let wrong = |change: fn(&mut StockLevel)| {
        let mut books = sound_stock();
        change(&mut books.stock[0]);
        broken(&books)
    };
    assert_eq!(wrong(|level| level.on_hand = 11), ["stock-1", "stock-3"]);
    assert_eq!(wrong(|level| level.locations[0].on_hand = 1), ["stock-1"]);
    let held = wrong(|level| (level.reserved, level.available) = (1, 7));
    assert_eq!(held, ["checkout-3"]);
    let mut twice = sound_stock();
    twice.movements.push(twice.movements[1].clone());
    assert_eq!(broken(&twice), ["stock-3", "stock-2"]);
}

#[test]
fn money_without_an_order_and_orders_without_money_are_noticed() {
    let wrong = |change: fn(&mut Books)| {
        let mut books = sound_purchase();
        change(&mut books);
        broken(&books)
    };
    let failed = wrong(|books| {
        for checkout in books.checkouts.values_mut() {
            checkout.status = Status::Failed.into();
        }
    });
    assert_eq!(failed, ["checkout-1", "checkout-2"]);
    assert_eq!(wrong(|books| books.orders.clear()), ["checkout-1", "order-1"]);
    let less = wrong(|books| books.payments.values_mut().for_each(|it| it.kept = Some(mad(69))));
    assert_eq!(less, ["pay-2"]);
    let more = wrong(|books| {
        books.payments.values_mut().for_each(|it| it.shares[0].refunded = Some(mad(71)));
    });
    assert_eq!(more, ["pay-1"]);
    let apart = wrong(|books| {
        books.children.values_mut().for_each(|it| it.status = ChildStatus::Shipped.into());
    });
    assert_eq!(apart, ["order-2", "pay-2"]);
    let open = wrong(|books| books.checkouts.values_mut().for_each(|it| it.ended = false));
    assert_eq!(open, ["checkout-4"]);
}

//! Purchases: every checkout has ended, with one order or with nothing; groups and their parts agree; stock follows them.

use std::collections::BTreeMap;

use souk_proto::souk::{
    carts::v1::cart,
    checkout::v1::{Checkout, checkout::Status},
    orders::v1::{ChildStatus, Order, order},
    v1::Money,
};

use super::{
    Books, Findings,
    books::id,
    stock::{Moved, by_reservation},
};

pub(super) fn check(books: &Books, findings: &mut Findings) {
    let moved = by_reservation(books);
    for checkout in books.checkouts.values() {
        check_checkout(books, checkout, findings);
        check_stock(books, checkout, &moved, findings);
        check_cart(books, checkout, findings);
    }
    for order in books.orders.values() {
        check_order(books, order, findings);
    }
    let orders: Vec<&str> = books.orders.keys().map(|name| id(name)).collect();
    for (child, placed) in &books.children {
        let group = child.rsplit_once('-').map_or("", |(group, _)| group);
        findings.expect("order-1", orders.contains(&group), || {
            format!("{} belongs to no order", placed.name)
        });
    }
}

fn check_checkout(books: &Books, checkout: &Checkout, findings: &mut Findings) {
    let name = &checkout.name;
    findings.expect("checkout-4", checkout.ended, || {
        format!(
            "{name} has not ended: {:?}, waits for {:?}",
            checkout.status(),
            checkout.waiting_for
        )
    });
    let order = books.orders.get(&order_name(name));
    let completed = checkout.status() == Status::Completed;
    match order {
        None => findings.expect("checkout-1", !completed, || format!("{name} has no order")),
        Some(order) if completed => {
            let same = order.number == checkout.order_number && order.name == checkout.order;
            findings.expect("checkout-1", same, || {
                format!("{name} names order {}, not {}", checkout.order_number, order.number)
            });
            let confirmed = order.status() != order::Status::Placed;
            findings.expect("checkout-1", confirmed, || {
                format!("{name} is completed and its order not confirmed")
            });
        }
        Some(order) => {
            let off = order.status() == order::Status::Cancelled;
            findings.expect("checkout-1", off || !checkout.ended, || {
                format!("{name} ended without an order, and there is one: {:?}", order.status())
            });
        }
    }
}

/// Invariant checkout-3: exactly what living parts have bought is sold.
fn check_stock(
    books: &Books,
    checkout: &Checkout,
    moved: &BTreeMap<(String, String), Moved>,
    findings: &mut Findings,
) {
    for share in &checkout.vendors {
        for line in &share.lines {
            let stock = format!("{}/stock/{}", share.vendor, line.offer);
            let reservation = (stock, share.order.clone());
            let sold = moved.get(&reservation).map_or(0, |moved| moved.sold());
            let living =
                books.children.get(&share.order).is_some_and(|child| lives(child.status()));
            let due = if living { line.quantity } else { 0 };
            findings.expect("checkout-3", sold == due, || {
                let (stock, reservation) = &reservation;
                format!("{sold} of {stock} are sold under {reservation}, not {due}")
            });
        }
    }
}

/// A cart is its buyer's again, unless it was bought.
fn check_cart(books: &Books, checkout: &Checkout, findings: &mut Findings) {
    let Some(cart) = books.carts.get(&checkout.cart) else { return };
    let held = cart.status() == cart::Status::Claimed;
    findings.expect("cart-3", !held || !checkout.ended, || {
        format!("{} is still held by {}", cart.name, cart.checkout)
    });
    if checkout.status() == Status::Completed {
        let over = cart.round > checkout.cart_round || cart.status() == cart::Status::Converted;
        findings.expect("cart-3", over, || format!("{} was bought and is open", cart.name));
    }
}

/// Invariant order-1: parts, children, group and payment are one sum; group and vendor know the same of each part.
fn check_order(books: &Books, order: &Order, findings: &mut Findings) {
    let name = &order.name;
    let parts: i64 = order.parts.iter().map(|part| minor(part.total.as_ref())).sum();
    findings.expect("order-1", parts == minor(order.total.as_ref()), || {
        format!("the parts of {name} add up to {parts}, not to {:?}", order.total)
    });
    let payment = books.payments.get(&order.payment);
    let paid = payment.map_or(0, |payment| minor(payment.amount.as_ref()));
    findings.expect("order-1", parts == paid, || {
        format!("the parts of {name} add up to {parts}, its payment to {paid}")
    });
    for part in &order.parts {
        let child = books.children.get(&part.order);
        let same = child.is_some_and(|child| {
            child.status() == part.status() && child.total == part.total && !part.cancelling
        });
        // A part that was undone before its vendor heard of it is nowhere else.
        let never = child.is_none() && part.status() == ChildStatus::Cancelled;
        findings.expect("order-2", same || never, || {
            let vendor = child.map(souk_proto::souk::orders::v1::VendorOrder::status);
            format!(
                "part {} is {:?} to its buyer, {vendor:?} to its vendor",
                part.order,
                part.status()
            )
        });
    }
}

/// Whether a child order with this status is not dropped.
pub(super) fn lives(status: ChildStatus) -> bool {
    use ChildStatus::{Cancelled, Lapsed, Rejected, Unspecified};
    !matches!(status, Cancelled | Lapsed | Rejected | Unspecified)
}

pub(super) fn minor(money: Option<&Money>) -> i64 {
    money.map_or(0, |money| money.minor)
}

fn order_name(checkout: &str) -> String {
    checkout.replacen("/checkouts/", "/orders/", 1)
}

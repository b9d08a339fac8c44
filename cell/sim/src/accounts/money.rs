//! Money: what the provider keeps is what living orders cost, to the last unit; what it holds is nothing.

use souk_proto::souk::{
    checkout::v1::{Checkout, checkout::Status},
    orders::v1::ChildStatus,
    payments::v1::{Payment, payment},
};
use svc_payments::report::Standing;

use super::{
    Books, Findings,
    books::id,
    purchases::{lives, minor},
};

pub(super) fn check(books: &Books, findings: &mut Findings) {
    for wrong in books.bank.wrongs() {
        findings.expect("pay-1", false, || wrong.clone());
    }
    for checkout in books.checkouts.values() {
        let payment = books.payments.get(&checkout.name.replacen("/checkouts/", "/payments/", 1));
        check_purchase(books, checkout, payment, findings);
        if let Some(payment) = payment {
            check_payment(checkout, payment, findings);
        }
    }
    for intent in books.bank.intents() {
        let known = books.checkouts.keys().any(|name| id(name) == intent.subject.payment.as_str());
        findings.expect("checkout-2", known, || format!("{} belongs to nobody", intent.name));
        let open = [Standing::Held, Standing::Processing, Standing::ActionRequired];
        findings.expect("pay-3", !open.contains(&intent.standing), || {
            format!("{} is still {:?} for {:?}", intent.name, intent.standing, intent.subject)
        });
    }
}

/// Invariants checkout-2 and pay-2: captured − refunded = what the living parts cost.
fn check_purchase(
    books: &Books,
    checkout: &Checkout,
    payment: Option<&Payment>,
    findings: &mut Findings,
) {
    let name = &checkout.name;
    let intents = books.bank.intents().iter();
    let of_it = intents.filter(|intent| intent.subject.payment.as_str() == id(name));
    let at_bank: i64 = of_it.map(|intent| intent.taken - intent.back.values().sum::<i64>()).sum();
    let card = checkout.payment.as_ref().is_some_and(|payment| payment.method == "card");
    let children = checkout.vendors.iter().filter_map(|share| books.children.get(&share.order));
    let due: i64 = children
        .filter(|child| match child.status() {
            ChildStatus::Delivered => true,
            status => card && lives(status),
        })
        .map(|child| minor(child.total.as_ref()))
        .sum();
    let due = if checkout.status() == Status::Completed { due } else { 0 };
    let kept = payment.map_or(0, |payment| minor(payment.kept.as_ref()));
    let invariant = if checkout.status() == Status::Completed { "pay-2" } else { "checkout-2" };
    findings.expect(invariant, kept == due, || {
        format!("{kept} are kept for {name}, whose living orders cost {due}")
    });
    let taken = if card { due } else { 0 };
    findings.expect(invariant, at_bank == taken, || {
        format!("the provider keeps {at_bank} for {name}, whose living orders cost {taken}")
    });
}

fn check_payment(checkout: &Checkout, payment: &Payment, findings: &mut Findings) {
    use payment::Status::{Authorised, Authorising, Capturing, RequiresAction, Voiding};
    let trouble = payment.status() == payment::Status::NeedsAttention;
    findings.expect("pay-4", !trouble, || format!("{}: {}", payment.name, payment.reason));
    let shares: i64 = payment.shares.iter().map(|share| minor(share.amount.as_ref())).sum();
    findings.expect("order-1", shares == minor(payment.amount.as_ref()), || {
        format!("the shares of {} add up to {shares}", payment.name)
    });
    for share in &payment.shares {
        let column = |money: &Option<_>| minor(money.as_ref());
        let (claimed, captured) = (column(&share.claimed), column(&share.captured));
        let sound = claimed + captured <= column(&share.amount)
            && column(&share.refunded) <= captured
            && claimed == 0;
        findings.expect("pay-1", sound, || format!("{}: {share:?}", payment.name));
    }
    let waits = [Authorised, Authorising, Capturing, RequiresAction, Voiding];
    findings.expect("checkout-4", !waits.contains(&payment.status()), || {
        format!("{} is {:?} after {:?}", payment.name, payment.status(), checkout.status())
    });
}

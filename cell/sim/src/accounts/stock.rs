//! Stock: never negative, each reservation ends once, and what came in is there or has left.

use std::collections::BTreeMap;

use souk_proto::souk::inventory::v1::{StockLevel, movement::Kind};

use super::{Books, Findings, books::stock_of};
use crate::{
    client::{Client, Refused},
    fleet::Fleet,
    market::Listing,
};

/// What the movements of one reservation of one offer add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    allocated: i64,
    deallocated: i64,
    shipped: i64,
    ends: u32,
    begins: u32,
}

impl Moved {
    /// How many are sold, shipped or not.
    pub(super) fn sold(self) -> i64 {
        self.allocated - self.deallocated
    }
}

/// Invariant checkout-3, before any deadline helps: once every checkout has ended and every message is heard, nothing is held.
pub(super) async fn check_nothing_held(
    fleet: &Fleet,
    listings: &[Listing],
    findings: &mut Findings,
) -> Result<(), Refused> {
    for listing in listings {
        for level in stock_of(&Client::operator(fleet), &listing.vendor).await? {
            findings.expect("checkout-3", level.reserved == 0, || {
                format!("{} of {} are held, and nobody is buying", level.reserved, level.name)
            });
        }
    }
    Ok(())
}

pub(super) fn check(books: &Books, findings: &mut Findings) {
    for level in &books.stock {
        check_level(books, level, findings);
    }
    for ((stock, reservation), moved) in by_reservation(books) {
        let once = moved.begins <= 1 && moved.ends <= 1;
        let whole = moved.shipped + moved.deallocated <= moved.allocated;
        findings.expect("stock-2", once && whole, || {
            format!("reservation {reservation} of {stock} has moved {moved:?}")
        });
    }
}

fn check_level(books: &Books, level: &StockLevel, findings: &mut Findings) {
    let StockLevel { on_hand, allocated, reserved, available, .. } = *level;
    let parts = level.locations.iter().all(|at| {
        let left = at.on_hand - at.allocated - at.reserved;
        left >= 0 && at.on_hand >= 0 && at.allocated >= 0 && at.reserved >= 0
    });
    let sum = available == on_hand - allocated - reserved;
    findings.expect("stock-1", parts && sum && available >= 0, || format!("{level:?}"));
    findings.expect("checkout-3", reserved == 0, || {
        format!("{reserved} of {} are still reserved after every deadline", level.name)
    });
    let total = |kind: Kind| -> i64 {
        let of = books.movements.iter().filter(|(stock, _)| *stock == level.name);
        of.filter(|(_, movement)| movement.kind() == kind).map(|(_, m)| m.quantity).sum()
    };
    let came = total(Kind::Received) + total(Kind::Adjusted);
    let left = total(Kind::Shipped);
    findings.expect("stock-3", on_hand + left == came, || {
        format!("{}: {on_hand} on hand and {left} shipped of {came}", level.name)
    });
    let sold = total(Kind::Allocated) - total(Kind::Deallocated) - left;
    findings.expect("stock-3", allocated == sold, || {
        format!("{}: {allocated} allocated, {sold} by its movements", level.name)
    });
}

/// By stock and reservation.
pub(super) fn by_reservation(books: &Books) -> BTreeMap<(String, String), Moved> {
    let mut found: BTreeMap<(String, String), Moved> = BTreeMap::new();
    for (stock, movement) in &books.movements {
        let moved = || (stock.clone(), movement.reference.clone());
        let quantity = movement.quantity;
        match movement.kind() {
            Kind::Allocated => {
                let moved = found.entry(moved()).or_default();
                (moved.allocated, moved.begins) = (moved.allocated + quantity, moved.begins + 1);
            }
            Kind::Deallocated => {
                let moved = found.entry(moved()).or_default();
                (moved.deallocated, moved.ends) = (moved.deallocated + quantity, moved.ends + 1);
            }
            Kind::Shipped => {
                let moved = found.entry(moved()).or_default();
                (moved.shipped, moved.ends) = (moved.shipped + quantity, moved.ends + 1);
            }
            _ => {}
        }
    }
    found
}

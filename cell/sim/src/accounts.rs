//! The accounts over a whole fleet at rest: what must hold, by the ids of the invariants, read through the API, from the disks and
//! from the card provider's books.

mod books;
mod messages;
mod money;
mod purchases;
mod stock;
#[cfg(test)]
mod tests;
mod views;

use std::{fmt, time::Duration};

use base_ids::Tenant;

use crate::{
    client::Refused,
    fleet::{CELLS, Counts, Fleet},
    market::Listing,
    rest,
};

pub(crate) use books::Books;
pub(crate) use messages::deadlines;

/// Longer than any deadline of a purchase: a vendor has days to answer.
pub(crate) const LONG: Duration = Duration::from_hours(24 * 8);

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// Its id, as in ARCHITECTURE.md or in the service's `lib.rs`.
    pub invariant: &'static str,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// Collects what is broken.
#[derive(Default)]
pub(crate) struct Findings(Vec<Broken>);

impl Findings {
    /// The invariant is broken unless `holds`.
    pub(crate) fn expect(
        &mut self,
        invariant: &'static str,
        holds: bool,
        what: impl FnOnce() -> String,
    ) {
        if !holds {
            self.0.push(Broken { invariant, what: what() });
        }
    }

    /// The invariant is broken if this failed.
    pub(crate) fn note<E: fmt::Display>(&mut self, invariant: &'static str, done: Result<(), E>) {
        if let Err(error) = done {
            self.0.push(Broken { invariant, what: error.to_string() });
        }
    }

    pub(crate) fn into_broken(self) -> Vec<Broken> {
        self.0
    }
}

/// Lets everything end, starts every cell anew and draws up the accounts: how much happened until the new start, and what is
/// broken.
pub(crate) async fn close(
    fleet: &Fleet,
    listings: &[Listing],
    buyers: &[Tenant],
) -> (Counts, Vec<Broken>) {
    let mut findings = Findings::default();
    findings.note("checkout-4", rest::quiet(fleet).await);
    let read = stock::check_nothing_held(fleet, listings, &mut findings).await;
    findings.note("accounts", read);
    findings.note("checkout-4", rest::rest(fleet, LONG).await);
    let counts = fleet.counts();
    // What a refused settling has left in an outbox is told again after the next start, and is no news then.
    for number in 0..CELLS {
        fleet.restart(number).await;
    }
    findings.note("checkout-4", rest::rest(fleet, LONG).await);
    let mut broken = findings.into_broken();
    match audit(fleet, listings, buyers).await {
        Ok((_, found)) => broken.extend(found),
        Err(no) => broken.push(Broken { invariant: "accounts", what: no.to_string() }),
    }
    (counts, broken)
}

/// Draws up the accounts of some buyers and all listings, and says what is broken. The fleet must be at rest.
pub(crate) async fn audit(
    fleet: &Fleet,
    listings: &[Listing],
    buyers: &[Tenant],
) -> Result<(Books, Vec<Broken>), Refused> {
    let books = Books::read(fleet, listings, buyers).await?;
    let mut findings = Findings::default();
    stock::check(&books, &mut findings);
    purchases::check(&books, &mut findings);
    money::check(&books, &mut findings);
    messages::check(fleet, &mut findings).await;
    views::check(fleet, &mut findings).await;
    Ok((books, findings.into_broken()))
}

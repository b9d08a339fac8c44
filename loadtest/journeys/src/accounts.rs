//! The books of a market at rest, drawn up from outside: every order, every share of money, every copy of every book. What goes in
//! must be somewhere, once.

use std::collections::BTreeMap;

use anyhow::ensure;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

use crate::{
    http::{Plain, list, minor, number, text},
    launch::Fleet,
    market::Market,
    people::{Buyer, Paying, Purchase},
    say,
};

/// A purchase and who made it.
#[derive(Clone, Debug)]
pub struct Made {
    /// Who.
    pub buyer: Buyer,
    /// How it was to be paid.
    pub paying: Paying,
    /// How it ended.
    pub purchase: Purchase,
}

/// One line of the books: what is there, and what should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    what: String,
    found: i64,
    expected: i64,
}

/// The books.
#[derive(Clone, Debug, Default)]
pub struct Books {
    entries: Vec<Entry>,
    /// What is wrong and is no sum.
    faults: Vec<String>,
}

/// What the orders say has happened to one offer of one vendor.
#[derive(Clone, Copy, Debug, Default)]
struct Moved {
    allocated: i64,
    shipped: i64,
}

/// What the orders say in total.
#[derive(Debug, Default)]
struct Ordered {
    groups: i64,
    parts: i64,
    card_kept: i64,
    cash_kept: i64,
    cash_due: i64,
    moved: BTreeMap<(String, String), Moved>,
    /// Child orders by vendor, as buyers see them: id → total.
    children: BTreeMap<String, BTreeMap<String, i64>>,
}

impl Books {
    /// Draws them up.
    ///
    /// Errors: somebody does not answer. What is wrong in the books is in them.
    pub async fn draw_up(fleet: &Fleet, market: &Market, made: &[Made]) -> anyhow::Result<Self> {
        let mut books = Self::default();
        let mut ordered = Ordered::default();
        for purchase in made {
            books.purchase(purchase, &mut ordered).await?;
        }
        let with_order = made.iter().filter(|made| made.purchase.order.is_some()).count();
        books.check(
            "order groups, one a completed checkout",
            ordered.groups,
            i64::try_from(with_order)?,
        );
        books.vendors(market, &ordered).await?;
        books.provider(fleet, &ordered).await?;
        books.messages(fleet).await?;
        Ok(books)
    }

    /// Whether everything is where it should be.
    pub fn balance(&self) -> bool {
        self.faults.is_empty() && self.entries.iter().all(|entry| entry.found == entry.expected)
    }

    /// What does not balance.
    pub fn troubles(&self) -> Vec<String> {
        let differing = self.entries.iter().filter(|entry| entry.found != entry.expected);
        let differing = differing.map(|entry| {
            format!("{}: {} where {} should be", entry.what, entry.found, entry.expected)
        });
        differing.chain(self.faults.iter().cloned()).collect()
    }

    /// Prints them.
    pub fn print(&self) {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(["account", "found", "should be", ""]);
        for Entry { what, found, expected } in &self.entries {
            let verdict = if found == expected { "" } else { "<-- differs" };
            table.add_row([
                what.clone(),
                found.to_string(),
                expected.to_string(),
                verdict.to_owned(),
            ]);
        }
        for column in [1, 2] {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        say::line(format!("{table}"));
        for fault in &self.faults {
            say::bad(fault);
        }
    }

    fn check(&mut self, what: impl Into<String>, found: i64, expected: i64) {
        self.entries.push(Entry { what: what.into(), found, expected });
    }

    /// One purchase: its order, its payment, and nothing beside them.
    async fn purchase(&mut self, made: &Made, ordered: &mut Ordered) -> anyhow::Result<()> {
        let Made { buyer, paying, purchase } = made;
        // The group's id is the checkout's; one that was undone after placing stays, with every part gone.
        let named = purchase.checkout.replace("/checkouts/", "/orders/");
        let orders = buyer.orders().await?;
        let own: Vec<&Value> =
            orders.iter().filter(|order| order["name"].as_str() == Some(&named)).collect();
        let undone = own.iter().filter(|order| order["status"] == "CANCELLED").count();
        let expected = if purchase.order.is_some() { own.len() == 1 } else { own.len() == undone };
        if !expected
            || own.len() > 1
            || purchase.order.as_ref().is_some_and(|order| *order != named)
        {
            self.faults.push(format!(
                "{} ended with order {:?} and has {own:?}",
                purchase.checkout, purchase.order
            ));
        }
        ordered.groups += i64::from(purchase.order.is_some() && own.len() == 1);
        let Some(name) = own.first().and_then(|order| order["name"].as_str()) else {
            return Ok(());
        };
        let order = buyer.read(name).await?;
        let payment = buyer.read(text(&order, "/payment")?).await?;
        let (mut live, mut delivered, mut total) = (0, 0, 0);
        for part in list(&order, "/parts") {
            let (status, amount) = (text(part, "/status")?, minor(part, "/total"));
            total += amount;
            ordered.parts += 1;
            let vendor = text(part, "/vendor")?.to_owned();
            ordered
                .children
                .entry(vendor.clone())
                .or_default()
                .insert(text(part, "/order")?.to_owned(), amount);
            let stage = Stage::of(status)?;
            live += if stage == Stage::Gone { 0 } else { amount };
            delivered += if status == "DELIVERED" { amount } else { 0 };
            for line in list(part, "/lines") {
                let moved = ordered
                    .moved
                    .entry((vendor.clone(), text(line, "/offer")?.to_owned()))
                    .or_default();
                match stage {
                    Stage::Sold => moved.allocated += number(line, "/quantity"),
                    Stage::Shipped => moved.shipped += number(line, "/quantity"),
                    Stage::Gone => {}
                }
            }
        }
        let due = if *paying == Paying::Cash { delivered } else { live };
        let kept = minor(&payment, "/kept");
        if *paying == Paying::Cash {
            ordered.cash_kept += kept;
            ordered.cash_due += due;
        } else {
            ordered.card_kept += kept;
        }
        if minor(&order, "/total") != total || minor(&payment, "/amount") != total || kept != due {
            let (group, amount) = (minor(&order, "/total"), minor(&payment, "/amount"));
            self.faults.push(format!(
                "{name}: parts {total}, group {group}, payment {amount}, kept {kept}, due {due}"
            ));
        }
        Ok(())
    }

    /// Every vendor: its child orders are those that buyers see, and its stock is where the orders say.
    async fn vendors(&mut self, market: &Market, ordered: &Ordered) -> anyhow::Result<()> {
        let (mut received, mut on_hand, mut reserved, mut allocated) = (0, 0, 0, 0);
        let (mut to_ship, mut gone, mut seen) = (0, 0, 0);
        let none = BTreeMap::new();
        for stall in &market.stalls {
            let children = ordered.children.get(&stall.vendor.name).unwrap_or(&none);
            for order in stall.vendor.orders().await? {
                let id = text(&order, "/name")?.rsplit('/').next().unwrap_or_default();
                seen += 1;
                if children.get(id) != Some(&minor(&order, "/total")) {
                    self.faults.push(format!(
                        "{}/orders/{id} is not what its buyer sees",
                        stall.vendor.name
                    ));
                }
            }
            let stock = stall.vendor.stock().await?;
            for ware in &stall.wares {
                let level = stock
                    .iter()
                    .find(|level| level["offer"].as_str() == Some(&ware.offer))
                    .unwrap_or(&Value::Null);
                let place = (stall.vendor.name.clone(), ware.offer.clone());
                let moved = ordered.moved.get(&place).copied().unwrap_or_default();
                let levels = [
                    number(level, "/onHand"),
                    number(level, "/allocated"),
                    number(level, "/reserved"),
                    number(level, "/available"),
                ];
                let should = [
                    ware.received - moved.shipped,
                    moved.allocated,
                    0,
                    ware.received - moved.shipped - moved.allocated,
                ];
                if levels != should {
                    self.faults.push(format!("{}/{}: on hand, allocated, reserved, available are {levels:?}, should be {should:?}", place.0, place.1));
                }
                received += ware.received;
                on_hand += levels[0];
                allocated += levels[1];
                reserved += levels[2];
                to_ship += moved.allocated;
                gone += moved.shipped;
            }
        }
        self.check("child orders that vendors have", seen, ordered.parts);
        self.check("copies on hand + shipped = received", on_hand + gone, received);
        self.check("copies allocated = sold, not shipped", allocated, to_ship);
        self.check("copies reserved, at rest", reserved, 0);
        Ok(())
    }

    /// The provider's own books.
    async fn provider(&mut self, fleet: &Fleet, ordered: &Ordered) -> anyhow::Result<()> {
        let (status, body) = Plain::new().get(&format!("{}/_script/state", fleet.stripe())).await?;
        ensure!(status == 200, "the stand-in says {status}: {body}");
        let state: Value = serde_json::from_str(&body)?;
        let sum = |what: &str| number(&state, &format!("/money/mad/{what}"));
        let (authorised, captured, held, released) =
            (sum("authorised"), sum("captured"), sum("held"), sum("released"));
        self.check(
            "card, minor MAD: captured + held + released = authorised",
            captured + held + released,
            authorised,
        );
        self.check("card, minor MAD: held, at rest", held, 0);
        self.check(
            "card, minor MAD: captured - refunded = kept by payments",
            captured - sum("refunded"),
            ordered.card_kept,
        );
        self.check(
            "cash, minor MAD: kept by payments = delivered",
            ordered.cash_kept,
            ordered.cash_due,
        );
        Ok(())
    }

    /// Nothing was given up on.
    async fn messages(&mut self, fleet: &Fleet) -> anyhow::Result<()> {
        let dead: Value =
            serde_json::from_str(&fleet.ctl(&["messages", "dead", "list", "-o", "json"]).await?)?;
        for letter in list(&dead, "/letters") {
            self.faults.push(format!("dead letter: {letter}"));
        }
        self.check("dead letters", i64::try_from(list(&dead, "/letters").len())?, 0);
        Ok(())
    }
}

/// Where the copies of a part are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Sold, still with the vendor.
    Sold,
    /// Left.
    Shipped,
    /// Back on sale.
    Gone,
}

impl Stage {
    fn of(status: &str) -> anyhow::Result<Self> {
        Ok(match status {
            "PLACED" | "CONFIRMED" | "ACCEPTED" => Self::Sold,
            "SHIPPED" | "DELIVERED" => Self::Shipped,
            "REJECTED" | "LAPSED" | "CANCELLED" => Self::Gone,
            other => anyhow::bail!("a part is {other}, which no journey knows"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Books;

    #[test]
    fn books_balance_only_if_every_entry_does() {
        let mut books = Books::default();
        books.check("copies", 3, 3);
        assert!(books.balance());
        books.check("money", 3, 4);
        assert!(!books.balance());
        assert_eq!(books.troubles(), ["money: 3 where 4 should be"]);
    }
}

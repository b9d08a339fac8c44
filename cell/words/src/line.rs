//! A line of a purchase, in the words of everyone who is told of it.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use cell_kernel::Unreadable;
use serde::{Deserialize, Serialize};
use souk_proto::souk::{
    carts::v1::BoughtLine,
    checkout, inventory,
    inventory::v1::ReserveLine,
    offers::v1::{QuoteLine, QuotedLine},
    orders::v1::OrderLine,
};

use crate::{Title, money, told};

/// So many of an offer, at the price that the buyer has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Whose offer.
    pub vendor: Tenant,
    /// Which.
    pub offer: ResourceId,
    /// The product that it is of.
    pub product: ResourceId,
    /// What that is called.
    pub title: Title,
    /// How many.
    pub quantity: u32,
    /// For one.
    pub price: Money,
}

/// Too little of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shortage {
    /// Which.
    pub offer: ResourceId,
    /// How many there are.
    pub available: i64,
}

impl Line {
    /// The offer's name: `vendors/atlas/offers/o1`.
    pub fn name(&self) -> String {
        format!("{}/offers/{}", self.vendor, self.offer)
    }

    /// Price × quantity; `None` if that cannot be counted.
    pub fn total(&self) -> Option<Money> {
        self.price.times(self.quantity).ok()
    }

    /// What lines cost together; `None` if that cannot be counted, or there are none.
    pub fn sum<'a>(lines: impl IntoIterator<Item = &'a Self>) -> Option<Money> {
        let mut lines = lines.into_iter().peekable();
        let currency = lines.peek()?.price.currency;
        let totals: Option<Vec<Money>> = lines.map(Self::total).collect();
        Money::sum(totals?, currency).ok()
    }

    /// As its vendor has quoted it.
    pub fn read(vendor: &Tenant, quoted: &QuotedLine) -> Result<Self, Unreadable> {
        Ok(Self {
            vendor: vendor.clone(),
            offer: told::read(&quoted.offer)?,
            product: told::read(&quoted.product)?,
            title: Title::read(quoted.title.as_ref()),
            quantity: told::number(quoted.quantity)?,
            price: told::money(quoted.price.as_ref())?,
        })
    }
}

impl Shortage {
    /// As its vendor has told it.
    pub fn read(told: &inventory::v1::Shortage) -> Result<Self, Unreadable> {
        Ok(Self { offer: told::read(&told.offer)?, available: told.available })
    }
}

impl From<&Line> for QuoteLine {
    fn from(line: &Line) -> Self {
        let (offer, quantity) = (line.offer.to_string(), line.quantity.into());
        Self { offer, quantity, price_seen: Some(money(line.price)) }
    }
}

impl From<&Line> for ReserveLine {
    fn from(line: &Line) -> Self {
        Self { offer: line.offer.to_string(), quantity: line.quantity.into() }
    }
}

impl From<&Line> for OrderLine {
    fn from(line: &Line) -> Self {
        Self {
            offer: line.offer.to_string(),
            product: line.product.to_string(),
            title: Some((&line.title).into()),
            quantity: line.quantity.into(),
            price: Some(money(line.price)),
        }
    }
}

impl From<&Line> for BoughtLine {
    fn from(line: &Line) -> Self {
        Self { vendor: line.vendor.to_string(), offer: line.offer.to_string() }
    }
}

impl From<&Line> for checkout::v1::Line {
    fn from(line: &Line) -> Self {
        Self {
            offer: line.offer.to_string(),
            product: line.product.to_string(),
            title: Some((&line.title).into()),
            quantity: line.quantity.into(),
            price: Some(money(line.price)),
            total: line.total().map(money),
        }
    }
}

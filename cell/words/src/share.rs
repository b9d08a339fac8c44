//! One vendor's part of a purchase.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use cell_kernel::{Problem, Unreadable};
use serde::{Deserialize, Serialize};
use souk_proto::souk::{orders::v1::ChildDraft, payments::v1::PaymentShare};

use crate::{Line, Quote, Shortage, Trouble, money, told};

/// A share, as others name it: its number and its vendor, which must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShareOf {
    /// Its number.
    pub number: u32,
    /// Whose.
    pub vendor: Tenant,
}

impl ShareOf {
    /// Reads a share's name, `<checkout>-<number>`.
    pub fn read(name: &str, vendor: Tenant) -> Result<(ResourceId, Self), Unreadable> {
        let (checkout, number) = name
            .rsplit_once('-')
            .ok_or_else(|| Unreadable(format!("`{name}` is not a share's name")))?;
        Ok((told::read(checkout)?, Self { number: told::read(number)?, vendor }))
    }
}

/// One vendor's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Its number within the session, from 1 in the order of the cart.
    pub number: u32,
    /// The name of its quote, its reservation and its child order: `<checkout>-<number>`.
    pub name: ResourceId,
    /// Whose.
    pub vendor: Tenant,
    /// What; once quoted, with titles and prices to freeze.
    pub lines: Vec<Line>,
    /// What the vendor has said about the price.
    pub terms: Terms,
    /// What the vendor has said about the stock, and what was asked since.
    pub stock: Stock,
    /// Why the vendor said no.
    pub problems: Vec<Problem>,
}

/// What a vendor has said about the price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Terms {
    /// Nothing yet.
    Asked,
    /// It stands by its prices.
    Given {
        /// For the whole share.
        delivery_fee: Money,
        /// What the platform keeps of the goods' value, in basis points.
        commission_basis_points: u32,
    },
    /// It does not sell so.
    Refused,
}

/// How the stock of a share stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stock {
    /// Asked for.
    Asked,
    /// Held.
    Held,
    /// Refused.
    Refused,
    /// Sold.
    Sold,
    /// Let go, because it goes on without this vendor.
    Dropped,
    /// Let go, because the session was undone.
    Released,
}

impl Share {
    /// Whether an answer is missing.
    pub fn is_pending(&self) -> bool {
        // A vendor that has refused one of the two questions need not answer the other.
        let refused = self.terms == Terms::Refused || self.stock == Stock::Refused;
        !refused && (self.terms == Terms::Asked || self.stock == Stock::Asked)
    }

    /// Whether the vendor stands by its prices and its stock is held.
    pub fn is_agreed(&self) -> bool {
        matches!(self.terms, Terms::Given { .. }) && self.stock == Stock::Held
    }

    /// What the goods cost; `None` if that cannot be counted.
    pub fn goods(&self) -> Option<Money> {
        Line::sum(&self.lines)
    }

    /// What delivery costs, once quoted.
    pub fn delivery(&self) -> Option<Money> {
        match &self.terms {
            Terms::Given { delivery_fee, .. } => Some(*delivery_fee),
            Terms::Asked | Terms::Refused => None,
        }
    }

    /// Goods and delivery, as far as it is quoted; `None` if that cannot be counted.
    pub fn total(&self) -> Option<Money> {
        let goods = self.goods()?;
        self.delivery().map_or(Some(goods), |delivery| goods.checked_add(delivery).ok())
    }

    /// Takes the vendor's terms over.
    pub fn take(&mut self, quote: &Quote) {
        let Quote { lines, commission_basis_points, delivery_fee } = quote.clone();
        self.lines = lines;
        self.terms = Terms::Given { delivery_fee, commission_basis_points };
    }

    /// Says that there is too little of an offer.
    pub fn out_of_stock(&self, short: &Shortage) -> Problem {
        let text = match short.available {
            ..=0 => "it is sold out; take it out".to_owned(),
            left => format!("only {left} are left; want fewer"),
        };
        Trouble::OutOfStock.about(format!("{}/offers/{}", self.vendor, short.offer), text)
    }

    /// What a share that did not agree is to be blamed for: what its vendor said, or its silence, line by line.
    pub fn why_not(&self) -> Vec<Problem> {
        if self.is_pending() { self.silence() } else { self.problems.clone() }
    }

    /// The lines that wait for a vendor who does not answer.
    pub fn silence(&self) -> Vec<Problem> {
        let waits = |line: &Line| {
            let (vendor, title) = (&self.vendor, line.title.any());
            let text = format!(
                "{vendor} does not answer, so `{title}` has to wait; try again later, or buy without it",
            );
            Trouble::VendorSilent.about(line.name(), text)
        };
        self.lines.iter().map(waits).collect()
    }

    /// A problem that the vendor told: it names a line by its offer's id, or itself by nothing.
    pub fn named(&self, told: &Problem) -> Problem {
        let subject = match told.subject.as_str() {
            "" => self.vendor.to_string(),
            name if name.contains('/') => name.to_owned(),
            offer => format!("{}/offers/{offer}", self.vendor),
        };
        Problem { subject, ..told.clone() }
    }
}

impl From<&Share> for PaymentShare {
    fn from(share: &Share) -> Self {
        let (order, vendor) = (share.name.to_string(), share.vendor.to_string());
        Self { order, vendor, amount: share.total().map(money) }
    }
}

impl From<&Share> for ChildDraft {
    fn from(share: &Share) -> Self {
        let (delivery_fee, commission) = match &share.terms {
            Terms::Given { delivery_fee, commission_basis_points } => {
                (Some(money(*delivery_fee)), *commission_basis_points)
            }
            Terms::Asked | Terms::Refused => (None, 0),
        };
        Self {
            order: share.name.to_string(),
            vendor: share.vendor.to_string(),
            lines: share.lines.iter().map(Into::into).collect(),
            delivery_fee,
            commission_basis_points: commission.try_into().unwrap_or(i32::MAX),
            reservation: share.name.to_string(),
        }
    }
}

/// The shares of a basket's lines, in the order of the vendors' first lines.
pub fn shares_of(checkout: &ResourceId, lines: &[Line]) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    for line in lines {
        if let Some(share) = shares.iter_mut().find(|share| share.vendor == line.vendor) {
            share.lines.push(line.clone());
        } else {
            let number = u32::try_from(shares.len() + 1).unwrap_or(u32::MAX);
            let name = format!("{checkout}-{number}");
            shares.push(Share {
                number,
                name: name.parse().expect("a minted id leaves room for a share's number"),
                vendor: line.vendor.clone(),
                lines: vec![line.clone()],
                terms: Terms::Asked,
                stock: Stock::Asked,
                problems: Vec::new(),
            });
        }
    }
    shares
}

//! One vendor's part of a purchase.

use base_ids::{ResourceId, Tenant};
use base_money::Money;
use cell_kernel::Problem;
use serde::{Deserialize, Serialize};

use crate::command::{Line, Quote};

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
        let costs: Result<Vec<Money>, _> =
            self.lines.iter().map(|line| line.price.times(line.quantity)).collect();
        Money::sum(costs.ok()?, self.lines.first()?.price.currency).ok()
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

    pub(super) fn quoted(&mut self, quote: &Quote) {
        self.lines.clone_from(&quote.lines);
        self.terms = Terms::Given {
            delivery_fee: quote.delivery_fee,
            commission_basis_points: quote.commission_basis_points,
        };
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

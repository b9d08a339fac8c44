//! A vendor's terms for one purchase, and what speaks against them.

use base_ids::Tenant;
use base_money::Money;
use cell_kernel::{Problem, Unreadable};
use serde::{Deserialize, Serialize};
use souk_proto::souk::offers::v1::OffersQuoted;

use crate::{Line, Trouble, told};

/// Most basis points that a commission can have: all of the goods' value.
const WHOLE: u32 = 10_000;

/// A vendor's terms for one checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The lines, with prices and titles to freeze.
    pub lines: Vec<Line>,
    /// What the platform keeps of the goods' value, in basis points.
    pub commission_basis_points: u32,
    /// For the whole share.
    pub delivery_fee: Money,
}

impl Quote {
    /// As the vendor has told it.
    pub fn read(vendor: &Tenant, told: &OffersQuoted) -> Result<Self, Unreadable> {
        let lines = told.lines.iter().map(|line| Line::read(vendor, line));
        let lines: Vec<Line> = lines.collect::<Result<_, _>>()?;
        // A vendor that says nothing about delivery delivers for nothing.
        let delivery_fee = match (&told.delivery_fee, lines.first()) {
            (None, Some(line)) => Money::zero(line.price.currency),
            (fee, _) => told::money(fee.as_ref())?,
        };
        let commission_basis_points = told::number(told.commission_basis_points)?;
        Ok(Self { lines, commission_basis_points, delivery_fee })
    }

    /// What speaks against it: it must be for exactly the lines that `vendor` was asked for, at exactly the prices that the buyer
    /// has seen.
    pub fn misses(&self, vendor: &Tenant, asked: &[Line]) -> Vec<Problem> {
        let mut problems: Vec<Problem> =
            asked.iter().filter_map(|line| self.missed(line)).collect();
        let (fee, currency) = (self.delivery_fee, asked.first().map(|line| line.price.currency));
        let sound = self.lines.len() == asked.len()
            && Some(fee.currency) == currency
            && !fee.is_negative()
            && self.commission_basis_points <= WHOLE;
        if problems.is_empty() && !sound {
            let text = "the shop's terms cannot be used; tell the shop";
            problems.push(Trouble::QuoteUnusable.about(vendor.to_string(), text));
        }
        problems
    }

    fn missed(&self, line: &Line) -> Option<Problem> {
        let found = self.lines.iter().find(|found| found.offer == line.offer);
        match found.filter(|found| found.quantity == line.quantity) {
            None => Some(Trouble::OfferNotSold.about(line.name(), "the shop did not quote it")),
            Some(found) if found.price != line.price => {
                let text = format!("the price was {} and is {}", line.price, found.price);
                Some(Trouble::PriceChanged.about(line.name(), text))
            }
            Some(_) => None,
        }
    }
}

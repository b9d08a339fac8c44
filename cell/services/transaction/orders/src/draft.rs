//! What is frozen when an order is placed: lines, prices, terms, totals. Built once, checked once, never computed again.

use std::{collections::BTreeSet, fmt::Debug, ops::RangeInclusive};

use base_ids::{ResourceId, Tenant};
use base_money::{Currency, Money, MoneyError};
pub use cell_words::{PaymentMethod, PostalAddress, Title};
use serde::{Deserialize, Serialize};

/// Most child orders of a group.
const CHILDREN_MAX: usize = 50;
/// Most lines of a child order.
const LINES_MAX: usize = 200;
/// Most pieces on a line.
const QUANTITY_MAX: u32 = 1_000_000;

/// A group as its checkout wants it placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupDraft {
    /// The cart, and its round, that it was bought from.
    pub cart: String,
    /// Where it goes.
    pub address: PostalAddress,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// The buyer's payment.
    pub payment: ResourceId,
    /// BCP 47: in which the buyer is spoken to.
    pub locale: String,
    /// One for each vendor; never none.
    pub children: Vec<ChildDraft>,
}

impl GroupDraft {
    /// Checks the group as a whole: one child order for each vendor, one currency, a total that fits.
    pub fn checked(self) -> Result<Self, BadDraft> {
        let count = self.children.len();
        within("child orders of a group", 1..=CHILDREN_MAX, count)?;
        let orders: BTreeSet<_> = self.children.iter().map(|child| &child.order).collect();
        let vendors: BTreeSet<_> = self.children.iter().map(|child| &child.vendor).collect();
        if orders.len() < count || vendors.len() < count {
            return Err(BadDraft::Twice);
        }
        Money::sum(self.children.iter().map(|child| child.total), self.currency())?;
        Ok(self)
    }

    /// The group's currency.
    pub fn currency(&self) -> Currency {
        self.children.first().map_or(Currency::MAD, |child| child.total.currency)
    }

    /// The group's total (Invariant order-1): what its children add up to.
    pub fn total(&self) -> Money {
        Money::sum(self.children.iter().map(|child| child.total), self.currency())
            .expect("the sum was checked when the group was drafted")
    }
}

/// One vendor's share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChildDraft {
    /// The child order's id: unique platform-wide.
    pub order: ResourceId,
    /// Who sells.
    pub vendor: Tenant,
    /// What; never nothing.
    pub lines: Vec<Line>,
    /// The inventory reservation that holds its stock.
    pub reservation: ResourceId,
    /// What the lines add up to.
    pub goods: Money,
    /// For bringing all of it.
    pub delivery_fee: Money,
    /// Goods and delivery.
    pub total: Money,
    /// What the platform keeps.
    pub commission: Commission,
}

impl ChildDraft {
    /// Adds the child order up. A line is price × quantity; the commission is taken of the goods, not of the delivery, and rounded
    /// once, to the nearest minor unit, half a unit away from zero.
    pub fn new(
        (order, vendor, reservation): (ResourceId, Tenant, ResourceId),
        lines: Vec<Line>,
        delivery_fee: Money,
        basis_points: u16,
    ) -> Result<Self, BadDraft> {
        within("lines of a child order", 1..=LINES_MAX, lines.len())?;
        let basis_points = within("basis points of a commission", 0..=10_000, basis_points)?;
        not_negative(delivery_fee)?;
        let totals = lines.iter().map(Line::total).collect::<Result<Vec<_>, _>>()?;
        let goods = Money::sum(totals, delivery_fee.currency)?;
        let total = goods.checked_add(delivery_fee)?;
        let commission = Commission { basis_points, amount: goods.share(basis_points.into())? };
        Ok(Self { order, vendor, lines, reservation, goods, delivery_fee, total, commission })
    }
}

/// So many of an offer, at the price and under the title that it had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The vendor's offer.
    pub offer: ResourceId,
    /// The product offered.
    pub product: String,
    /// Its title.
    pub title: Title,
    /// How many.
    pub quantity: u32,
    /// For one.
    pub price: Money,
}

impl Line {
    /// Price × quantity.
    fn total(&self) -> Result<Money, BadDraft> {
        let quantity = within("pieces of a line", 1..=QUANTITY_MAX, self.quantity)?;
        Ok(not_negative(self.price)?.times(quantity)?)
    }
}

/// What the platform keeps of a child order: rate and amount, both frozen, so that a later rate never changes a past sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commission {
    /// Hundredths of a percent of the goods' value.
    pub basis_points: u16,
    /// How much.
    pub amount: Money,
}

/// Not something that can be placed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDraft {
    /// Too few or too many of something.
    #[error("{found} {what}; expected {range}")]
    OutOfRange {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        range: String,
        /// How many there are.
        found: String,
    },
    /// Two child orders of one id or one vendor.
    #[error("a group has one child order for each vendor, each with an id of its own")]
    Twice,
    /// A price or a fee below nothing.
    #[error("{0} is less than nothing")]
    Negative(Money),
    /// Two currencies, or an amount that does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

fn within<N: PartialOrd + Debug>(
    what: &'static str,
    range: RangeInclusive<N>,
    found: N,
) -> Result<N, BadDraft> {
    if range.contains(&found) {
        return Ok(found);
    }
    Err(BadDraft::OutOfRange { what, range: format!("{range:?}"), found: format!("{found:?}") })
}

fn not_negative(amount: Money) -> Result<Money, BadDraft> {
    if amount.is_negative() { Err(BadDraft::Negative(amount)) } else { Ok(amount) }
}

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
        !refused && (self.owes_terms() || self.owes_stock())
    }

    /// Whether the vendor has said nothing about the price.
    pub fn owes_terms(&self) -> bool {
        self.terms == Terms::Asked
    }

    /// Whether the vendor has said nothing about the stock.
    pub fn owes_stock(&self) -> bool {
        self.stock == Stock::Asked
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

    /// Takes it that the vendor does not sell so.
    pub fn refuse_terms(&mut self, problems: &[Problem]) {
        self.terms = Terms::Refused;
        self.problems.extend_from_slice(problems);
    }

    /// Takes it that the vendor's stock is not held.
    pub fn refuse_stock(&mut self, problems: &[Problem]) {
        self.stock = Stock::Refused;
        self.problems.extend_from_slice(problems);
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

#[cfg(test)]
mod tests {
    use base_ids::ResourceId;
    use base_money::{Currency, Money};
    use souk_proto::souk::{orders::v1::ChildDraft, payments::v1::PaymentShare};

    use super::{Share, ShareOf, Stock, shares_of};
    use crate::{Line, Quote, Shortage, Title, money};

    fn line(vendor: &str, offer: &str, quantity: u32, price: i64) -> Line {
        Line {
            vendor: vendor.parse().unwrap(),
            offer: offer.parse().unwrap(),
            product: "9789954000014".parse().unwrap(),
            title: Title { fr: "Contes".to_owned(), ..Title::default() },
            quantity,
            price: Money::new(Currency::MAD, price),
        }
    }

    fn shares() -> Vec<Share> {
        let (atlas, rif) = ("vendors/atlas", "vendors/rif");
        let lines = [line(atlas, "a", 2, 500), line(rif, "c", 1, 70), line(atlas, "b", 1, 30)];
        shares_of(&"c1".parse().unwrap(), &lines)
    }

    fn quote(share: &Share) -> Quote {
        let delivery_fee = Money::new(Currency::MAD, 20);
        Quote { lines: share.lines.clone(), commission_basis_points: 800, delivery_fee }
    }

    #[test]
    fn each_vendor_has_one_share_whose_name_says_which() {
        let shares = shares();
        let found: Vec<_> = shares.iter().map(|s| (s.vendor.id(), s.lines.len())).collect();
        assert_eq!(found, [("atlas", 2), ("rif", 1)]);
        for share in shares {
            let of = ShareOf { number: share.number, vendor: share.vendor.clone() };
            let checkout: ResourceId = "c1".parse().unwrap();
            assert_eq!(ShareOf::read(share.name.as_str(), share.vendor), Ok((checkout, of)));
        }
        assert!(ShareOf::read("c1", "vendors/atlas".parse().unwrap()).is_err());
    }

    #[test]
    fn a_quote_is_for_exactly_what_was_asked() {
        let share = shares().remove(0);
        let misses = |quote: &Quote| {
            let problems = quote.misses(&share.vendor, &share.lines);
            problems.iter().map(|problem| problem.code.clone()).collect::<Vec<_>>().join(" ")
        };
        let good = quote(&share);
        assert_eq!(misses(&good), "");
        assert_eq!(
            misses(&Quote { lines: good.lines[1..].to_vec(), ..good.clone() }),
            "offer_not_sold"
        );
        let mut dearer = good.clone();
        dearer.lines[0].price.minor += 1;
        assert_eq!(misses(&dearer), "price_changed");
        let fee = Money::new(Currency::EUR, 20);
        assert_eq!(misses(&Quote { delivery_fee: fee, ..good.clone() }), "quote_unusable");
        assert_eq!(misses(&Quote { commission_basis_points: 10_001, ..good }), "quote_unusable");
    }

    #[test]
    fn what_a_share_costs_is_the_same_for_order_and_payment() {
        let mut share = shares().remove(0);
        assert_eq!(share.total(), Some(Money::new(Currency::MAD, 1_030)));
        share.take(&quote(&share));
        share.stock = Stock::Held;
        assert!(share.is_agreed());
        let due = Money::new(Currency::MAD, 1_050);
        assert_eq!(PaymentShare::from(&share).amount, Some(money(due)));
        let draft = ChildDraft::from(&share);
        assert_eq!((draft.commission_basis_points, draft.lines.len()), (800, 2));
        assert_eq!(draft.delivery_fee.map(|fee| fee.minor), Some(20));
    }

    #[test]
    fn a_vendor_that_is_silent_is_named_with_each_line() {
        let share = shares().remove(0);
        let codes: Vec<_> =
            share.why_not().into_iter().map(|found| (found.code, found.subject)).collect();
        let silent =
            |offer: &str| ("vendor_silent".to_owned(), format!("vendors/atlas/offers/{offer}"));
        assert_eq!(codes, [silent("a"), silent("b")]);
        let short = Shortage { offer: "a".parse().unwrap(), available: 1 };
        assert_eq!(share.out_of_stock(&short).text, "only 1 are left; want fewer");
    }
}

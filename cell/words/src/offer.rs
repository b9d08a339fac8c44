//! An offer as it is drawn up, by hand or by a line of an import.

use base_ids::ResourceId;
use base_money::Money;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::{Details, ProductId};

/// An offer as it is drawn up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Of which product.
    pub product: ProductId,
    /// In which condition.
    pub condition: Condition,
    /// For how much.
    pub price: Price,
    /// What the product is, if the vendor says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Details>>,
}

/// What there is of a new offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstStock {
    /// How many: 1 to [`FirstStock::MAX`].
    pub quantity: u32,
    /// Where.
    pub location: ResourceId,
}

impl FirstStock {
    /// The most that one delivery may have.
    pub const MAX: u32 = 1_000_000;
}

/// How used a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(
    serialize_all = "snake_case",
    parse_err_ty = UnknownCondition,
    parse_err_fn = UnknownCondition::of
)]
pub enum Condition {
    /// Never read.
    New,
    /// Read with care.
    Good,
    /// Read often.
    Fair,
}

/// Not a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a condition; expected new, good or fair")]
pub struct UnknownCondition(String);

impl UnknownCondition {
    fn of(text: &str) -> Self {
        Self(text.chars().take(100).collect())
    }
}

impl Condition {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads a condition that may be left out: new, then.
    pub fn or_new(text: &str) -> Result<Self, UnknownCondition> {
        if text.is_empty() { Ok(Self::New) } else { text.parse() }
    }
}

/// What one copy costs: more than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Money", into = "Money")]
pub struct Price(Money);

/// Not a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a price: expected more than nothing and at most {max} minor units", max = Price::MAX)]
pub struct NotAPrice(Money);

impl Price {
    /// The highest price, in minor units of its currency.
    pub const MAX: i64 = 100_000_000_000;

    /// The amount.
    pub fn get(self) -> Money {
        self.0
    }
}

impl TryFrom<Money> for Price {
    type Error = NotAPrice;

    fn try_from(amount: Money) -> Result<Self, NotAPrice> {
        if (1..=Self::MAX).contains(&amount.minor) {
            Ok(Self(amount))
        } else {
            Err(NotAPrice(amount))
        }
    }
}

impl From<Price> for Money {
    fn from(price: Price) -> Self {
        price.0
    }
}

/// Not a vendor's number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a SKU; expected 1 to 64 letters, digits, - and _, beginning with a letter or digit"
)]
pub struct NotASku(String);

/// A vendor's own number (SKU, stock keeping unit) as an offer's id: capitals count as small letters.
pub fn offer_of_sku(sku: &str) -> Result<ResourceId, NotASku> {
    let small = sku.trim().to_ascii_lowercase();
    small.parse().map_err(|_| NotASku(small.chars().take(100).collect()))
}

#[cfg(test)]
mod tests {
    use base_money::{Currency, Money};

    use super::{Condition, Price, offer_of_sku};

    #[test]
    fn a_price_is_more_than_nothing() {
        let price = |minor| Price::try_from(Money::new(Currency::MAD, minor));
        for minor in [i64::MIN, -1, 0, Price::MAX + 1, i64::MAX] {
            assert!(price(minor).is_err(), "{minor}");
        }
        let kept = r#"{"currency":"MAD","minor":4900}"#;
        assert_eq!(serde_json::to_string(&price(4_900).unwrap()).unwrap(), kept);
        assert_eq!(serde_json::from_str::<Price>(kept).unwrap(), price(4_900).unwrap());
        assert!(serde_json::from_str::<Price>(r#"{"currency":"MAD","minor":0}"#).is_err());
    }

    #[test]
    fn a_condition_is_new_unless_it_is_said() {
        assert_eq!(Condition::or_new(""), Ok(Condition::New));
        assert_eq!(Condition::or_new("fair").map(Condition::as_str), Ok("fair"));
        let no = Condition::or_new("torn").unwrap_err();
        assert_eq!(no.to_string(), "`torn` is not a condition; expected new, good or fair");
    }

    #[test]
    fn capitals_of_a_sku_count_as_small_letters() {
        assert_eq!(offer_of_sku(" B-1 ").unwrap().as_str(), "b-1");
        for sku in ["", "B 1", "-1", &"x".repeat(65)] {
            assert!(offer_of_sku(sku).is_err(), "{sku}");
        }
    }
}

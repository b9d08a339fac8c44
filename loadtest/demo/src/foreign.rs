//! Stores in other currencies, whose awkward prices test rounding; the same at every scale.

use base_money::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::offers::{self, Offer};

/// How many copies each offer has.
const STOCK: u32 = 25;

/// A store that sells in one currency, not the dirham.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignStore {
    /// The store's handle.
    pub handle: String,
    /// The store's name.
    pub name: String,
    /// The one currency of its offers.
    pub currency: Currency,
    /// Its offers, on the first editions of the catalogue.
    pub offers: Vec<Offer>,
}

/// Three stores: two with three decimals (TND, KWD), one with none (JPY).
pub fn foreign_stores() -> Vec<ForeignStore> {
    vec![
        // Thirds, halves of the last unit, and the least price there is.
        store(
            "maktabat-tunis",
            "Maktabat Tunis",
            Currency::TND,
            &[33_333, 12_345, 99_999, 1, 20_005, 7_770],
        ),
        store(
            "maktabat-kuwait",
            "Maktabat al-Kuwait",
            Currency::KWD,
            &[1_005, 3_335, 10_000, 499, 2_999, 1],
        ),
        store("honya-tokyo", "Hon'ya Tokyo", Currency::JPY, &[1_000, 333, 1, 1_999, 550, 7]),
    ]
}

fn store(handle: &str, name: &str, currency: Currency, prices: &[i64]) -> ForeignStore {
    let offers = (0..).zip(prices).map(|(edition, minor)| {
        offers::fixed(handle, edition, Money::new(currency, *minor), STOCK)
    });
    ForeignStore {
        handle: handle.to_owned(),
        name: name.to_owned(),
        currency,
        offers: offers.collect(),
    }
}

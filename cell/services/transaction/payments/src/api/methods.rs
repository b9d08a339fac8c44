//! The ways to pay, country by country.

use serde::{Deserialize, Serialize};

use crate::{command::Method, wire};

/// What the platform offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where buyers may pay whoever brings the goods: ISO 3166-1 alpha-2 codes. Cards are taken everywhere.
    pub cash_on_delivery_countries: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { cash_on_delivery_countries: vec!["MA".to_owned()] }
    }
}

impl Config {
    /// The ways to pay in a country, the most used first.
    pub(crate) fn methods_in(&self, country: &str) -> Vec<wire::PaymentMethod> {
        let cash = self.cash_on_delivery_countries.iter().any(|known| known == country);
        let cash = cash.then_some(Method::CashOnDelivery);
        cash.into_iter().chain([Method::Card]).map(show).collect()
    }
}

fn show(method: Method) -> wire::PaymentMethod {
    let needs_instrument = method == Method::Card;
    wire::PaymentMethod { method: <&str>::from(method).to_owned(), needs_instrument }
}

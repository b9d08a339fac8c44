//! Users: people with an address, a language and a favourite way to pay.

use serde::{Deserialize, Serialize};

use crate::authors::any_name;
use crate::cities::{CITIES, City};
use crate::dice::{Dice, Kind};
use crate::words::names::STREETS;

/// Domains under a top level that is reserved for examples.
const DOMAINS: [&str; 4] = ["barid.example", "courrier.example", "post.example", "souk.example"];

/// Which words and formats a user reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Locale {
    /// Arabic as in Morocco.
    #[serde(rename = "ar-MA")]
    Arabic,
    /// French as in Morocco.
    #[serde(rename = "fr-MA")]
    French,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// How a user likes to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentChoice {
    /// In cash, at the door.
    CashOnDelivery,
    /// By card, over CMI.
    Cmi,
    /// By card, over Stripe.
    Stripe,
    /// Over PayPal.
    Paypal,
}

/// Where parcels go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// House number and street, in the user's letters.
    pub line: String,
    /// The district, in the user's letters.
    pub district: String,
    /// The city, in the user's letters.
    pub city: String,
    /// The city's handle.
    pub city_handle: String,
    /// Five digits; many people do not know theirs.
    pub postcode: Option<String>,
    /// Always `MA`.
    pub country: String,
}

/// Somebody who buys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// A name that never changes, such as `user-000042`.
    pub handle: String,
    /// An address that cannot exist, unique.
    pub email: String,
    /// A mobile number in the form of E.164 out of a block that looks reserved, unique.
    pub phone: String,
    /// The name as the user writes it.
    pub display_name: String,
    /// Words and formats.
    pub locale: Locale,
    /// Where parcels go.
    pub address: Address,
    /// The favourite way to pay.
    pub preferred_payment: PaymentChoice,
}

impl User {
    pub(crate) fn new(seed: u64, index: u32) -> Self {
        let mut dice = Dice::new(seed, Kind::User, index);
        let (name_ar, name_latin) = any_name(&mut dice);
        let locale =
            dice.weighted(&[(50, Locale::Arabic), (40, Locale::French), (10, Locale::English)]);
        let operator = if dice.percent(60) { 6 } else { 7 };
        Self {
            handle: format!("user-{index:06}"),
            email: format!("{}.{index}@{}", mailbox(&name_latin), dice.pick(&DOMAINS)),
            phone: format!("+212{operator}00{index:06}"),
            display_name: if locale == Locale::Arabic { name_ar } else { name_latin },
            locale,
            address: address(locale, &mut dice),
            preferred_payment: dice.weighted(&[
                (65, PaymentChoice::CashOnDelivery),
                (25, PaymentChoice::Cmi),
                (7, PaymentChoice::Stripe),
                (3, PaymentChoice::Paypal),
            ]),
        }
    }
}

/// The part before the `@`: small ASCII letters with points for spaces.
fn mailbox(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_ascii_alphabetic() || *c == ' ');
    letters.map(|c| if c == ' ' { '.' } else { c.to_ascii_lowercase() }).collect()
}

fn address(locale: Locale, dice: &mut Dice) -> Address {
    let city: &City = &CITIES[usize::try_from(dice.skewed_below(12)).unwrap_or(0)];
    let place = dice.position(city.districts.len());
    let (district_ar, district_latin) = city.districts[place];
    let (street, house) = (dice.pick(&STREETS), dice.between(1, 180));
    let postcode = dice.percent(55).then(|| {
        let district = u32::try_from(place).unwrap_or(0);
        format!("{:05}", city.postcode + 10 * district)
    });
    let arabic = locale == Locale::Arabic;
    Address {
        line: if arabic {
            format!("{house} {}", street.ar)
        } else {
            format!("{house}, {}", street.latin)
        },
        district: if arabic { district_ar } else { district_latin }.to_owned(),
        city: if arabic { city.ar } else { city.latin }.to_owned(),
        city_handle: city.handle.to_owned(),
        postcode,
        country: "MA".to_owned(),
    }
}

//! The currencies that can be traded, with the number of decimals each one has.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::MoneyError;

/// An ISO 4217 currency that the platform knows. Written and read as its alphabetic code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: &'static str,
    exponent: u8,
}

impl Currency {
    /// Moroccan dirham, two decimals.
    pub const MAD: Self = Self::row("MAD", 2);
    /// Euro, two decimals.
    pub const EUR: Self = Self::row("EUR", 2);
    /// United States dollar, two decimals.
    pub const USD: Self = Self::row("USD", 2);
    /// Tunisian dinar, three decimals.
    pub const TND: Self = Self::row("TND", 3);
    /// Kuwaiti dinar, three decimals.
    pub const KWD: Self = Self::row("KWD", 3);
    /// Japanese yen, no decimals.
    pub const JPY: Self = Self::row("JPY", 0);

    const fn row(code: &'static str, exponent: u8) -> Self {
        Self { code, exponent }
    }

    /// Finds a currency by its alphabetic code, in capitals.
    ///
    /// Errors: [`MoneyError::UnknownCurrency`] names the code.
    pub fn from_code(code: &str) -> Result<Self, MoneyError> {
        match KNOWN.binary_search_by(|known| known.code.cmp(code)) {
            Ok(position) => Ok(KNOWN[position]),
            Err(_) => Err(MoneyError::UnknownCurrency(code.to_owned())),
        }
    }

    /// The alphabetic code, such as `MAD`.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// How many decimals an amount has: 0, 2 or 3.
    pub const fn exponent(self) -> u8 {
        self.exponent
    }

    /// How many minor units make one major unit: 1, 100 or 1000.
    pub const fn minor_per_major(self) -> u32 {
        10_u32.pow(self.exponent as u32)
    }

    /// All known currencies, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        KNOWN.iter().copied()
    }
}

/// Sorted by code, because `from_code` searches by halves. Exponents as in ISO 4217, list one.
static KNOWN: [Currency; 80] = [
    Currency::row("AED", 2),
    Currency::row("ARS", 2),
    Currency::row("AUD", 2),
    Currency::row("BDT", 2),
    Currency::row("BGN", 2),
    Currency::row("BHD", 3),
    Currency::row("BIF", 0),
    Currency::row("BRL", 2),
    Currency::row("CAD", 2),
    Currency::row("CHF", 2),
    Currency::row("CLP", 0),
    Currency::row("CNY", 2),
    Currency::row("COP", 2),
    Currency::row("CZK", 2),
    Currency::row("DJF", 0),
    Currency::row("DKK", 2),
    Currency::row("DZD", 2),
    Currency::row("EGP", 2),
    Currency::row("ETB", 2),
    Currency::row("EUR", 2),
    Currency::row("GBP", 2),
    Currency::row("GHS", 2),
    Currency::row("GNF", 0),
    Currency::row("HKD", 2),
    Currency::row("HUF", 2),
    Currency::row("IDR", 2),
    Currency::row("ILS", 2),
    Currency::row("INR", 2),
    Currency::row("IQD", 3),
    Currency::row("IRR", 2),
    Currency::row("ISK", 0),
    Currency::row("JOD", 3),
    Currency::row("JPY", 0),
    Currency::row("KES", 2),
    Currency::row("KMF", 0),
    Currency::row("KRW", 0),
    Currency::row("KWD", 3),
    Currency::row("KZT", 2),
    Currency::row("LBP", 2),
    Currency::row("LKR", 2),
    Currency::row("LYD", 3),
    Currency::row("MAD", 2),
    Currency::row("MRU", 2),
    Currency::row("MXN", 2),
    Currency::row("MYR", 2),
    Currency::row("NGN", 2),
    Currency::row("NOK", 2),
    Currency::row("NZD", 2),
    Currency::row("OMR", 3),
    Currency::row("PEN", 2),
    Currency::row("PHP", 2),
    Currency::row("PKR", 2),
    Currency::row("PLN", 2),
    Currency::row("PYG", 0),
    Currency::row("QAR", 2),
    Currency::row("RON", 2),
    Currency::row("RWF", 0),
    Currency::row("SAR", 2),
    Currency::row("SDG", 2),
    Currency::row("SEK", 2),
    Currency::row("SGD", 2),
    Currency::row("SOS", 2),
    Currency::row("SYP", 2),
    Currency::row("THB", 2),
    Currency::row("TND", 3),
    Currency::row("TRY", 2),
    Currency::row("TWD", 2),
    Currency::row("TZS", 2),
    Currency::row("UAH", 2),
    Currency::row("UGX", 0),
    Currency::row("USD", 2),
    Currency::row("UYU", 2),
    Currency::row("VND", 0),
    Currency::row("VUV", 0),
    Currency::row("XAF", 0),
    Currency::row("XOF", 0),
    Currency::row("XPF", 0),
    Currency::row("YER", 2),
    Currency::row("ZAR", 2),
    Currency::row("ZMW", 2),
];

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::from_code(code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(CodeVisitor)
    }
}

struct CodeVisitor;

impl Visitor<'_> for CodeVisitor {
    type Value = Currency;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an ISO 4217 currency code such as MAD")
    }

    fn visit_str<E: Error>(self, code: &str) -> Result<Currency, E> {
        Currency::from_code(code).map_err(|_| E::invalid_value(Unexpected::Str(code), &self))
    }
}

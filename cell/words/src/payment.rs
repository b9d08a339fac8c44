//! How something is paid.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use souk_proto::souk::checkout;
use strum::{EnumString, IntoStaticStr};

/// How something is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", parse_err_ty = UnknownMethod, parse_err_fn = unknown)]
pub enum PaymentMethod {
    /// By card, before anything is sent.
    Card,
    /// In cash, to whoever brings it.
    CashOnDelivery,
}

/// Not a method. Does not repeat what was given: it may be a card number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `card` or `cash_on_delivery`")]
pub struct UnknownMethod;

fn unknown(_: &str) -> UnknownMethod {
    UnknownMethod
}

/// A provider's token for a card: 3 to 120 letters, digits, `_` and `-`, with a letter among them, so that it is never a card
/// number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instrument(String);

/// Not an instrument. Does not repeat what was given: it may be a card number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the provider's token, such as pm_card_visa; never a card number")]
pub struct BadInstrument;

impl Instrument {
    /// The token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Instrument {
    type Err = BadInstrument;

    fn from_str(text: &str) -> Result<Self, BadInstrument> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let lettered = text.bytes().any(|byte| byte.is_ascii_alphabetic());
        if (3..=120).contains(&text.len()) && text.bytes().all(plain) && lettered {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadInstrument)
        }
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a buyer wants to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Payment {
    /// By card.
    Card {
        /// Which, as the provider knows it.
        instrument: Instrument,
    },
    /// In cash, at the door.
    CashOnDelivery,
}

impl Payment {
    /// The method's name.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Card { .. } => PaymentMethod::Card.into(),
            Self::CashOnDelivery => PaymentMethod::CashOnDelivery.into(),
        }
    }

    /// The provider's token; empty where there is none.
    pub fn instrument(&self) -> &str {
        match self {
            Self::Card { instrument } => instrument.as_str(),
            Self::CashOnDelivery => "",
        }
    }
}

impl From<&Payment> for checkout::v1::Payment {
    fn from(payment: &Payment) -> Self {
        let (method, instrument) = (payment.method().to_owned(), payment.instrument().to_owned());
        Self { method, instrument }
    }
}

#[cfg(test)]
mod tests {
    use super::{Instrument, PaymentMethod};

    #[test]
    fn a_card_number_is_never_taken_for_a_token() {
        for text in
            ["4242424242424242", "4242-4242-4242-4242", "", "pm", "pm card", "é".repeat(9).as_str()]
        {
            assert!(text.parse::<Instrument>().is_err(), "{text}");
        }
        assert!("pm_card_visa".parse::<Instrument>().is_ok());
    }

    #[test]
    fn a_method_has_one_name_in_events_and_on_the_wire() {
        for (method, name) in
            [(PaymentMethod::Card, "card"), (PaymentMethod::CashOnDelivery, "cash_on_delivery")]
        {
            assert_eq!(<&str>::from(method), name);
            assert_eq!(name.parse(), Ok(method));
            assert_eq!(serde_json::to_value(method).unwrap(), name);
        }
        assert!("cheque".parse::<PaymentMethod>().is_err());
    }
}

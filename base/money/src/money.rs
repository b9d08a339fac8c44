//! An amount of one currency and the checked arithmetic over it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::Currency;

/// One hundredth of a percent is one basis point; this many are the whole.
const WHOLE_IN_BASIS_POINTS: i128 = 10_000;

/// An amount in minor units of its currency, such as 1999 for 19.99 MAD.
///
/// Amounts of different currencies are unequal and have no order: comparing them with `<` or `>`
/// is false both ways; [`Money::compare`] says so loudly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// The currency, which also fixes what a minor unit is.
    pub currency: Currency,
    /// The amount in minor units; negative for money that flows back.
    pub minor: i64,
}

/// Why an operation over money has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The code is not in the table of known currencies.
    #[error("unknown currency {0:?}")]
    UnknownCurrency(String),
    /// The amounts are of two currencies.
    #[error("cannot combine {left} with {right}")]
    CurrencyMismatch {
        /// The currency of the first amount.
        left: Currency,
        /// The currency of the second amount.
        right: Currency,
    },
    /// The result does not fit 64 bits.
    #[error("the amount is too large")]
    Overflow,
    /// A split was asked for over no parts at all.
    #[error("an amount cannot be split over no parts")]
    NoParts,
    /// The text is not an amount of the currency.
    #[error("{text:?} is not an amount in {currency}, which has {} decimals", currency.exponent())]
    Malformed {
        /// What was read, cut to its first 64 characters.
        text: String,
        /// The currency it was read for.
        currency: Currency,
    },
}

impl Money {
    /// An amount of `minor` minor units.
    pub const fn new(currency: Currency, minor: i64) -> Self {
        Self { currency, minor }
    }

    /// Nothing, in `currency`.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(currency, 0)
    }

    /// Whether the amount is exactly nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Whether the amount is less than nothing.
    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    /// Adds two amounts of one currency.
    ///
    /// Errors: `CurrencyMismatch`, `Overflow`.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_add(other.minor))
    }

    /// Takes `other` from an amount of the same currency; the result may be negative.
    ///
    /// Errors: `CurrencyMismatch`, `Overflow`.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(self.minor.checked_sub(other.minor))
    }

    /// The same amount flowing the other way.
    ///
    /// Errors: `Overflow` for the least amount of all, which has no opposite.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_neg())
    }

    /// The amount taken `quantity` times, as a line of an order is.
    ///
    /// Errors: `Overflow`.
    pub fn times(self, quantity: u32) -> Result<Self, MoneyError> {
        self.with(self.minor.checked_mul(i64::from(quantity)))
    }

    /// Adds all amounts, starting from nothing in `currency`; no amounts make nothing.
    ///
    /// Only the total must fit: a partial sum may be larger, so the order of the amounts never
    /// decides between an answer and an error.
    ///
    /// Errors: `CurrencyMismatch` on the first amount of another currency, `Overflow`.
    pub fn sum(
        amounts: impl IntoIterator<Item = Self>,
        currency: Currency,
    ) -> Result<Self, MoneyError> {
        let zero = Self::zero(currency);
        let mut total: i128 = 0;
        for amount in amounts {
            zero.same_currency(amount)?;
            total = total.checked_add(i128::from(amount.minor)).ok_or(MoneyError::Overflow)?;
        }
        zero.with(i64::try_from(total).ok())
    }

    /// The part of the amount that `basis_points` (hundredths of a percent) of it are, rounded to
    /// the nearest minor unit, and half a unit away from zero.
    ///
    /// The rounding is the one merchants' invoices use, and it is symmetrical: the commission
    /// taken back with a refund is exactly the commission taken with the sale.
    ///
    /// Errors: `Overflow`, possible only above 10,000 basis points.
    pub fn share(self, basis_points: u32) -> Result<Self, MoneyError> {
        let scaled = i128::from(self.minor) * i128::from(basis_points);
        let half = scaled.signum() * (WHOLE_IN_BASIS_POINTS / 2);
        self.with(i64::try_from((scaled + half) / WHOLE_IN_BASIS_POINTS).ok())
    }

    /// Orders two amounts of one currency.
    ///
    /// Errors: `CurrencyMismatch`.
    pub fn compare(self, other: Self) -> Result<Ordering, MoneyError> {
        self.same_currency(other)?;
        Ok(self.minor.cmp(&other.minor))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency })
    }

    fn with(self, minor: Option<i64>) -> Result<Self, MoneyError> {
        Ok(Self::new(self.currency, minor.ok_or(MoneyError::Overflow)?))
    }
}

impl PartialOrd for Money {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.compare(*other).ok()
    }
}

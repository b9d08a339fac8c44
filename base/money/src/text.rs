//! Amounts as people write them: digits, a point, and as many decimals as the currency has.

use std::fmt;

use crate::{Currency, Money, MoneyError};

/// How much of a refused text an error repeats, in characters.
const QUOTED: usize = 64;

impl Money {
    /// Reads an amount such as `19.99` in `currency`, in exactly the form [`Money::decimal`] writes.
    ///
    /// Refused are a wrong number of decimals, a plus, leading zeros, spaces, separators of
    /// thousands, digits that are not ASCII, and a negative zero.
    ///
    /// Errors: `Malformed`, and `Overflow` for more than 64 bits of minor units.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let malformed =
            || MoneyError::Malformed { text: text.chars().take(QUOTED).collect(), currency };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (major, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let leading_zero = major.len() > 1 && major.starts_with('0');
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if major.is_empty()
            || leading_zero
            || decimals.len() != usize::from(currency.exponent())
            || digits.contains('.') == decimals.is_empty()
            || !all_digits(major)
            || !all_digits(decimals)
        {
            return Err(malformed());
        }
        // Counted downwards, because the least amount has no positive twin.
        let below_zero = major.bytes().chain(decimals.bytes()).try_fold(0_i64, |sum, digit| {
            sum.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))
        });
        let below_zero = below_zero.ok_or(MoneyError::Overflow)?;
        match (negative, below_zero) {
            (true, 0) => Err(malformed()),
            (true, minor) => Ok(Self::new(currency, minor)),
            (false, minor) => Self::new(currency, minor).checked_neg(),
        }
    }

    /// The amount without its currency, such as `19.99`: what [`Money::parse`] reads.
    pub fn decimal(self) -> String {
        let sign = if self.is_negative() { "-" } else { "" };
        let per_major = u64::from(self.currency.minor_per_major());
        let (major, minor) =
            (self.minor.unsigned_abs() / per_major, self.minor.unsigned_abs() % per_major);
        match usize::from(self.currency.exponent()) {
            0 => format!("{sign}{major}"),
            decimals => format!("{sign}{major}.{minor:0decimals$}"),
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

//! Dividing an amount so that the parts add up to it, to the last minor unit.

use std::cmp::Reverse;

use crate::{Money, MoneyError};

impl Money {
    /// Divides the amount in proportion to `weights`, by largest remainder.
    ///
    /// The parts add up to the amount exactly, and each is less than one minor unit away from its
    /// ideal share. A unit left over goes to the part that lost most by rounding down, and on a tie
    /// to the earliest, so the same question always has the same answer. Weights that are all zero
    /// ask for parts as even as possible; beside others, a zero weight gets nothing. A negative
    /// amount is divided as its opposite is, so a refund mirrors its payment.
    ///
    /// Errors: `NoParts` when there are no weights.
    pub fn split(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        if weights.is_empty() {
            return Err(MoneyError::NoParts);
        }
        let even = weights.iter().all(|weight| *weight == 0);
        let weight_of = |weight: &u64| if even { 1 } else { u128::from(*weight) };
        let total_weight: u128 = weights.iter().map(weight_of).sum();
        let amount = u128::from(self.minor.unsigned_abs());

        // An amount is at most 2^63 and a weight below 2^64, so no product leaves 128 bits.
        let shares: Vec<u128> = weights.iter().map(|weight| amount * weight_of(weight)).collect();
        let mut parts: Vec<u128> = shares.iter().map(|share| share / total_weight).collect();
        let left_over = amount - parts.iter().sum::<u128>();

        let mut by_loss: Vec<usize> = (0..shares.len()).collect();
        // The sort is stable, which is what gives a tie to the earliest.
        by_loss.sort_by_key(|&part| Reverse(shares[part] % total_weight));
        for (_, part) in (0..left_over).zip(by_loss) {
            parts[part] += 1;
        }
        parts.into_iter().map(|part| self.signed(part)).collect()
    }

    /// Gives a part the sign of the whole.
    fn signed(self, part: u128) -> Result<Self, MoneyError> {
        let part = i128::try_from(part).map_err(|_| MoneyError::Overflow)?;
        let signed = if self.is_negative() { -part } else { part };
        let minor = i64::try_from(signed).map_err(|_| MoneyError::Overflow)?;
        Ok(Self::new(self.currency, minor))
    }
}

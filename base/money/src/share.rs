//! A share of a whole, right once built.

use serde::{Deserialize, Serialize};

/// A share in basis points, which are hundredths of a percent: 0 to 10,000. [`Money::share`](crate::Money::share) computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct BasisPoints(u16);

/// Not a share: its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is {0}; expected 0 to {max} hundredths of a percent", max = BasisPoints::WHOLE.0)]
pub struct BadBasisPoints(i32);

impl BasisPoints {
    /// A tenth.
    pub const TENTH: Self = Self(1_000);
    /// The whole.
    pub const WHOLE: Self = Self(10_000);

    /// The number.
    pub fn get(self) -> u32 {
        self.0.into()
    }
}

impl TryFrom<i32> for BasisPoints {
    type Error = BadBasisPoints;

    fn try_from(number: i32) -> Result<Self, BadBasisPoints> {
        let share = u16::try_from(number).map(Self).ok();
        share.filter(|share| *share <= Self::WHOLE).ok_or(BadBasisPoints(number))
    }
}

impl From<BasisPoints> for i32 {
    fn from(share: BasisPoints) -> Self {
        share.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::{BadBasisPoints, BasisPoints};

    #[test]
    fn a_share_is_between_nothing_and_the_whole() {
        assert_eq!(BasisPoints::try_from(0), Ok(BasisPoints(0)));
        assert_eq!(BasisPoints::try_from(10_000), Ok(BasisPoints::WHOLE));
        for number in [i32::MIN, -1, 10_001, 65_536 + 1, i32::MAX] {
            assert_eq!(BasisPoints::try_from(number), Err(BadBasisPoints(number)));
        }
        assert!(serde_json::from_str::<BasisPoints>("10001").is_err());
        assert_eq!(serde_json::to_string(&BasisPoints::TENTH).unwrap(), "1000");
    }
}

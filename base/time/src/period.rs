//! A stretch of time.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A stretch of time, from one point to a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

impl Period {
    /// Whether it has begun at `now`, over or not.
    pub fn has_begun(self, now: Timestamp) -> bool {
        self.from <= now
    }

    /// Whether it is over at `now`.
    pub fn is_over(self, now: Timestamp) -> bool {
        self.until <= now
    }
}

#[cfg(test)]
mod tests {
    use super::Period;
    use crate::Timestamp;

    #[test]
    fn a_period_has_its_first_moment_and_not_its_last() {
        let at = Timestamp::from_millis;
        let period = Period { from: at(5), until: at(9) };
        let is_in = |now| period.has_begun(now) && !period.is_over(now);
        assert_eq!([4, 5, 8, 9].map(|now| is_in(at(now))), [false, true, true, false]);
    }
}

//! A session's refresh tokens: numbered, one good at a time, each good for once. Two holders of one session cannot both go on.

use std::time::Duration;

use base_time::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a session lives, however often it is refreshed.
const LIFE: Duration = Duration::from_hours(180 * 24);
/// How long a session lives without being refreshed.
const IDLE: Duration = Duration::from_hours(30 * 24);

/// The refresh tokens of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Family {
    /// The number of the token that is good.
    pub number: u64,
    /// When the session began.
    pub started: Timestamp,
    /// When it was last refreshed, or began.
    pub refreshed: Timestamp,
    /// When it ends, however often it is refreshed.
    pub until: Timestamp,
}

/// What a refresh token is traded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trade {
    /// The token with this number.
    Next(u64),
    /// Nothing, and the session is over: the token was used before, so two hold it.
    Reused,
    /// Nothing: no such token was given out.
    Unknown,
    /// Nothing, and the session is over: it was not used for too long.
    Idle,
}

impl Family {
    /// A session that begins now.
    pub fn begin(now: Timestamp) -> Self {
        Self { number: 1, started: now, refreshed: now, until: now.after(LIFE) }
    }

    /// What the token with this number is worth now.
    pub fn trade(&self, number: u64, now: Timestamp) -> Trade {
        if number < self.number {
            Trade::Reused
        } else if number > self.number {
            Trade::Unknown
        } else if now < self.good_until() {
            Trade::Next(number + 1)
        } else {
            Trade::Idle
        }
    }

    /// Folds: a token was traded for this one.
    pub fn traded(&mut self, number: u64, at: Timestamp) {
        (self.number, self.refreshed) = (number, at);
    }

    /// Until when the good token can be traded.
    pub fn good_until(&self) -> Timestamp {
        self.refreshed.after(IDLE).min(self.until)
    }
}

#[cfg(test)]
mod tests {
    use base_time::Timestamp;
    use proptest::prelude::*;

    use super::{Family, IDLE, LIFE, Trade};

    #[test]
    fn a_session_ends_when_it_rests_or_is_old() {
        let day = |day: i64| Timestamp::from_millis(day * 24 * 3_600_000);
        let mut family = Family::begin(day(0));
        assert_eq!(family.trade(1, day(29)), Trade::Next(2));
        assert_eq!(family.trade(1, day(30)), Trade::Idle);
        for beat in 1..8_i64 {
            let number = u64::try_from(beat).unwrap();
            if let Trade::Next(next) = family.trade(number, day(25 * beat)) {
                family.traded(next, day(25 * beat));
            }
        }
        assert_eq!(family.number, 8);
        assert_eq!(family.good_until(), day(0).after(LIFE).min(day(175).after(IDLE)));
        assert_eq!(family.trade(8, day(180)), Trade::Idle);
    }

    proptest! {
        /// The owner and a thief trade the tokens that each of them has, in any order: the second of the two to use one token
        /// ends the session, and no token is ever worth anything twice.
        #[test]
        fn two_holders_cannot_both_go_on(steps in prop::collection::vec(any::<bool>(), 1..30), stolen_at in 0..10_usize) {
            let (mut family, mut over) = (Family::begin(Timestamp::default()), false);
            let (mut owner, mut thief) = (1_u64, None);
            for (step, owners_turn) in steps.into_iter().enumerate() {
                if step == stolen_at {
                    thief = Some(owner);
                }
                let holder = if owners_turn { Some(&mut owner) } else { thief.as_mut() };
                let Some(token) = holder else { continue };
                let worth = if over { Trade::Unknown } else { family.trade(*token, Timestamp::default()) };
                match worth {
                    Trade::Next(next) => {
                        prop_assert_eq!(*token, family.number, "a token was worth something twice");
                        family.traded(next, Timestamp::default());
                        *token = next;
                    }
                    Trade::Reused => over = true,
                    Trade::Unknown | Trade::Idle => prop_assert!(over),
                }
                prop_assert!(over || thief.is_none_or(|thief| thief <= family.number && owner <= family.number));
            }
        }
    }
}

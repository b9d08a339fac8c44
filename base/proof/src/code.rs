//! One-time codes: made seldom, tried seldom, each for one purpose.

use std::time::Duration;

use base_time::Timestamp;
use serde::{Deserialize, Serialize};

/// How long a code can be used.
const CODE_FOR: Duration = Duration::from_mins(10);
/// Least time between two codes.
const BETWEEN: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// Most codes within an hour.
const CODES_AN_HOUR: usize = 5;
/// Most codes within a day.
pub const CODES_A_DAY: usize = 10;
/// How often a code can be tried.
pub const TRIES_PER_CODE: u32 = 5;

/// What a code is for; a code for one purpose is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodePurpose {
    /// To end a registration.
    Registration,
    /// To sign in.
    SignIn,
    /// To set a new password.
    ResetPassword,
}

impl CodePurpose {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::SignIn => "sign_in",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// A code that was made. Its digits follow from this, whose it is, and the platform's secret; they are not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCode {
    /// For what.
    pub purpose: CodePurpose,
    /// The how-manieth of its owner.
    pub number: u64,
    /// When it was made.
    pub at: Timestamp,
    /// Until when it can be used.
    pub until: Timestamp,
}

/// The codes of one owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codes {
    /// How many were ever made.
    made: u64,
    /// When, within the day before the last one.
    lately: Vec<Timestamp>,
    /// The last one with the tries it has left, until it is used.
    current: Option<(IssuedCode, u32)>,
}

/// How a try of a code ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// There is none for this purpose that can still be tried.
    Unusable,
    /// It is the code.
    Right,
    /// It is not: a failure to be counted.
    Wrong {
        /// How many tries are left.
        tries_left: u32,
    },
}

impl Codes {
    /// The next code; `None` if there were too many lately.
    pub fn next(&self, purpose: CodePurpose, now: Timestamp) -> Option<IssuedCode> {
        let within = |span| self.lately.iter().filter(|at| now.since(**at) < span).count();
        let often =
            within(BETWEEN) > 0 || within(HOUR) >= CODES_AN_HOUR || within(DAY) >= CODES_A_DAY;
        let code =
            IssuedCode { purpose, number: self.made + 1, at: now, until: now.after(CODE_FOR) };
        (!often).then_some(code)
    }

    /// Tries the current code; `right` says whether it is the one that was given.
    pub fn check(&self, purpose: CodePurpose, right: bool, now: Timestamp) -> Tried {
        match &self.current {
            Some((code, left @ 1..)) if code.purpose == purpose && now < code.until => {
                if right {
                    Tried::Right
                } else {
                    Tried::Wrong { tries_left: left - 1 }
                }
            }
            _ => Tried::Unusable,
        }
    }

    /// The current code, until it is used.
    pub fn current(&self) -> Option<&IssuedCode> {
        self.current.as_ref().map(|(code, _)| code)
    }

    /// Folds: a code was made; the one before is void.
    pub fn made(&mut self, code: &IssuedCode) {
        self.made = code.number;
        self.lately.retain(|before| code.at.since(*before) < DAY);
        self.lately.push(code.at);
        self.current = Some((code.clone(), TRIES_PER_CODE));
    }

    /// Folds: a wrong one was given.
    pub fn failed(&mut self, tries_left: u32) {
        if let Some((_, left)) = &mut self.current {
            *left = tries_left;
        }
    }

    /// Folds: the current one was used, or shall not be.
    pub fn used(&mut self) {
        self.current = None;
    }
}

#[cfg(test)]
mod tests {
    use base_time::Timestamp;
    use proptest::prelude::*;

    use super::{CODES_A_DAY, CodePurpose, Codes, TRIES_PER_CODE, Tried};

    const DAY: i64 = 24 * 3_600_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_code_is_for_one_purpose_and_a_new_one_voids_it() {
        let mut codes = Codes::default();
        codes.made(&codes.next(CodePurpose::SignIn, at(0)).unwrap());
        assert_eq!(codes.check(CodePurpose::ResetPassword, true, at(1)), Tried::Unusable);
        assert_eq!(codes.check(CodePurpose::SignIn, true, at(599_999)), Tried::Right);
        assert_eq!(codes.check(CodePurpose::SignIn, true, at(600_000)), Tried::Unusable);
        codes.made(&codes.next(CodePurpose::ResetPassword, at(30_000)).unwrap());
        assert_eq!(codes.check(CodePurpose::SignIn, true, at(30_001)), Tried::Unusable);
        codes.used();
        assert_eq!(codes.check(CodePurpose::ResetPassword, true, at(30_001)), Tried::Unusable);
    }

    proptest! {
        /// Whoever asks for codes and guesses, as fast as can be or slowly: so many guesses a day are looked at and no more.
        #[test]
        fn guessing_is_bounded(steps in prop::collection::vec((any::<bool>(), 0..DAY / 40), 1..400)) {
            let (mut codes, mut now, mut looked_at) = (Codes::default(), 0, Vec::new());
            for (ask, wait) in steps {
                now += wait;
                if ask {
                    if let Some(code) = codes.next(CodePurpose::SignIn, at(now)) {
                        codes.made(&code);
                    }
                } else if let Tried::Wrong { tries_left } = codes.check(CodePurpose::SignIn, false, at(now)) {
                    codes.failed(tries_left);
                    looked_at.push(now);
                }
            }
            let most = (CODES_A_DAY + 1) * TRIES_PER_CODE as usize;
            for from in &looked_at {
                let within = looked_at.iter().filter(|at| (*from..*from + DAY).contains(*at)).count();
                prop_assert!(within <= most, "{within} guesses within a day");
            }
        }
    }
}

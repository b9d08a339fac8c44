//! A point of the chain, and what happens there.

use std::{fmt, str::FromStr};

use cell_scylla::Mishap;

/// What may happen at a change, and how it is written.
pub(crate) const KINDS: [(Mishap, &str); 5] = [
    (Mishap::CrashBefore, "crash-before"),
    (Mishap::CrashAfter, "crash-after"),
    (Mishap::Twice, "twice"),
    (Mishap::AnswerLost, "answer-lost"),
    (Mishap::CallLost, "call-lost"),
];

/// The how manieth change of a purpose, from 0, and what it meets. Written `append:1:crash-after`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) what: String,
    pub(crate) nth: usize,
    pub(crate) mishap: Mishap,
}

impl Point {
    /// How its kind is written.
    pub(crate) fn kind(&self) -> &'static str {
        KINDS.iter().find(|(mishap, _)| *mishap == self.mishap).map_or("refused", |(_, name)| name)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.what, self.nth, self.kind())
    }
}

/// A text is not a point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a point: expected the like of append:1:crash-after")]
pub(crate) struct NotAPoint(String);

impl FromStr for Point {
    type Err = NotAPoint;

    fn from_str(text: &str) -> Result<Self, NotAPoint> {
        let read = || {
            let (place, kind) = text.rsplit_once(':')?;
            let (what, nth) = place.rsplit_once(':')?;
            let (mishap, _) = KINDS.iter().find(|(_, name)| *name == kind)?;
            Some(Self { what: what.to_owned(), nth: nth.parse().ok()?, mishap: *mishap })
        };
        read().ok_or_else(|| NotAPoint(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, Point};

    #[test]
    fn a_point_is_read_as_it_is_written() {
        for (mishap, _) in KINDS {
            let point = Point { what: "post messages".to_owned(), nth: 3, mishap };
            assert_eq!(point.to_string().parse(), Ok(point));
        }
        for wrong in ["append", "append:1", "append:x:twice", "append:1:never"] {
            assert!(wrong.parse::<Point>().is_err(), "{wrong}");
        }
    }
}

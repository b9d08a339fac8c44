//! Bad days: what a write, a message on a wire or a call to the card provider may meet, planned one by one or by chance.

use std::{fmt, str::FromStr, time::Duration};

use parking_lot::Mutex;
use strum::{Display, EnumIter, EnumString};

use crate::chance::Chance;

/// What a write to a cell's disk meets.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub enum WriteDay {
    /// The process dies before the write, and is back after a second.
    CrashBefore,
    /// The write is on the disk and the process dies before it knows, and is back after a second.
    CrashAfter,
    /// The same, but the process is away for longer than any vendor's answer and any payment is waited for.
    CrashLong,
    /// The write is on the disk, but nobody can tell.
    LostAnswer,
    /// The disk refuses the write; nothing is written.
    Refused,
}

/// What a message on a wire between two cells meets.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub enum WireDay {
    /// It arrives twice.
    Twice,
    /// It arrives seconds later, behind its successors and behind its own repetition.
    Late,
    /// It arrives after everything that was waited for is over, behind the undoing.
    VeryLate,
    /// It arrives, but its sender does not get to know.
    AnswerLost,
}

/// What a call to the card provider meets.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumString, EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub enum CallDay {
    /// The provider has done it, and the process dies before it has recorded the answer.
    CrashAfter,
    /// The provider has done it, but its answer is lost.
    AnswerLost,
    /// The call does not reach the provider.
    TimedOut,
}

/// How long a process is away after a crash.
pub(crate) const AWAY: Duration = Duration::from_secs(1);
/// How long it is away on a long crash.
pub(crate) const AWAY_LONG: Duration = Duration::from_mins(16);

/// One bad day: where, and what is met there. Written `cell-1:17:crash-after`, `wire:12:late` or `call:3:timed-out`; everything is
/// counted from the beginning of the purchase: a cell's writes from 0, messages and calls from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Injection {
    /// A write of a cell.
    Write {
        /// Which cell.
        cell: usize,
        /// Its how manieth write.
        step: u64,
        /// What it meets.
        day: WriteDay,
    },
    /// A message on a wire.
    Message {
        /// The how manieth.
        number: u64,
        /// What it meets.
        day: WireDay,
    },
    /// A call to the card provider.
    Call {
        /// The how manieth.
        number: u64,
        /// What it meets.
        day: CallDay,
    },
}

impl Injection {
    /// Its kind, for the table of counts.
    pub fn kind(self) -> String {
        match self {
            Self::Write { day, .. } => format!("write {day}"),
            Self::Message { day, .. } => format!("message {day}"),
            Self::Call { day, .. } => format!("call {day}"),
        }
    }
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { cell, step, day } => write!(f, "cell-{cell}:{step}:{day}"),
            Self::Message { number, day } => write!(f, "wire:{number}:{day}"),
            Self::Call { number, day } => write!(f, "call:{number}:{day}"),
        }
    }
}

/// A text is not a bad day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a bad day: expected the like of cell-1:17:crash-after, wire:12:late or call:3:timed-out"
)]
pub struct NotADay(String);

impl FromStr for Injection {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let read = || {
            let mut parts = text.split(':');
            let (place, number, day) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
            if parts.next().is_some() {
                return None;
            }
            Some(match place {
                "wire" => Self::Message { number, day: day.parse().ok()? },
                "call" => Self::Call { number, day: day.parse().ok()? },
                cell => Self::Write {
                    cell: cell.strip_prefix("cell-")?.parse().ok().filter(|cell| *cell < 3)?,
                    step: number,
                    day: day.parse().ok()?,
                },
            })
        };
        read().ok_or_else(|| NotADay(text.to_owned()))
    }
}

/// Decides what each thing meets.
pub(crate) trait Days: Send + Sync + 'static {
    /// A cell's write with this number.
    fn write(&self, cell: usize, step: u64) -> Option<WriteDay>;
    /// The message with this number.
    fn message(&self, number: u64) -> Option<WireDay>;
    /// How long a message takes that meets nothing.
    fn latency(&self) -> Duration {
        Duration::ZERO
    }
    /// The call with this number.
    fn call(&self, number: u64) -> Option<CallDay>;
}

/// Exactly these bad days; none for good ones only.
pub(crate) struct Planned(pub(crate) Vec<Injection>);

impl Days for Planned {
    fn write(&self, cell: usize, step: u64) -> Option<WriteDay> {
        self.0.iter().find_map(|injection| match *injection {
            Injection::Write { cell: c, step: s, day } if (c, s) == (cell, step) => Some(day),
            _ => None,
        })
    }

    fn message(&self, number: u64) -> Option<WireDay> {
        self.0.iter().find_map(|injection| match *injection {
            Injection::Message { number: n, day } if n == number => Some(day),
            _ => None,
        })
    }

    fn call(&self, number: u64) -> Option<CallDay> {
        self.0.iter().find_map(|injection| match *injection {
            Injection::Call { number: n, day } if n == number => Some(day),
            _ => None,
        })
    }
}

/// Milliseconds that a message takes at most where chance falls.
pub(crate) const LATENCY_MS: u64 = 60;

/// Bad days by chance, until there have been enough of them.
pub(crate) struct Stormy {
    chance: Chance,
    left: Mutex<u64>,
    once_in: u64,
}

impl Stormy {
    /// Something goes wrong once in `once_in` times, `at_most` times in all.
    pub(crate) fn new(chance: Chance, once_in: u64, at_most: u64) -> Self {
        Self { chance, left: Mutex::new(at_most), once_in }
    }

    fn strikes(&self, rarer: u64) -> bool {
        let mut left = self.left.lock();
        let strikes = *left > 0 && self.chance.once_in(self.once_in * rarer);
        *left -= u64::from(strikes);
        strikes
    }
}

impl Days for Stormy {
    fn write(&self, _: usize, _: u64) -> Option<WriteDay> {
        use WriteDay::{CrashAfter, CrashBefore, CrashLong, LostAnswer, Refused};
        let days = [CrashBefore, CrashAfter, CrashLong, LostAnswer, LostAnswer, Refused];
        self.strikes(4).then(|| *self.chance.one_of(&days))
    }

    fn message(&self, _: u64) -> Option<WireDay> {
        use WireDay::{AnswerLost, Late, Twice, VeryLate};
        self.strikes(1).then(|| *self.chance.one_of(&[Twice, Late, VeryLate, AnswerLost]))
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(self.chance.within(0..LATENCY_MS))
    }

    fn call(&self, _: u64) -> Option<CallDay> {
        use CallDay::{AnswerLost, CrashAfter, TimedOut};
        self.strikes(1).then(|| *self.chance.one_of(&[CrashAfter, AnswerLost, TimedOut]))
    }
}

#[cfg(test)]
mod tests {
    use super::Injection;

    #[test]
    fn a_bad_day_reads_back_as_it_is_written() {
        for text in
            ["cell-1:17:crash-after", "cell-0:0:refused", "wire:12:very-late", "call:3:timed-out"]
        {
            assert_eq!(text.parse::<Injection>().unwrap().to_string(), text);
        }
        for text in
            ["", "cell-3:1:refused", "cell-1:x:refused", "wire:1:refused", "call:1:timed-out:2"]
        {
            assert!(text.parse::<Injection>().is_err(), "{text}");
        }
    }
}

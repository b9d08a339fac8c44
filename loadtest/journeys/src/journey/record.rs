//! What visitors saw: how long they waited, and each thing that went wrong with its time and its cell.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::say;

/// Something that went wrong.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    /// Where the visitor lives.
    pub(super) cell: String,
    /// Who it is: `users/{user}`.
    pub(super) user: String,
    /// The status and code of the answer, or why there was none.
    pub(super) what: String,
    /// Whether it was a write.
    pub(super) writes: bool,
    /// From when to when it was asked for.
    pub(super) from: Instant,
    pub(super) to: Instant,
}

/// A time in which something was to be expected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) from: Instant,
    pub(super) to: Instant,
}

impl Trouble {
    /// Whether some of it was within a span.
    pub(super) fn within(&self, span: Span) -> bool {
        self.from <= span.to && self.to >= span.from
    }
}

/// Streams.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Streams {
    /// How often one was opened and spoke.
    pub(super) opened: usize,
    /// How often one ended with the word to come back.
    pub(super) asked_back: usize,
}

/// What all visitors saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    /// From the intended start to the whole answer, of those that went well.
    waits: Vec<Duration>,
    troubles: Vec<Trouble>,
    pub(super) streams: Streams,
}

impl Record {
    /// Notes how a request went that was meant to begin then.
    pub(super) fn note(&mut self, intended: Instant, went: Result<(), Trouble>) {
        match went {
            Ok(()) => self.waits.push(intended.elapsed()),
            Err(trouble) => self.fail(trouble),
        }
    }

    pub(super) fn fail(&mut self, trouble: Trouble) {
        self.troubles.push(trouble);
    }

    /// Those that went well.
    pub(super) fn answered(&self) -> usize {
        self.waits.len()
    }

    /// Everything that went wrong.
    pub(super) fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// The longest wait.
    pub(super) fn longest(&self) -> Duration {
        self.waits.iter().max().copied().unwrap_or_default()
    }

    /// Says how long visitors waited, and each cause with how often it came, apart for those that were to be `expected`; gives how
    /// many were not.
    pub(super) fn tell(&self, expected: impl Fn(&Trouble) -> Option<&'static str>) -> usize {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let at = |permille: usize| {
            let place = (waits.len() * permille).div_ceil(1000).saturating_sub(1);
            waits.get(place).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e3)
        };
        say::line(format!(
            "{} answered: p50 {:.1} ms, p99 {:.1} ms, longest {:.0} ms; streams: {} opened, {} asked to come back",
            waits.len(),
            at(500),
            at(990),
            at(1000),
            self.streams.opened,
            self.streams.asked_back
        ));
        let (mut causes, mut unexpected) = (BTreeMap::<String, usize>::new(), 0);
        for trouble in &self.troubles {
            let why = expected(trouble);
            unexpected += usize::from(why.is_none());
            let kind = if trouble.writes { "write" } else { "read" };
            let why = why.unwrap_or("UNEXPECTED");
            *causes
                .entry(format!("{why}: {kind} in {}: {}", trouble.cell, trouble.what))
                .or_default() += 1;
        }
        for (cause, count) in causes {
            say::line(format!("{count:>6}  {cause}"));
        }
        unexpected
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Record, Span, Trouble};

    #[test]
    fn what_overlaps_a_span_is_within_and_what_is_not_expected_is_counted() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let trouble = |cell: &str, from, to| Trouble {
            cell: cell.into(),
            user: "users/u1".into(),
            what: "503 unavailable".into(),
            writes: false,
            from: at(from),
            to: at(to),
        };
        let span = Span { from: at(100), to: at(200) };
        assert!(
            trouble("cell-1", 50, 100).within(span) && trouble("cell-1", 200, 300).within(span)
        );
        assert!(
            !trouble("cell-1", 50, 99).within(span) && !trouble("cell-1", 201, 300).within(span)
        );
        let mut record = Record::default();
        record.note(begun, Ok(()));
        record.note(begun, Err(trouble("cell-1", 110, 120)));
        record.note(begun, Err(trouble("cell-2", 110, 120)));
        let dead = |trouble: &Trouble| {
            (trouble.cell == "cell-1" && trouble.within(span)).then_some("its cell was dead")
        };
        assert_eq!((record.answered(), record.tell(dead)), (1, 1));
    }
}

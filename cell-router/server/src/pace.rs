//! Whether the body of a request comes fast enough: a client that sends a byte now and then holds a place for nothing.

use std::time::{Duration, Instant};

/// The slowest pace that is let through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PaceMin {
    /// Bytes a second; 0 lets everything through.
    pub(crate) bytes: u64,
    /// Over how long the pace is measured.
    pub(crate) window: Duration,
}

/// What has come of one body since it was last judged.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    since: Option<Instant>,
    bytes: u64,
}

impl Pace {
    /// Notes bytes that have come at `now`; says whether the body goes on fast enough. It is judged when a window is over, with
    /// the bytes that come then: what waited for a cell that took its time speaks for the client.
    pub(crate) fn holds(&mut self, len: usize, now: Instant, least: PaceMin) -> bool {
        let since = *self.since.get_or_insert(now);
        self.bytes = self.bytes.saturating_add(len as u64);
        let span = now.saturating_duration_since(since);
        if span < least.window {
            return true;
        }
        let came = u128::from(self.bytes) * 1000;
        let holds = came >= u128::from(least.bytes) * span.as_millis();
        *self = Self { since: Some(now), bytes: 0 };
        holds
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Pace, PaceMin};

    const LEAST: PaceMin = PaceMin { bytes: 100, window: Duration::from_secs(10) };

    /// Whether a body holds its pace of which so many bytes come at each of these milliseconds.
    fn holds(pieces: &[(u64, usize)]) -> Vec<bool> {
        let (mut pace, begun) = (Pace::default(), Instant::now());
        let piece =
            |(at, len): &(u64, usize)| pace.holds(*len, begun + Duration::from_millis(*at), LEAST);
        pieces.iter().map(piece).collect()
    }

    #[test]
    fn a_body_is_judged_at_the_end_of_each_window() {
        let slow = holds(&[(0, 1), (5_000, 1), (9_999, 1), (10_000, 1)]);
        assert_eq!(slow, [true, true, true, false]);
        assert_eq!(holds(&[(0, 500), (10_000, 500)]), [true, true], "just enough");
        assert_eq!(holds(&[(0, 500), (10_000, 499)]), [true, false], "just too little");
    }

    #[test]
    fn what_came_in_an_earlier_window_does_not_count() {
        assert_eq!(holds(&[(0, 1_000_000), (10_000, 1), (20_000, 999)]), [true, true, false]);
        assert_eq!(holds(&[(0, 1), (12_000, 1_199), (22_000, 1_000)]), [true, true, true]);
    }

    #[test]
    fn a_client_is_not_blamed_for_a_cell_that_takes_its_time() {
        // What the client had sent meanwhile comes at once.
        assert_eq!(holds(&[(0, 1_000), (60_000, 65_536)]), [true, true]);
    }

    #[test]
    fn no_least_pace_lets_everything_through() {
        let mut pace = Pace::default();
        let (begun, least) = (Instant::now(), PaceMin { bytes: 0, ..LEAST });
        assert!(pace.holds(1, begun, least));
        assert!(pace.holds(0, begun + Duration::from_mins(10), least));
    }
}

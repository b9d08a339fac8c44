//! Counts the frames of HTTP/2 that cost the router work and its client nothing: past a budget the connection is cut.
//!
//! A request or the body of one is paid for elsewhere. Pings, settings, resets, priorities, continuations and empty pieces come to
//! nothing by themselves: a client that sends thousands of them means no request by it.

use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;

/// Such frames that a client may send at once, and how many more each second. While a long answer comes, gRPC clients measure the
/// line with a ping for each round trip: in one network that is hundreds a second.
const BURST: u32 = 2_000;
const PER_SECOND: u32 = 1_000;
/// How HTTP/2 begins; frames come behind it.
const PREFACE_LEN: u64 = 24;
const HEAD_LEN: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const WINDOW_UPDATE: u8 = 8;
const END_STREAM: u8 = 1;

/// A connection's frames, as far as they have come.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Bytes to pass before the next head.
    pass: u64,
    head: [u8; HEAD_LEN],
    /// Bytes of the head that have come.
    seen: usize,
    left: u32,
    /// When the frames of the last whole seconds were granted.
    granted: Instant,
    /// Connections that sent too many, this one once it has.
    floods: Counter,
}

impl Budget {
    /// For a connection that begins now, with its preface still to come. One that sends too many is counted in `floods`.
    pub(crate) fn new(now: Instant, floods: Counter) -> Self {
        let head = [0; HEAD_LEN];
        Self { pass: PREFACE_LEN, head, seen: 0, left: BURST, granted: now, floods }
    }

    /// Walks over what has come; false once there were too many frames.
    pub(crate) fn holds(&mut self, mut bytes: &[u8], now: Instant) -> bool {
        while !bytes.is_empty() {
            if self.pass > 0 {
                let here = bytes.len();
                let step = usize::try_from(self.pass).map_or(here, |pass| pass.min(here));
                self.pass -= step as u64;
                bytes = &bytes[step..];
                continue;
            }
            let step = (HEAD_LEN - self.seen).min(bytes.len());
            self.head[self.seen..self.seen + step].copy_from_slice(&bytes[..step]);
            self.seen += step;
            bytes = &bytes[step..];
            if self.seen == HEAD_LEN && !self.begin(now) {
                self.floods.inc();
                return false;
            }
        }
        true
    }

    /// The head of a frame has come; false if it is one too many.
    fn begin(&mut self, now: Instant) -> bool {
        self.seen = 0;
        let [a, b, c, kind, flags, ..] = self.head;
        self.pass = u64::from(u32::from_be_bytes([0, a, b, c]));
        if is_paid_for(kind, flags, self.pass) {
            return true;
        }
        if self.left == 0 {
            self.grant(now);
        }
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    fn grant(&mut self, now: Instant) {
        let secs = now.saturating_duration_since(self.granted).as_secs();
        let more = u32::try_from(secs).unwrap_or(u32::MAX).saturating_mul(PER_SECOND);
        self.left = self.left.saturating_add(more).min(BURST);
        self.granted += Duration::from_secs(secs);
    }
}

/// Whether a frame brings a part of a request, or makes room for a part of an answer.
fn is_paid_for(kind: u8, flags: u8, len: u64) -> bool {
    match kind {
        DATA => len > 0 || flags & END_STREAM != 0,
        HEADERS | WINDOW_UPDATE => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use prometheus_client::metrics::counter::Counter;

    use super::{BURST, Budget, PER_SECOND};

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    fn budget(now: Instant) -> Budget {
        Budget::new(now, Counter::default())
    }

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let len = u8::try_from(payload.len()).unwrap();
        [&[0, 0, len, kind, flags, 0, 0, 0, 1][..], payload].concat()
    }

    /// How many of these frames are taken at once.
    fn taken(frame: &[u8]) -> u32 {
        let now = Instant::now();
        let mut budget = budget(now);
        assert!(budget.holds(PREFACE, now));
        (0..2 * BURST).find(|_| !budget.holds(frame, now)).unwrap_or(2 * BURST)
    }

    #[test]
    fn what_brings_a_request_is_not_counted_and_the_rest_is() {
        for paid in [frame(0, 0, b"x"), frame(0, 1, b""), frame(1, 4, b"x"), frame(8, 0, b"1234")] {
            assert_eq!(taken(&paid), 2 * BURST, "{paid:?}");
        }
        for counted in [
            frame(0, 0, b""),
            frame(2, 0, b"12345"),
            frame(3, 0, b"1234"),
            frame(4, 0, b""),
            frame(6, 0, b"12345678"),
            frame(9, 0, b"x"),
            frame(77, 0, b"x"),
        ] {
            assert_eq!(taken(&counted), BURST, "{counted:?}");
        }
    }

    #[test]
    fn frames_in_pieces_are_the_same_frames() {
        let now = Instant::now();
        let mut budget = budget(now);
        let mut wire = PREFACE.to_vec();
        // What looks like a head inside of a body is none.
        for _ in 0..BURST {
            wire.extend(frame(0, 0, &frame(6, 0, b"12345678")));
            wire.extend(frame(6, 0, b"12345678"));
        }
        let mut bytes = wire.iter();
        assert!(bytes.all(|byte| budget.holds(&[*byte], now)));
        assert_eq!(budget.floods.get(), 0);
        assert!(!budget.holds(&frame(6, 0, b"12345678"), now));
        assert_eq!(budget.floods.get(), 1);
    }

    #[test]
    fn the_budget_comes_back_with_time() {
        let begun = Instant::now();
        let ping = frame(6, 0, b"12345678");
        // Whether so many pings are taken at such milliseconds.
        let takes = |sent: &[(u32, u64)]| {
            let mut budget = budget(begun);
            budget.pass = 0;
            sent.iter().all(|(count, after)| {
                let now = begun + Duration::from_millis(*after);
                (0..*count).all(|_| budget.holds(&ping, now))
            })
        };
        assert!(takes(&[(BURST, 0), (PER_SECOND, 1_900), (PER_SECOND, 2_000)]));
        assert!(!takes(&[(BURST, 0), (PER_SECOND + 1, 1_900)]), "one whole second");
        assert!(takes(&[(BURST, 0), (BURST, 60_000)]));
        assert!(!takes(&[(BURST, 0), (BURST + 1, 60_000)]), "never more than at once");
    }
}

//! How long the client of a gRPC call waits, as it says in `grpc-timeout`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base_fault::{Code, Fault};
use http::HeaderMap;
use tokio_util::task::AbortOnDropHandle;

use crate::recall::{Recall, Why};

/// The header, and how many digits its number may have.
const TIMEOUT: &str = "grpc-timeout";
const DIGITS_MAX: usize = 8;

/// When a client stops waiting. The request is recalled then, unless it has ended.
#[derive(Debug)]
pub(crate) struct Deadline {
    at: Instant,
    _alarm: AbortOnDropHandle<()>,
}

impl Deadline {
    pub(crate) fn after(span: Duration, recall: &Arc<Recall>) -> Self {
        let (at, recall) = (Instant::now() + span, Arc::clone(recall));
        let alarm = tokio::spawn(async move {
            tokio::time::sleep_until(at.into()).await;
            recall.give(Why::TooLate);
        });
        Self { at, _alarm: AbortOnDropHandle::new(alarm) }
    }

    /// How long the client still waits.
    pub(crate) fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}

/// How long the client waits, if it says so.
///
/// Errors: it says so in a way that means nothing, or twice.
pub(crate) fn asked(headers: &HeaderMap) -> Result<Option<Duration>, Fault> {
    let mut values = headers.get_all(TIMEOUT).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let read = read(value.as_bytes()).filter(|_| values.next().is_none());
    let wrong = || Fault::caller(Code::Malformed, "grpc-timeout is not up to 8 digits and a unit");
    read.map(Some).ok_or_else(wrong)
}

fn read(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if !(1..=DIGITS_MAX).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Some(match unit {
        b'H' => Duration::from_secs(number * 3_600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// What is left, as the cell is told: in the finest unit that has room for it, never less than there is.
pub(crate) fn told(left: Duration) -> String {
    let room = 10_u128.pow(8);
    let units = [(1_000, 'u'), (1_000_000, 'm'), (1_000_000_000, 'S'), (60_000_000_000, 'M')];
    for (nanos, unit) in units {
        let number = left.as_nanos().div_ceil(nanos);
        if number < room {
            return format!("{number}{unit}");
        }
    }
    format!("{}H", left.as_secs().div_ceil(3_600).min(99_999_999))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{asked, read, told};

    fn ask(values: &[&'static str]) -> Result<Option<Duration>, ()> {
        let name = HeaderName::from_static("grpc-timeout");
        let named = values.iter().map(|value| (name.clone(), HeaderValue::from_static(value)));
        asked(&named.collect::<HeaderMap>()).map_err(drop)
    }

    #[test]
    fn every_unit_is_read_and_nothing_else() {
        assert_eq!(ask(&[]), Ok(None));
        for (text, nanos) in [
            ("1H", 3_600_000_000_000),
            ("2M", 120_000_000_000),
            ("3S", 3_000_000_000),
            ("40m", 40_000_000),
            ("00000005u", 5_000),
            ("99999999n", 99_999_999),
        ] {
            assert_eq!(ask(&[text]), Ok(Some(Duration::from_nanos(nanos))), "{text}");
        }
        for text in ["", "m", "1", "123456789m", "-1S", "1.5S", "1s", "1 S", "+1S"] {
            assert!(ask(&[text]).is_err(), "{text}");
        }
        assert!(ask(&["1S", "1S"]).is_err());
    }

    #[test]
    fn a_cell_is_told_what_is_left_and_never_less() {
        assert_eq!(told(Duration::from_secs(7)), "7000000u");
        assert_eq!(told(Duration::from_nanos(1)), "1u");
        assert_eq!(told(Duration::from_secs(100)), "100000m");
        assert_eq!(told(Duration::from_secs(200_000)), "200000S");
        assert_eq!(told(Duration::from_hours(50_000)), "3000000M");
        for secs in [0, 1, 99, 100, 12_345_678] {
            let left = Duration::from_secs(secs) + Duration::from_nanos(1);
            assert!(read(told(left).as_bytes()).unwrap() >= left);
        }
    }
}

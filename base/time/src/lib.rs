//! Points in time (UTC, milliseconds) and the clock port.

mod period;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

pub use period::Period;

/// The zone in which people of the first market read times.
pub const HOME_ZONE: &str = "Africa/Casablanca";

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 where people see it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The point `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The point `span` later; stays at the end of time if it would pass it.
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long it is from `earlier` to this point; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The point as a person in `zone` (an IANA name) reads it, with the zone's offset: `2026-11-21T09:30:00+01:00`.
    /// A zone that is not known is shown as UTC.
    pub fn in_zone(self, zone: &str) -> String {
        let Ok(instant) = jiff::Timestamp::from_millisecond(self.0) else {
            return self.0.to_string();
        };
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let zoned = instant.to_zoned(zone);
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

/// Tells the time. A port: processes use [`SystemClock`], tests and the simulation bring their own.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{HOME_ZONE, Timestamp};

    #[test]
    fn people_in_casablanca_read_their_own_time() {
        let noon = Timestamp::from_millis(1_795_262_400_000);
        assert_eq!(noon.to_string(), "2026-11-21T12:00:00.000Z");
        assert_eq!(noon.in_zone("Asia/Tokyo"), "2026-11-21T21:00:00+09:00");
        let summer_2025 = Timestamp::from_millis(1_753_000_000_000);
        assert_eq!(summer_2025.in_zone(HOME_ZONE), "2025-07-20T09:26:40+01:00");
        assert_eq!(noon.in_zone("Nowhere/At-All"), "2026-11-21T12:00:00+00:00");
    }

    #[test]
    fn spans_never_wrap() {
        assert_eq!(Timestamp::from_millis(i64::MAX).after(Duration::MAX).as_millis(), i64::MAX);
        assert_eq!(Timestamp::from_millis(5).since(Timestamp::from_millis(9)), Duration::ZERO);
    }
}

//! Times as people read them.

use std::{fmt, str::FromStr};

use base_time::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

/// The zone in which times are shown.
#[derive(Clone)]
pub(crate) struct Zone(TimeZone);

impl FromStr for Zone {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let zone = TimeZone::get(name);
        zone.map(Self)
            .map_err(|_| format!("`{name}` is not a zone, such as Africa/Casablanca or UTC"))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("unnamed"))
    }
}

impl Zone {
    /// Date, time with milliseconds, and the zone's offset.
    pub(crate) fn show(&self, at: At) -> String {
        match jiff::Timestamp::from_millisecond(at.0.as_millis()) {
            _ if at == At::NEVER => "-".to_owned(),
            Ok(instant) => {
                instant.to_zoned(self.0.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f %:z").to_string()
            }
            Err(_) => at.0.to_string(),
        }
    }
}

/// A point in time; in JSON as RFC 3339 in UTC, or null if it never was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At(pub(crate) Timestamp);

impl At {
    pub(crate) const NEVER: Self = Self(Timestamp::from_millis(0));

    pub(crate) fn millis(millis: i64) -> Self {
        Self(Timestamp::from_millis(millis))
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::NEVER => serializer.serialize_none(),
            Self(at) => serializer.serialize_str(&at.to_string()),
        }
    }
}

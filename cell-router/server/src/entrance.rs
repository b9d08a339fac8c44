//! What the router grants to clients before it knows who they are: connections, time, room.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::pace::PaceMin;

/// How many clients the router takes and how long it waits for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Entrance {
    /// Connections at a time; one more is closed at once.
    pub connections_max: usize,
    /// Until a TLS handshake is done, in milliseconds.
    pub handshake_ms: u64,
    /// Until the head of a request is whole, counted from its first byte, in milliseconds.
    pub head_ms: u64,
    /// Until the next request on a connection begins, in milliseconds.
    pub idle_ms: u64,
    /// Until the next byte of a body comes, in milliseconds.
    pub body_ms: u64,
    /// The slowest pace of a body, in bytes a second; 0 for none. Calls over gRPC and WebSockets are free of it.
    pub body_pace_min: u64,
    /// Over how long that pace is measured, in milliseconds.
    pub body_window_ms: u64,
    /// Until the client takes the next piece of an answer, in milliseconds.
    pub write_ms: u64,
    /// Requests at a time on one HTTP/2 connection.
    pub h2_streams_max: u32,
    /// Over how long streams are asked to reconnect once their tenant has moved, in milliseconds: all at once would come back at once.
    pub reconnect_ms: u64,
}

impl Default for Entrance {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            handshake_ms: 10_000,
            head_ms: 10_000,
            idle_ms: 60_000,
            body_ms: 30_000,
            body_pace_min: 256,
            body_window_ms: 10_000,
            write_ms: 30_000,
            h2_streams_max: 128,
            reconnect_ms: 2_000,
        }
    }
}

impl Entrance {
    /// Each bound with its name, to be checked.
    pub(crate) fn bounds(&self) -> [(&'static str, u64); 8] {
        [
            ("entrance.connections_max", self.connections_max as u64),
            ("entrance.handshake_ms", self.handshake_ms),
            ("entrance.head_ms", self.head_ms),
            ("entrance.idle_ms", self.idle_ms),
            ("entrance.body_ms", self.body_ms),
            ("entrance.body_window_ms", self.body_window_ms),
            ("entrance.write_ms", self.write_ms),
            ("entrance.h2_streams_max", self.h2_streams_max.into()),
        ]
    }

    pub(crate) fn handshake(&self) -> Duration {
        Duration::from_millis(self.handshake_ms)
    }

    pub(crate) fn head(&self) -> Duration {
        Duration::from_millis(self.head_ms)
    }

    pub(crate) fn idle(&self) -> Duration {
        Duration::from_millis(self.idle_ms)
    }

    pub(crate) fn body(&self) -> Duration {
        Duration::from_millis(self.body_ms)
    }

    pub(crate) fn pace(&self) -> PaceMin {
        let window = Duration::from_millis(self.body_window_ms);
        PaceMin { bytes: self.body_pace_min, window }
    }

    pub(crate) fn reconnect(&self) -> Duration {
        Duration::from_millis(self.reconnect_ms)
    }

    pub(crate) fn write(&self) -> Duration {
        Duration::from_millis(self.write_ms)
    }
}

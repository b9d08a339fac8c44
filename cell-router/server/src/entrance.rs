//! What the router grants to clients before it knows who they are: connections, time, room.

use std::{ops::RangeInclusive, time::Duration};

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
    /// Bytes of an answer that the system takes for a client ahead of it, 16 KiB to 16 MiB; it may take twice as much. Who reads slowly
    /// makes it hold so much, and who is far away gets so much per round trip: with 64 KiB and 100 ms 1.3 MB/s at most.
    pub send_bytes: u32,
    /// Requests at a time on one HTTP/2 connection.
    pub h2_streams_max: u32,
    /// Over how long streams are asked to reconnect once their tenant has moved, in milliseconds: all at once would come back at once.
    pub reconnect_ms: u64,
}

/// What may be set as [`Entrance::send_bytes`].
const SEND_BYTES: RangeInclusive<u32> = 16 * 1024..=16 * 1024 * 1024;

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
            send_bytes: 64 * 1024,
            h2_streams_max: 128,
            reconnect_ms: 2_000,
        }
    }
}

impl Entrance {
    /// Fields that cannot be meant so, with what is wrong.
    pub(crate) fn mistakes(&self) -> Vec<(&'static str, String)> {
        let bounds = [
            ("connections_max", self.connections_max as u64),
            ("handshake_ms", self.handshake_ms),
            ("head_ms", self.head_ms),
            ("idle_ms", self.idle_ms),
            ("body_ms", self.body_ms),
            ("body_window_ms", self.body_window_ms),
            ("write_ms", self.write_ms),
            ("h2_streams_max", self.h2_streams_max.into()),
        ];
        let zero = bounds.into_iter().filter(|(_, bound)| *bound == 0);
        let mut mistakes: Vec<_> =
            zero.map(|(field, _)| (field, "must be more than 0".to_owned())).collect();
        if !SEND_BYTES.contains(&self.send_bytes) {
            let (least, most) = (SEND_BYTES.start(), SEND_BYTES.end());
            let problem = format!("must be {least} to {most}, and is {}", self.send_bytes);
            mistakes.push(("send_bytes", problem));
        }
        mistakes
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

//! The edge's bounds.

use std::time::Duration;

use cell_runtime::ephemeral::Pace;
use serde::{Deserialize, Serialize};

/// Bounds on what callers may send, ask at once and wait for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EdgeConfig {
    /// Largest request, in bytes.
    pub body_max_bytes: usize,
    /// Largest body of a webhook or an import, in bytes.
    pub callback_max_bytes: usize,
    /// Most requests that are served at once; the next one is answered `busy`.
    pub calls_max: usize,
    /// Most bodies above `body_max_bytes` that are held in memory at once.
    pub large_bodies_max: usize,
    /// Most files that are sent at once. Each holds up to 6 MiB of memory.
    pub uploads_max: usize,
    /// Most files that are read at once. Each holds up to 1 MiB of memory.
    pub downloads_max: usize,
    /// The slowest line over which a file can be sent, in bytes a second: it may take as long as its bytes take so, and `deadline_max_ms`
    /// more.
    pub upload_pace_min: u64,
    /// Most streams that are open at once.
    pub streams_max: usize,
    /// Most connections that are open at once.
    pub connections_max: usize,
    /// How long a caller waits that does not say, in milliseconds.
    pub deadline_default_ms: u64,
    /// How long a caller may wait at most, in milliseconds.
    pub deadline_max_ms: u64,
    /// Between two signs of life on a stream on which nothing changes, in milliseconds.
    pub heartbeat_ms: u64,
    /// How long a stream lasts at most, in milliseconds; the client then opens it again, with a token that still holds.
    pub stream_max_ms: u64,
    /// How long the head of a request may take to arrive, in milliseconds.
    pub head_timeout_ms: u64,
    /// How long requests in flight may take when the process stops, in milliseconds.
    pub drain_ms: u64,
    /// How often one user, guest or registered, may call in a minute in the long run; 0 sets no bound. Operators have none.
    pub calls_per_minute_max: u32,
    /// How often at once, after a pause.
    pub calls_burst_max: u32,
    /// How long the answer to a query by nobody in particular is given to whoever asks the same, in milliseconds; 0 makes each anew. So
    /// long what is shown to them may be out of date.
    pub at_hand_ms: u64,
    /// Whether a guest's cookie is sent back over TLS only; off where the platform is reached without TLS.
    pub secure_cookies: bool,
}

impl Default for EdgeConfig {
    fn default() -> Self {
        Self {
            body_max_bytes: 1 << 20,
            callback_max_bytes: 8 << 20,
            calls_max: 1024,
            large_bodies_max: 8,
            uploads_max: 16,
            downloads_max: 64,
            upload_pace_min: 32_768,
            streams_max: 4096,
            connections_max: 8192,
            deadline_default_ms: 10_000,
            deadline_max_ms: 60_000,
            heartbeat_ms: 15_000,
            stream_max_ms: 600_000,
            head_timeout_ms: 10_000,
            drain_ms: 10_000,
            calls_per_minute_max: 12_000,
            calls_burst_max: 3_000,
            at_hand_ms: 0,
            secure_cookies: true,
        }
    }
}

impl EdgeConfig {
    pub(crate) fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms.max(1))
    }

    /// How often one user may call.
    pub(crate) fn pace(&self) -> Option<Pace> {
        let (per_minute, burst) = (self.calls_per_minute_max, self.calls_burst_max.max(1));
        (per_minute > 0).then_some(Pace { per_minute, burst })
    }

    /// How long so many bytes may take to arrive.
    pub(crate) fn upload_max(&self, size: u64) -> Duration {
        let millis = size.saturating_mul(1_000) / self.upload_pace_min.max(1);
        Duration::from_millis(self.deadline_max_ms.saturating_add(millis))
    }

    pub(crate) fn stream_max(&self) -> Duration {
        Duration::from_millis(self.stream_max_ms)
    }
}

//! How the router speaks to a cell: which protocol, how many streams on a connection, how long it waits for what.

use std::time::Duration;

use pingora::{protocols::TcpKeepalive, upstreams::peer::HttpPeer};
use router_table::Target;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Calls that share one HTTP/2 connection to a cell.
const H2_STREAMS_MAX: usize = 128;

/// How long the router waits for a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Patience {
    /// Until a cell takes a connection, in milliseconds.
    pub connect_ms: u64,
    /// Until it sends the next byte of an answer, in milliseconds. Streams of events send a heartbeat every 15 seconds.
    pub read_ms: u64,
    /// The same for gRPC and WebSockets, which may be silent: a dead connection is found by pings and by the system.
    pub stream_read_ms: u64,
    /// Until it takes the next byte of a request, in milliseconds.
    pub write_ms: u64,
    /// How long a connection without a request is kept, in milliseconds.
    pub idle_ms: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect_ms: 1_000,
            read_ms: 60_000,
            stream_read_ms: 600_000,
            write_ms: 30_000,
            idle_ms: 30_000,
        }
    }
}

impl Patience {
    /// Until a cell takes a connection, or answers a question.
    pub(crate) fn connect(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }
}

/// What a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    Rest,
    Grpc,
    /// A WebSocket, if the cell agrees.
    Socket,
}

/// The cell as Pingora's connection pool knows it.
pub(crate) fn peer(target: &Target, spoken: Spoken, patience: &Patience) -> HttpPeer {
    let silent = spoken != Spoken::Rest;
    let mut peer = HttpPeer::new(target.edge, false, String::new());
    // Cells that follow one another on an address never share connections.
    peer.group_key = xxh3_64(target.cell.as_str().as_bytes());
    let options = &mut peer.options;
    let millis = |millis| Some(Duration::from_millis(millis));
    options.connection_timeout = millis(patience.connect_ms);
    options.total_connection_timeout = millis(2 * patience.connect_ms);
    options.read_timeout = millis(if silent { patience.stream_read_ms } else { patience.read_ms });
    options.write_timeout = millis(patience.write_ms);
    options.idle_timeout = millis(patience.idle_ms);
    options.tcp_keepalive = Some(TcpKeepalive {
        idle: Duration::from_secs(15),
        interval: Duration::from_secs(5),
        count: 3,
        #[cfg(target_os = "linux")]
        user_timeout: Duration::ZERO,
    });
    if spoken == Spoken::Grpc {
        // HTTP/2 knows no other such header than TE, which calls need.
        options.http_upstream_request_policy.strip_hop_by_hop = false;
        options.set_http_version(2, 2);
        options.max_h2_streams = H2_STREAMS_MAX;
        options.h2_ping_interval = Some(Duration::from_secs(10));
    }
    peer
}

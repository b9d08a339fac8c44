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
    /// The same for gRPC, whose streams may be silent: a dead connection is found by pings.
    pub grpc_read_ms: u64,
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
            grpc_read_ms: 600_000,
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

/// The cell as Pingora's connection pool knows it.
pub(crate) fn peer(target: &Target, grpc: bool, patience: &Patience) -> HttpPeer {
    let mut peer = HttpPeer::new(target.edge, false, String::new());
    // Cells that follow one another on an address never share connections.
    peer.group_key = xxh3_64(target.cell.as_str().as_bytes());
    let options = &mut peer.options;
    let millis = |millis| Some(Duration::from_millis(millis));
    options.connection_timeout = millis(patience.connect_ms);
    options.total_connection_timeout = millis(2 * patience.connect_ms);
    options.read_timeout = millis(if grpc { patience.grpc_read_ms } else { patience.read_ms });
    options.write_timeout = millis(patience.write_ms);
    options.idle_timeout = millis(patience.idle_ms);
    options.tcp_keepalive = Some(TcpKeepalive {
        idle: Duration::from_secs(15),
        interval: Duration::from_secs(5),
        count: 3,
        #[cfg(target_os = "linux")]
        user_timeout: Duration::ZERO,
    });
    if grpc {
        options.set_http_version(2, 2);
        options.max_h2_streams = H2_STREAMS_MAX;
        options.h2_ping_interval = Some(Duration::from_secs(10));
    }
    peer
}

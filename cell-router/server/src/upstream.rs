//! How the router speaks to a cell: as whom and to whom, in which protocol, how long it waits for what.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use base_identity::{Credentials, Passport, Role, dns_name};
use pingora::{
    protocols::{TcpKeepalive, tls::CaType},
    server::configuration::ServerConf,
    upstreams::peer::{HttpPeer, Scheme},
    utils::tls::{CertKey, WrappedX509, parse_x509},
};
use router_table::{Pursuit, Target};
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Idle connections that are kept to all cells together.
const POOL_SIZE: usize = 1024;
/// Bytes of an answer that the system takes from a cell ahead of the router. Left to itself it takes megabytes for each client that
/// does not read; a cell is near, and even so much per round trip is more than a line carries.
const RECEIVE_BYTES: usize = 256 * 1024;
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

/// The way to the cells.
pub(crate) struct Upstream {
    pub(crate) patience: Patience,
    passport: Option<Passport>,
    shown: ArcSwapOption<Shown>,
}

/// What the router shows to cells and whom it believes, as Pingora wants it.
struct Shown {
    from: Arc<Credentials>,
    own: Arc<CertKey>,
    authorities: Arc<CaType>,
    /// Tells connections of one set of files from those of another.
    print: u64,
}

impl Upstream {
    pub(crate) fn new(patience: Patience, passport: Option<Passport>) -> Self {
        Self { patience, passport, shown: ArcSwapOption::empty() }
    }

    /// The cell as Pingora's connection pool knows it.
    pub(crate) fn peer(&self, target: &Target, spoken: Spoken) -> HttpPeer {
        let mut peer = HttpPeer::new(target.edge, false, String::new());
        let cell = target.cell.as_str();
        // Cells that follow one another on an address never share connections, nor do identities that follow one another.
        let mut group = xxh3_64(cell.as_bytes());
        if let Some(passport) = &self.passport {
            let shown = self.shown(passport);
            peer.scheme = Scheme::HTTPS;
            peer.sni = dns_name(cell, Role::Cell, passport.identity().fleet());
            peer.client_cert_key = Some(Arc::clone(&shown.own));
            peer.options.ca = Some(Arc::clone(&shown.authorities));
            group ^= shown.print;
        }
        peer.group_key = group;
        self.set_out(&mut peer, spoken);
        peer
    }

    /// Says which protocol is spoken and how long is waited for what.
    fn set_out(&self, peer: &mut HttpPeer, spoken: Spoken) {
        let (patience, silent) = (&self.patience, spoken != Spoken::Rest);
        let options = &mut peer.options;
        let millis = |millis| Some(Duration::from_millis(millis));
        options.connection_timeout = millis(patience.connect_ms);
        options.total_connection_timeout = millis(2 * patience.connect_ms);
        options.read_timeout =
            millis(if silent { patience.stream_read_ms } else { patience.read_ms });
        options.write_timeout = millis(patience.write_ms);
        options.idle_timeout = millis(patience.idle_ms);
        options.tcp_recv_buf = Some(RECEIVE_BYTES);
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
    }

    /// The identity that is in force; put into Pingora's form when it has changed.
    fn shown(&self, passport: &Passport) -> Arc<Shown> {
        let now = passport.credentials();
        if let Some(shown) = self.shown.load_full()
            && Arc::ptr_eq(&shown.from, &now)
        {
            return shown;
        }
        let fresh = Arc::new(Shown::of(now));
        self.shown.store(Some(Arc::clone(&fresh)));
        fresh
    }
}

impl Shown {
    fn of(from: Arc<Credentials>) -> Self {
        let bytes = |certificates: &[CertificateDer<'_>]| -> Vec<Vec<u8>> {
            certificates.iter().map(|certificate| certificate.to_vec()).collect()
        };
        let (chain, authorities) = (bytes(from.chain()), bytes(from.authorities()));
        let print = xxh3_64(&[chain.concat(), authorities.concat()].concat());
        let authorities: Vec<_> =
            authorities.into_iter().map(|der| WrappedX509::new(der, parse_x509)).collect();
        let own = Arc::new(CertKey::new(chain, from.key_der().to_vec()));
        Self { from, own, authorities: authorities.into(), print }
    }
}

/// What Pingora's connectors are made with. Whom the router believes is said for each connection; without the file they would
/// read whom the system believes.
pub(crate) fn connectors(identity: Option<&base_identity::Config>) -> ServerConf {
    ServerConf {
        upstream_keepalive_pool_size: POOL_SIZE,
        // One more than a pursuit may take: a pooled connection that was closed costs a try but asks no other cell.
        max_retries: usize::from(Pursuit::SENDS_MAX) + 1,
        ca_file: identity.map(|files| files.authorities.display().to_string()),
        ..ServerConf::default()
    }
}

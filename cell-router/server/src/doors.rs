//! Where clients come in: takes connections, within bounds, and leads each to the protocol that it speaks.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use base_fault::{Code, Fault};
use pingora::{
    apps::{HttpServerOptions, ServerApp as _},
    listeners::tls::Acceptor,
    protocols::{
        ALPN, GetSocketDigest as _, SocketDigest, Ssl as _, Stream, TcpKeepalive,
        http::v2::server::{H2Options, default_h2_options},
        l4::stream::Stream as Tcp,
    },
    proxy::HttpProxy,
    server::configuration::ServerConf,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_util::task::TaskTracker;

use crate::{
    answer,
    budget::Budget,
    connection::Connection,
    count::Counts,
    entrance::Entrance,
    head::{FIELDS_MAX, HEAD_BYTES_MAX},
    http2::Http2,
    proxy::Proxy,
};

/// How HTTP/2 begins, with TLS or without.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long no connection is taken after the system refused one, most often for want of descriptors.
const OUT_OF_BREATH: Duration = Duration::from_millis(50);

/// What all connections share.
pub(crate) struct Doors {
    pub(crate) proxy: Arc<HttpProxy<Proxy>>,
    http2: Arc<Http2>,
    pub(crate) entrance: Entrance,
    pub(crate) counts: Counts,
    pub(crate) public_url: String,
    pub(crate) seats: Arc<Semaphore>,
    /// Turns true once: no connection is taken, the ones that are open end with the request that they are at.
    pub(crate) stopping: watch::Receiver<bool>,
    /// The connections that are open.
    pub(crate) open: TaskTracker,
}

impl Doors {
    pub(crate) fn new(
        proxy: Proxy,
        connectors: Arc<ServerConf>,
        entrance: Entrance,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let (counts, public_url) = (proxy.counts.clone(), proxy.public_url.clone());
        let seats = Arc::new(Semaphore::new(entrance.connections_max));
        let proxy = Arc::new(http_proxy(proxy, connectors, &entrance));
        let http2 = Arc::new(Http2(Arc::clone(&proxy)));
        let open = TaskTracker::new();
        Self { proxy, http2, entrance, counts, public_url, seats, stopping, open }
    }

    /// Takes connections until the router stops.
    pub(crate) async fn take(self: Arc<Self>, listener: TcpListener, tls: Option<Arc<Acceptor>>) {
        let mut stopping = self.stopping.clone();
        loop {
            let taken = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                taken = listener.accept() => taken,
            };
            match taken {
                Ok((connection, peer)) => self.admit(connection, peer, tls.clone()),
                Err(error) => {
                    self.counts.not_taken("system");
                    tracing::warn!(%error, "a connection was not taken");
                    tokio::time::sleep(OUT_OF_BREATH).await;
                }
            }
        }
    }

    fn admit(
        self: &Arc<Self>,
        connection: TcpStream,
        peer: SocketAddr,
        tls: Option<Arc<Acceptor>>,
    ) {
        let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() else {
            self.counts.not_taken("full");
            return;
        };
        let doors = Arc::clone(self);
        let open = self.open.token();
        tokio::spawn(async move {
            let _held = (seat, open, doors.counts.connected());
            if let Some(client) = doors.prepare(connection, peer, tls).await {
                doors.converse(client).await;
            }
        });
    }

    /// Sets up the connection, with a TLS handshake where that is spoken.
    async fn prepare(
        &self,
        connection: TcpStream,
        peer: SocketAddr,
        tls: Option<Arc<Acceptor>>,
    ) -> Option<Connection> {
        use std::os::fd::AsRawFd as _;
        let digest = SocketDigest::from_raw_fd(connection.as_raw_fd());
        // It cannot be set already.
        let _ = digest.peer_addr.set(Some(peer.into()));
        let mut tcp = Tcp::from(connection);
        tcp.set_socket_digest(digest);
        tcp.set_nodelay().ok()?;
        tcp.set_keepalive(&self.keepalive()).ok()?;
        let Some(tls) = tls else {
            return Some(Connection::new(Box::new(tcp)));
        };
        match timeout(self.entrance.handshake(), tls.tls_handshake(tcp)).await {
            Ok(Ok(stream)) => Some(Connection::new(Box::new(stream))),
            Ok(Err(error)) => {
                self.counts.not_taken("handshake");
                tracing::debug!(%peer, %error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                self.counts.not_taken("handshake_slow");
                None
            }
        }
    }

    /// Finds a client that is gone, and one that takes nothing for good, whatever is being sent to it.
    fn keepalive(&self) -> TcpKeepalive {
        TcpKeepalive {
            idle: Duration::from_mins(1),
            interval: Duration::from_secs(15),
            count: 4,
            #[cfg(target_os = "linux")]
            user_timeout: self.entrance.write() * 2,
        }
    }

    async fn converse(self: &Arc<Self>, mut client: Connection) {
        let by_tls = client.selected_alpn_proto();
        match timeout(self.entrance.head(), read_preface(&mut client)).await {
            Ok(Some(true)) if !matches!(by_tls, Some(ALPN::H1)) => {
                client.begin_http2(Budget::new(Instant::now(), self.counts.floods.clone()));
                let stream: Stream = Box::new(client);
                self.http2.process_new(stream, &self.stopping).await;
            }
            Ok(Some(false)) if !matches!(by_tls, Some(ALPN::H2)) => self.speak_http1(client).await,
            // Nobody said anything, or not what was agreed on.
            Ok(_) => {}
            Err(_) if client.ahead().is_empty() => {}
            Err(_) => {
                let fault = Fault::caller(Code::TooSlow, "the request did not arrive in time");
                self.refuse(client, &fault).await;
            }
        }
    }

    /// Answers what never was a request, and closes.
    pub(crate) async fn refuse(&self, client: Connection, fault: &Fault) {
        self.counts.answered(fault.code());
        client.part(&answer::last_word(fault, &self.public_url)).await;
    }
}

/// Reads until it is known whether the connection begins as HTTP/2 does; `None` if it ends before.
async fn read_preface(client: &mut Connection) -> Option<bool> {
    loop {
        let said = client.ahead();
        let len = said.len().min(PREFACE.len());
        if len > 0 && said[..len] != PREFACE[..len] {
            return Some(false);
        }
        if len == PREFACE.len() {
            return Some(true);
        }
        if client.read_ahead().await.ok()? == 0 {
            return None;
        }
    }
}

fn http_proxy(proxy: Proxy, connectors: Arc<ServerConf>, entrance: &Entrance) -> HttpProxy<Proxy> {
    let mut options = HttpServerOptions::default();
    options.h2_idle_timeout = Some(entrance.idle());
    let mut proxy = HttpProxy::new(proxy, connectors);
    proxy.server_options = Some(options);
    proxy.h2_options = Some(h2_options(entrance));
    proxy.handle_init_modules();
    proxy
}

/// What one HTTP/2 connection may hold: each bound is memory that a client can make the router keep.
fn h2_options(entrance: &Entrance) -> H2Options {
    let mut options = default_h2_options();
    options
        .max_concurrent_streams(entrance.h2_streams_max)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .initial_window_size(256 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .max_send_buffer_size(256 * 1024)
        // Streams that the client reset before they were looked at, and that it made us reset: past it the connection is closed.
        .max_pending_accept_reset_streams(32)
        .max_local_error_reset_streams(Some(FIELDS_MAX));
    options
}

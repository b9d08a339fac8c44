//! Connections to a router, byte by byte: with TLS or without.

use std::{io, net::SocketAddr, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::TlsConnector;

use crate::stage::NAME;

/// Bytes that a narrow connection takes unread; the system may make it a little more.
const NARROW: u32 = 4 * 1024;

/// Bytes in both directions.
pub(crate) trait Bytes: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Bytes for S {}

/// An open connection.
pub(crate) type Line = Box<dyn Bytes>;

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// One of a router's ports for clients.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) name: &'static str,
    address: SocketAddr,
    tls: Option<[Arc<ClientConfig>; 2]>,
}

impl Door {
    /// The port without TLS.
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self { name: "plain", address, tls: None }
    }

    /// The port with TLS.
    ///
    /// Errors: the certificate is none.
    pub(crate) fn tls(
        address: SocketAddr,
        trusted: &CertificateDer<'static>,
    ) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone())?;
        let offering = |protocol: &[u8]| {
            let config = ClientConfig::builder().with_root_certificates(roots.clone());
            let mut config = config.with_no_client_auth();
            config.alpn_protocols = vec![protocol.to_vec()];
            Arc::new(config)
        };
        Ok(Self { name: "TLS", address, tls: Some([offering(b"http/1.1"), offering(b"h2")]) })
    }

    /// Comes in.
    ///
    /// Errors: those of the system and of the handshake.
    pub(crate) async fn open(&self, protocol: Protocol) -> io::Result<Line> {
        self.secure(TcpStream::connect(self.address).await?, protocol).await
    }

    /// Comes in over a connection that takes a few kilobytes before it is read, and no more.
    ///
    /// Errors: those of the system and of the handshake.
    pub(crate) async fn open_narrow(&self, protocol: Protocol) -> io::Result<Line> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(NARROW)?;
        self.secure(socket.connect(self.address).await?, protocol).await
    }

    async fn secure(&self, stream: TcpStream, protocol: Protocol) -> io::Result<Line> {
        stream.set_nodelay(true)?;
        let Some([http1, http2]) = &self.tls else { return Ok(Box::new(stream)) };
        let config = if protocol == Protocol::Http1 { http1 } else { http2 };
        let name = ServerName::try_from(NAME).map_err(io::Error::other)?;
        let secure = TlsConnector::from(Arc::clone(config)).connect(name, stream).await?;
        Ok(Box::new(secure))
    }
}

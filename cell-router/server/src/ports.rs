//! The sockets that a router listens on.

use std::net::SocketAddr;

use base_fault::{Code, Fault};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that the system completes before the router takes them.
const BACKLOG: u32 = 4_096;

/// The addresses that a router took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Where clients come in without TLS; with it, if there is no such port.
    pub http: SocketAddr,
    /// Where clients come in with TLS.
    #[serde(default)]
    pub https: Option<SocketAddr>,
    /// Where health and metrics are.
    pub admin: SocketAddr,
}

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) plain: Option<SocketAddr>,
    pub(crate) tls: Option<SocketAddr>,
    pub(crate) admin: SocketAddr,
}

/// The sockets.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) plain: Option<TcpListener>,
    pub(crate) tls: Option<TcpListener>,
    pub(crate) admin: TcpListener,
}

impl Ports {
    /// Binds all of them, or none.
    pub(crate) fn bind(places: &Places) -> Result<Self, Fault> {
        let plain = places.plain.map(|place| bind(place, "listen")).transpose()?;
        let tls = places.tls.map(|place| bind(place, "tls.listen")).transpose()?;
        Ok(Self { plain, tls, admin: bind(places.admin, "admin")? })
    }

    /// Where they are.
    pub(crate) fn addresses(&self) -> Result<Addresses, Fault> {
        let of = |listener: &TcpListener| {
            listener.local_addr().map_err(|error| {
                Fault::ours(Code::Internal, "a port has no address").because(error)
            })
        };
        let https = self.tls.as_ref().map(of).transpose()?;
        let plain = self.plain.as_ref().map(of).transpose()?;
        let missing = || Fault::ours(Code::Internal, "there is no port for clients");
        let http = plain.or(https).ok_or_else(missing)?;
        Ok(Addresses { http, https, admin: of(&self.admin)? })
    }
}

fn bind(address: SocketAddr, field: &str) -> Result<TcpListener, Fault> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let listener = socket.and_then(|socket| {
        // A port is free again at once after its router, whatever is left of old connections.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    });
    listener.map_err(|error| {
        let text = format!("{field}: {address} cannot be bound");
        Fault::ours(Code::Internal, text).because(error)
    })
}

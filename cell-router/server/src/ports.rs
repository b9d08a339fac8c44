//! The sockets that a router listens on: its own, or those of the process before it.

use std::{
    net::SocketAddr,
    os::fd::{AsFd as _, OwnedFd},
};

use base_fault::{Code, Fault};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpSocket};

use crate::handover::{Inherited, Purposed};

/// The settings that say where to listen.
const PLAIN: &str = "listen";
const TLS: &str = "tls.listen";
const ADMIN: &str = "admin";
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
    /// Bytes that the system takes for a client ahead of it.
    pub(crate) send_bytes: u32,
}

/// The sockets.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) plain: Option<TcpListener>,
    pub(crate) tls: Option<TcpListener>,
    pub(crate) admin: TcpListener,
}

impl Ports {
    /// Takes over those that are inherited and binds the others; all of them, or none.
    pub(crate) fn open(places: &Places, inherited: &mut Inherited) -> Result<Self, Fault> {
        let mut open = |place, setting| match inherited.take(setting, place) {
            Some(socket) => adopt(socket),
            None => bind(place, setting, places.send_bytes),
        };
        let plain = places.plain.map(|place| open(place, PLAIN)).transpose()?;
        let tls = places.tls.map(|place| open(place, TLS)).transpose()?;
        Ok(Self { plain, tls, admin: open(places.admin, ADMIN)? })
    }

    /// Each once more, for the process that follows.
    pub(crate) fn copies(&self) -> Result<Vec<Purposed<OwnedFd>>, Fault> {
        let all =
            [(PLAIN, self.plain.as_ref()), (TLS, self.tls.as_ref()), (ADMIN, Some(&self.admin))];
        let copies = all.into_iter().filter_map(|(setting, socket)| {
            Some(socket?.as_fd().try_clone_to_owned().map(|copy| (setting, copy)))
        });
        copies.collect::<Result<_, _>>().map_err(|error| {
            Fault::ours(Code::Internal, "a port cannot be kept for handing over").because(error)
        })
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

fn adopt(socket: std::net::TcpListener) -> Result<TcpListener, Fault> {
    let adopted = socket.set_nonblocking(true).and_then(|()| TcpListener::from_std(socket));
    adopted.map_err(|error| {
        Fault::ours(Code::Internal, "a port that was handed over cannot be used").because(error)
    })
}

fn bind(address: SocketAddr, setting: &str, send_bytes: u32) -> Result<TcpListener, Fault> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let listener = socket.and_then(|socket| {
        // A port is free again at once after its router, whatever is left of old connections.
        socket.set_reuseaddr(true)?;
        // Each connection inherits it. Left to itself the system takes megabytes for each client that does not read, and then slows
        // down all others.
        socket.set_send_buffer_size(send_bytes)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    });
    listener.map_err(|error| {
        let text = format!("{setting}: {address} cannot be bound");
        Fault::ours(Code::Internal, text).because(error)
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpSocket, TcpStream};

    use super::{Places, Ports};
    use crate::handover::Inherited;

    #[tokio::test]
    async fn the_system_takes_no_more_for_a_client_than_is_granted() {
        let any = "127.0.0.1:0".parse().unwrap();
        let send_bytes = 64 * 1024;
        let places = Places { plain: Some(any), tls: None, admin: any, send_bytes };
        let ports = Ports::open(&places, &mut Inherited::default()).unwrap();
        let plain = ports.plain.unwrap();
        let _client = TcpStream::connect(plain.local_addr().unwrap()).await.unwrap();
        let (taken, _) = plain.accept().await.unwrap();
        let taken = TcpSocket::from_std_stream(taken.into_std().unwrap());
        assert!((send_bytes..=2 * send_bytes).contains(&taken.send_buffer_size().unwrap()));
    }
}

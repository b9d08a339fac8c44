//! The way to another process: a connection that ends at nobody but whom it was meant for.

use std::io;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{Identity, Passport, Refusal, Role, dns_name};

/// Who must be at the other end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expected {
    role: Role,
    name: Option<String>,
}

impl Expected {
    /// Anybody of this role.
    pub fn any(role: Role) -> Self {
        Self { role, name: None }
    }

    /// The one of this role that has the name.
    pub fn one(role: Role, name: impl Into<String>) -> Self {
        Self { role, name: Some(name.into()) }
    }

    /// Whether `found` is who is meant.
    pub(crate) fn fits(&self, fleet: &str, found: &Identity) -> bool {
        let named = self.name.as_ref().is_none_or(|name| name == found.name());
        found.fleet() == fleet && found.role() == self.role && named
    }

    /// As people read it.
    pub(crate) fn uri(&self, fleet: &str) -> String {
        let name = self.name.as_deref().unwrap_or("any");
        format!("spiffe://{fleet}/{}/{name}", self.role)
    }

    /// The name of DNS that a server is asked for.
    fn dns_name(&self, fleet: &str) -> String {
        match &self.name {
            Some(name) => dns_name(name, self.role, fleet),
            None => format!("{}.{fleet}", self.role),
        }
    }
}

impl Passport {
    /// Opens a connection to `host:port`; `protocols` are those of ALPN.
    ///
    /// Errors: nobody listens there, or it is somebody else than who is expected.
    pub async fn dial(
        &self,
        address: &str,
        expected: &Expected,
        protocols: &[&str],
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(expected.dns_name(self.identity().fleet()));
        let name = name.map_err(io::Error::other)?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let connector = TlsConnector::from(self.client(expected.clone(), protocols));
        let shaken = connector.connect(name, stream).await;
        shaken.map_err(|error| {
            let refusal = Refusal::of_handshake(&error);
            io::Error::new(error.kind(), Unreached { address: address.to_owned(), refusal })
        })
    }
}

/// Why a connection was not opened.
#[derive(Debug, thiserror::Error)]
#[error("whoever answers at {address} {refusal}")]
struct Unreached {
    address: String,
    refusal: Refusal,
}

//! A port as those who knock on it know it: who may come in is decided before a byte of theirs is read.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{Identity, Passport, Refusal, Role, certificate};

/// How long somebody may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lets in who may come to a port. Clones share what they count.
#[derive(Clone)]
pub struct Door {
    port: &'static str,
    lock: Option<(Passport, TlsAcceptor)>,
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Somebody on this machine, at a port that speaks plaintext.
    Local,
    /// A process of the fleet that has proved who it is.
    Known(Identity),
}

/// A connection that was let in.
#[derive(Debug)]
pub struct Admitted {
    peer: Peer,
    from: SocketAddr,
    stream: Stream,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Door {
    /// The door of a port where only `roles` come in; `protocols` are those of ALPN. Without a passport everybody comes in, in
    /// plaintext: settings see to it that such a port is on a loopback address.
    pub fn new(
        port: &'static str,
        passport: Option<&Passport>,
        roles: &'static [Role],
        protocols: &[&str],
    ) -> Self {
        let lock = passport.map(|passport| {
            (passport.clone(), TlsAcceptor::from(passport.server(roles, protocols)))
        });
        Self { port, lock }
    }

    /// Lets somebody in who connected from `from`, or says in the log why not.
    ///
    /// Errors: it may not come in; counted and told already.
    pub async fn admit(&self, stream: TcpStream, from: SocketAddr) -> Result<Admitted, Refusal> {
        // Without it small answers wait for the peer's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let Some((passport, acceptor)) = &self.lock else {
            return Ok(Admitted { peer: Peer::Local, from, stream: Stream::Plain(stream) });
        };
        let shaken = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await;
        let admitted = match shaken {
            Err(_) => Err(Refusal::Slow),
            Ok(Err(error)) => Err(Refusal::of_handshake(&error)),
            Ok(Ok(stream)) => known(stream, from),
        };
        match &admitted {
            Ok(_) => passport.counts().admit(self.port),
            Err(refusal) => self.turn_away(passport, refusal, &from),
        }
        admitted
    }

    /// Whether one who came in may do what is for `roles` alone.
    ///
    /// Errors: it may not; counted and told already.
    pub fn allows(&self, peer: &Peer, roles: &'static [Role]) -> Result<(), Refusal> {
        self.judge(peer, |found| {
            let has_role = roles.contains(&found.role());
            (!has_role).then(|| Refusal::Role { found: found.clone(), roles })
        })
    }

    /// Whether one who came in may speak for the process of this role and name: only that process may.
    ///
    /// Errors: it may not; counted and told already.
    pub fn speaks_for(&self, peer: &Peer, role: Role, name: &str) -> Result<(), Refusal> {
        self.judge(peer, |found| {
            let is_it = found.role() == role && found.name() == name;
            let expected = || format!("{role} {name}");
            (!is_it).then(|| Refusal::Other { expected: expected(), found: found.clone() })
        })
    }

    /// Turns away whom `wrong` finds something wrong with, and at a door with a lock whoever has not proved who it is.
    fn judge(
        &self,
        peer: &Peer,
        wrong: impl FnOnce(&Identity) -> Option<Refusal>,
    ) -> Result<(), Refusal> {
        let Some((passport, _)) = &self.lock else { return Ok(()) };
        let refusal = match peer {
            Peer::Known(found) => wrong(found),
            Peer::Local => Some(Refusal::Nothing),
        };
        refusal.map_or(Ok(()), |refusal| {
            self.turn_away(passport, &refusal, peer);
            Err(refusal)
        })
    }

    fn turn_away(&self, passport: &Passport, refusal: &Refusal, who: &dyn fmt::Display) {
        if passport.counts().refuse(self.port, refusal.as_str()) {
            let port = self.port;
            tracing::warn!(port, from = %who, "a peer is refused: it {refusal}");
        }
    }
}

fn known(stream: TlsStream<TcpStream>, from: SocketAddr) -> Result<Admitted, Refusal> {
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let said = certificate::read(shown.ok_or(Refusal::Nothing)?)?;
    Ok(Admitted { peer: Peer::Known(said.identity), from, stream: Stream::Tls(Box::new(stream)) })
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("somebody on this machine"),
            Self::Known(identity) => write!(f, "{identity}"),
        }
    }
}

impl Admitted {
    /// Who it is.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Where it connected from.
    pub fn from(&self) -> SocketAddr {
        self.from
    }
}

impl AsyncRead for Admitted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Admitted {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

//! How processes of the fleet speak gRPC to one another: whom a channel reaches, who calls a service.

use std::{fmt, io, net::SocketAddr, pin::Pin, sync::Arc, task, time::Duration};

use base_identity::{Admitted, Door, Expected, Passport, Peer, Role};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_stream::Stream;
use tonic::{
    ConnectError, Request, Status,
    service::Interceptor,
    transport::{Channel, Endpoint, Uri, server::Connected},
};

/// What gRPC is called in a handshake.
pub const GRPC: &[&str] = &["h2"];
/// Connections of one port that have not yet said whose they are.
const STRANGERS_MAX: usize = 1_024;
/// How long no connection is taken after the system refused one.
const OUT_OF_BREATH: Duration = Duration::from_millis(50);

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who it has proved to be.
    pub peer: Peer,
    /// Where it called from.
    pub from: SocketAddr,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.peer {
            Peer::Local => write!(f, "{}", self.from),
            Peer::Known(identity) => write!(f, "{} {identity}", self.from),
        }
    }
}

/// Who calls, of a request that came in over [`incoming`].
///
/// Errors: it came in another way, so that nobody has looked at who it is.
pub fn caller<T>(request: &Request<T>) -> Result<&Caller, Status> {
    let caller = request.extensions().get::<Caller>();
    caller.ok_or_else(|| Status::unauthenticated("nobody knows who calls"))
}

/// Lets calls through of callers that have one of the roles, on a port where others come too.
#[derive(Clone)]
pub struct Only {
    door: Door,
    roles: &'static [Role],
}

impl Only {
    /// Behind `door`, for `roles`.
    pub fn of(door: &Door, roles: &'static [Role]) -> Self {
        Self { door: door.clone(), roles }
    }
}

impl Interceptor for Only {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        allows(&self.door, caller(&request)?, self.roles)?;
        Ok(request)
    }
}

/// Whether who calls may do what is for `roles` alone.
///
/// Errors: it may not.
pub fn allows(door: &Door, caller: &Caller, roles: &'static [Role]) -> Result<(), Status> {
    let allowed = door.allows(&caller.peer, roles);
    allowed.map_err(|refusal| Status::permission_denied(format!("who calls {refusal}")))
}

/// Whether who calls may speak for the process of this role and name.
///
/// Errors: it may not.
pub fn speaks_for(door: &Door, caller: &Caller, role: Role, name: &str) -> Result<(), Status> {
    let allowed = door.speaks_for(&caller.peer, role, name);
    allowed.map_err(|refusal| Status::permission_denied(format!("who calls {refusal}")))
}

/// A channel to a process of the fleet that connects when it is first used: with a passport to nobody but whom is expected,
/// without one in plaintext. The endpoint names where, as `http://host:port`.
pub fn channel(endpoint: &Endpoint, passport: Option<&Passport>, expected: Expected) -> Channel {
    let Some(passport) = passport.cloned() else {
        return endpoint.connect_lazy();
    };
    let connect = move |uri: Uri| {
        let (passport, expected) = (passport.clone(), expected.clone());
        async move {
            let place = uri.authority().map(ToString::to_string).unwrap_or_default();
            let stream = passport.dial(&place, &expected, GRPC).await?;
            Ok::<_, io::Error>(TokioIo::new(stream))
        }
    };
    endpoint.connect_with_connector_lazy(tower::service_fn(connect))
}

/// A channel to whichever of several processes, each at its `host:port`, takes a connection first, in this order; each gets its share
/// of `patience`. It goes on at the next one when a connection is lost. The endpoint's own address is not asked.
pub fn channel_to_any(
    endpoint: &Endpoint,
    places: Vec<String>,
    patience: Duration,
    passport: Option<&Passport>,
    expected: Expected,
) -> Channel {
    let each = patience / u32::try_from(places.len().max(1)).unwrap_or(u32::MAX);
    let (places, passport) = (Arc::<[String]>::from(places), passport.cloned());
    let connect = move |_: Uri| {
        let (places, passport, expected) = (places.clone(), passport.clone(), expected.clone());
        async move {
            let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
            for place in &*places {
                let dialled = async {
                    match &passport {
                        Some(passport) => {
                            let stream = passport.dial(place, &expected, GRPC).await?;
                            Ok::<Stretch, io::Error>(Box::pin(stream))
                        }
                        None => Ok(Box::pin(TcpStream::connect(place).await?) as Stretch),
                    }
                };
                match tokio::time::timeout(each, dialled).await {
                    Ok(Ok(stream)) => return Ok(TokioIo::new(stream)),
                    Ok(Err(error)) => last = error,
                    Err(_) => last = io::ErrorKind::TimedOut.into(),
                }
            }
            Err(last)
        }
    };
    endpoint.connect_with_connector_lazy(tower::service_fn(connect))
}

/// A connection, in plaintext or not.
type Stretch = Pin<Box<dyn Duplex>>;

trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> Duplex for S {}

/// Whether a call failed because nobody took the connection: then nothing of it was sent.
pub fn never_sent(status: &Status) -> bool {
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        if error.is::<ConnectError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether a call failed on its way, and not by the word of whom it was for.
pub fn broke_off(status: &Status) -> bool {
    std::error::Error::source(status).is_some()
}

/// Why a call failed, with the cause that the transport knows, such as who answered instead of whom was meant.
pub fn why(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        let said = error.to_string();
        // Many a cause is repeated word by word by what it caused.
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

/// The connections of a port that its door lets in, each with who calls. Strangers keep nobody waiting.
pub fn incoming(listener: TcpListener, door: Door) -> impl Stream<Item = io::Result<Line>> {
    async_stream::stream! {
        let mut strangers = FuturesUnordered::new();
        loop {
            tokio::select! {
                taken = listener.accept(), if strangers.len() < STRANGERS_MAX => match taken {
                    Ok((stream, from)) => {
                        let door = door.clone();
                        strangers.push(async move { door.admit(stream, from).await });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not taken");
                        tokio::time::sleep(OUT_OF_BREATH).await;
                    }
                },
                Some(admitted) = strangers.next(), if !strangers.is_empty() => {
                    // Who is not let in has been counted and told of.
                    if let Ok(admitted) = admitted {
                        yield Ok(Line(admitted));
                    }
                }
            }
        }
    }
}

/// A connection whose other end is known.
#[derive(Debug)]
pub struct Line(Admitted);

impl Connected for Line {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        Caller { peer: self.0.peer().clone(), from: self.0.from() }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> task::Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> task::Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> task::Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(
        self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> task::Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(
        self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> task::Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}

//! A stand-in cell that answers everything, well or badly, and can be gone for a while.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// How an answer's path ends that nobody takes in one piece.
pub(crate) const LONG_PATH: &str = "/long";
const LONG: usize = 2 << 20;
const SHORT: usize = 1024;
const SEND_BYTES: u32 = 128 * 1024;
const BACKLOG: u32 = 4_096;
/// As many requests as a cell may ever have.
const ALL: usize = Semaphore::MAX_PERMITS;

/// How a cell answers: so many requests at a time, each after so long; the others wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    at_once: usize,
    each: Duration,
}

impl Manner {
    /// All of them at once.
    pub(crate) const PROMPT: Self = Self { at_once: ALL, each: Duration::ZERO };
    /// All of them, each after a second.
    pub(crate) const SLOW: Self = Self { at_once: ALL, each: Duration::from_secs(1) };
    /// 400 a second and no more.
    pub(crate) const NARROW: Self = Self { at_once: 8, each: Duration::from_millis(20) };
}

/// A stand-in cell. It has an address for good, also while nobody is there.
#[derive(Debug)]
pub(crate) struct StandIn {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl StandIn {
    /// Starts a prompt one. To be called inside a tokio runtime.
    ///
    /// Errors: those of the system.
    pub(crate) fn start() -> io::Result<Self> {
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self { address: listener.local_addr()?, serving: serve(listener, Manner::PROMPT) })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection; then nobody is there.
    pub(crate) async fn die(&mut self) {
        self.serving.abort();
        // It says that it was aborted.
        let _ = (&mut self.serving).await;
    }

    /// Ends every connection, and answers like this from now on.
    ///
    /// Errors: those of the system.
    pub(crate) async fn live(&mut self, manner: Manner) -> io::Result<()> {
        if !self.serving.is_finished() {
            self.die().await;
        }
        self.serving = serve(listen(self.address)?, manner);
        Ok(())
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    // All that is measured here shares what one system has for sockets: answers wait in this program and not there.
    socket.set_send_buffer_size(SEND_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn serve(listener: TcpListener, manner: Manner) -> JoinHandle<()> {
    tokio::spawn(async move {
        let room = Arc::new(Semaphore::new(manner.at_once));
        let mut connections = JoinSet::new();
        loop {
            // Out of descriptors: the ones that close make room.
            let Ok((stream, _)) = listener.accept().await else { continue };
            let room = Arc::clone(&room);
            connections.spawn(async move {
                let answer = service_fn(move |request| answer(request, Arc::clone(&room), manner));
                let server = auto::Builder::new(TokioExecutor::new());
                // Whoever leaves in the middle ends only itself.
                let _ = server.serve_connection(TokioIo::new(stream), answer).await;
            });
            while connections.try_join_next().is_some() {}
        }
    })
}

async fn answer(
    request: Request<Incoming>,
    room: Arc<Semaphore>,
    manner: Manner,
) -> Result<Response<Full<Bytes>>, Infallible> {
    static BYTES: LazyLock<Bytes> = LazyLock::new(|| vec![b'x'; LONG].into());
    let len = if request.uri().path().ends_with(LONG_PATH) { LONG } else { SHORT };
    // A request that breaks off has no reader of its answer.
    let _ = request.into_body().collect().await;
    // Nobody closes it.
    let _place = room.acquire().await;
    if !manner.each.is_zero() {
        sleep(manner.each).await;
    }
    Ok(Response::new(Full::new(BYTES.slice(..len))))
}

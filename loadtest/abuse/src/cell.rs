//! A cell that answers everything: a kilobyte for most paths, more where a client asks for more than it takes.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::net::TcpListener;

/// Where an answer is long enough that nobody takes it in one piece.
pub(crate) const LONG_PATH: &str = "/v1/users/u1/long";
const LONG: usize = 8 << 20;
const SHORT: usize = 1024;

/// Starts the cell; it ends with the runtime.
pub(crate) async fn start() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        loop {
            // Out of descriptors: the ones that close make room.
            let Ok((stream, _)) = listener.accept().await else { continue };
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                // Whoever leaves in the middle ends only itself.
                let _ = server.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
            });
        }
    });
    Ok(address)
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    static BYTES: [u8; LONG] = [b'x'; LONG];
    let len = if request.uri().path() == LONG_PATH { LONG } else { SHORT };
    // A request that breaks off has no reader of its answer.
    let _ = request.into_body().collect().await;
    Ok(Response::new(Full::new(Bytes::from_static(&BYTES[..len]))))
}

//! The HTTP server: takes connections, reads requests, and hangs up where a script says so.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::error::ApiError;
use crate::flow::{self, Call, Hangup};
use crate::reply::{self, Reply, reply};
use crate::shared::Shared;
use crate::{challenge, control};

/// The largest request body; an honest form is a few kilobytes.
const BODY_LEN_MAX: usize = 1024 * 1024;

impl std::fmt::Display for Hangup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection ends without an answer")
    }
}

impl std::error::Error for Hangup {}

/// Serves until told to stop.
pub(crate) async fn run(shared: Arc<Shared>, listener: TcpListener, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connection(Arc::clone(&shared), stream, peer, stop.clone());
                tokio::spawn(connection);
            }
            Err(error) => {
                // Out of descriptors, mostly: the next ones may do better.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn connection(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    stop: CancellationToken,
) {
    // Small answers should not wait for more.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        let stop = stop.clone();
        async move {
            // Apart from the connection: a client that gives up does not undo what it asked for.
            let work = tokio::spawn(serve(shared, request, peer));
            tokio::select! {
                () = stop.cancelled() => Err(Hangup),
                done = work => done.unwrap_or_else(|_| Ok(broken())),
            }
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let served = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = stop.cancelled() => {}
        // Broken connections are everyday business here, often on purpose.
        _ = served => {}
    }
}

/// A bug of ours, told as Stripe tells its own.
fn broken() -> Reply {
    let error = ApiError::internal();
    reply::json(error.status, &error.body(""))
}

async fn serve(
    shared: Arc<Shared>,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Result<Reply, Hangup> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, BODY_LEN_MAX).collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let mut error = ApiError::request("The request body is too large.");
            error.status = StatusCode::PAYLOAD_TOO_LARGE;
            return Ok(reply::json(error.status, &error.body("")));
        }
        Err(_) => return Err(Hangup),
    };
    let call = Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    let segments: Vec<_> = call.path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["healthz"] => Ok(reply(StatusCode::OK, "text/plain", Bytes::from_static(b"ok\n"), None)),
        [challenge::SEGMENT, rest @ ..] => Ok(challenge::answer(&shared, &call.method, rest).await),
        [control::SEGMENT, _, ..] if !peer.ip().is_loopback() => {
            let message = "scripts are taken from this machine only";
            Ok(reply::json(StatusCode::FORBIDDEN, &json!({ "error": { "message": message } })))
        }
        [control::SEGMENT, rest @ ..] => Ok(control::answer(&shared, &call, rest).await),
        _ => flow::answer(shared, call).await,
    }
}

//! Bodies of requests that are answered early: what still comes is read and let go, so that whoever is sending it hears the answer.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Request, Version, header};
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// How long, and of how many bytes, what still comes is read. Above the largest body that any method takes, so that only who means to send
/// what nobody takes is cut off.
const FOR: Duration = Duration::from_secs(30);
const BYTES_MAX: usize = 32 << 20;

/// A body over HTTP/1.1 that is read on after it was let go. Closed with bytes in it, the connection would be reset, and a client that
/// sends all before it listens would find it broken and no answer on it. HTTP/2 ends a stream without harm to its answer.
struct Lingering {
    /// None when all of it came, or it broke off.
    body: Option<Body>,
    /// The client sends nothing before it is asked to, which the first look at the body does.
    waits: bool,
    stopping: CancellationToken,
}

/// Gives a request such a body, if it needs one.
pub(crate) fn over(request: Request<Body>, stopping: &CancellationToken) -> Request<Body> {
    if request.version() >= Version::HTTP_2 || request.body().is_end_stream() {
        return request;
    }
    let waits = request.headers().contains_key(header::EXPECT);
    let stopping = stopping.clone();
    request.map(|body| Body::new(Lingering { body: Some(body), waits, stopping }))
}

impl hyper::body::Body for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.waits = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !self.waits && !body.is_end_stream())
        else {
            return;
        };
        if let Ok(runtime) = Handle::try_current() {
            let read = tokio::time::timeout(FOR, read(body));
            runtime.spawn(self.stopping.clone().run_until_cancelled_owned(read));
        }
    }
}

/// Reads a body until it ends, or is longer than anybody may send.
async fn read(body: Body) {
    let mut left = BYTES_MAX;
    let mut pieces = body.into_data_stream();
    while let Some(Ok(piece)) = pieces.next().await {
        let Some(less) = left.checked_sub(piece.len()) else { return };
        left = less;
    }
}

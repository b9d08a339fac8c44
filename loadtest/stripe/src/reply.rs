//! Responses whose webhooks leave when the response has left.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use crate::courier::{Counter, Letter};

/// Letters that are handed in when this is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    counter: Counter,
    letters: Vec<Letter>,
}

impl Ticket {
    pub(crate) fn new(counter: &Counter, letters: Vec<Letter>) -> Self {
        Self { counter: counter.clone(), letters }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.counter.deliver(std::mem::take(&mut self.letters));
    }
}

/// A response body that holds a ticket until the server has written it or given it up.
#[derive(Debug)]
pub(crate) struct ReplyBody {
    text: Full<Bytes>,
    _ticket: Option<Ticket>,
}

/// A response of this server.
pub(crate) type Reply = Response<ReplyBody>;

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.text).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.text.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.text.size_hint()
    }
}

/// A response with a body of the given type; its letters leave after it.
pub(crate) fn reply(
    status: StatusCode,
    content_type: &'static str,
    text: impl Into<Bytes>,
    ticket: Option<Ticket>,
) -> Reply {
    let body = ReplyBody { text: Full::new(text.into()), _ticket: ticket };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache, no-store"));
    response
}

/// A JSON response without letters.
pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Reply {
    reply(status, "application/json", crate::render::text(value), None)
}

//! gRPC: one route for every method, unary and server-streaming; messages pass as the bytes they are.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::body::Body;
use base_fault::{Code, Fault};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _};
use http::{HeaderMap, HeaderValue, Request, Response, header, request::Parts};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use prost::Message as _;
use prost_reflect::DynamicMessage;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tracing::Instrument as _;

use crate::{
    Changes,
    answer::Told,
    arrival,
    contract::Method,
    mask, message,
    office::{Errand, Office},
    text, wire,
};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
/// Before each message: a byte that says whether it is compressed, and four of its length.
const FRAME_HEAD_LEN: usize = 5;

/// Whether a request is gRPC (and not gRPC-Web, which is plain HTTP to us).
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let behind = content_type.and_then(|text| text.strip_prefix(b"application/grpc"));
    behind.is_some_and(|behind| matches!(behind.first(), None | Some(b'+' | b';')))
}

/// Answers a gRPC call to any method of the contract.
pub(crate) async fn answer(office: Arc<Office>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let errand = Errand::of(&head.headers);
    let method = office.contract.called(head.uri.path()).cloned();
    let served = serve(&office, &head, body, &errand, method.as_ref());
    let outcome = match Box::pin(AssertUnwindSafe(served).catch_unwind()).await {
        Ok(outcome) => outcome,
        Err(_) => Err(office.panicked(&errand)),
    };
    let (mut response, code) = match outcome {
        Ok(response) => (response, 0),
        // Trailers only: the status is visible to a router before any body.
        Err(told) => {
            let status = told.status(&errand.request_id);
            let code = u16::try_from(i32::from(status.code())).unwrap_or_default();
            (status.into_http(), code)
        }
    };
    if let Ok(id) = HeaderValue::try_from(&errand.request_id) {
        response.headers_mut().insert(arrival::REQUEST_ID, id);
    }
    let name = method.as_ref().map(|method| &method.name);
    office.count.ended(name, "grpc", code, errand.started.elapsed());
    response
}

async fn serve(
    office: &Arc<Office>,
    head: &Parts,
    body: Body,
    errand: &Errand,
    method: Option<&Arc<Method>>,
) -> Result<Response<Body>, Told> {
    let method = method.ok_or_else(|| {
        let path = text::shortened(head.uri.path());
        Fault::caller(
            Code::RouteUnknown,
            format!("there is no method `{path}`; ask for reflection"),
        )
    })?;
    let span = errand.span("grpc", &method.name);
    serve_method(office, head, body, errand, method).instrument(span).await
}

async fn serve_method(
    office: &Arc<Office>,
    head: &Parts,
    body: Body,
    errand: &Errand,
    method: &Arc<Method>,
) -> Result<Response<Body>, Told> {
    if method.bytes.is_some() {
        let text = format!("{} carries bytes as they are, which go over HTTP", method.name);
        return Err(Fault::caller(Code::RouteUnknown, text).into());
    }
    let headers = &head.headers;
    let caller = office.caller(headers)?;
    office.welcome(&caller).await?;
    let place = office.place()?;
    let patience = errand.started + arrival::patience(headers, &office.config)?;
    let held = office.body(method, headers, body, FRAME_HEAD_LEN, patience).await?;
    let mut request = message_of(&held.bytes)?.to_vec();
    drop(held);
    let name = match &method.addressee {
        Some(at) => wire::addressee(&request, at)?,
        None => String::new(),
    };
    let mut admitted = office.admit(method, headers, caller, &name, errand.started)?;
    if let (Some(at), Some(renamed)) = (&method.addressee, admitted.renamed.take()) {
        wire::readdress(&mut request, at, &renamed);
    }
    if method.mask.is_some() {
        request = with_settled_mask(method, &request)?;
    }
    let until = admitted.until;
    let call = Office::call(method, admitted, request, errand);
    if method.streaming {
        drop(place);
        let place = office.stream_place()?;
        let changes = office.watch(method, call).await?;
        // Without a deadline of its own a stream lasts as long as any may.
        let asked = headers.contains_key("grpc-timeout").then_some(until);
        let until = asked.unwrap_or(Instant::now() + office.config.stream_max());
        return Ok(stream(office, changes, errand.request_id.clone(), until, place));
    }
    let answered = office.serve(method, call, place).await?;
    let mut trailers = status_of_success();
    if answered.replayed {
        trailers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    if answered.version.0 > 0
        && let Ok(tag) = HeaderValue::try_from(arrival::etag(answered.version))
    {
        trailers.insert(header::ETAG, tag);
    }
    let body = Full::new(frame(&answered.response)).with_trailers(async { Some(Ok(trailers)) });
    Ok(response(Body::new(body)))
}

/// The one message of a request.
fn message_of(body: &Bytes) -> Result<Bytes, Fault> {
    let malformed = |text: &str| Fault::caller(Code::Malformed, text);
    let (head, message) = (body.split_at_checked(FRAME_HEAD_LEN))
        .ok_or_else(|| malformed("the call has no message"))?;
    if head[0] != 0 {
        return Err(malformed("the message is compressed, which is not served"));
    }
    let len = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    if usize::try_from(len).ok() != Some(message.len()) {
        return Err(malformed("the call does not hold exactly one message"));
    }
    Ok(body.slice(FRAME_HEAD_LEN..))
}

fn with_settled_mask(method: &Method, request: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut message = DynamicMessage::decode(method.input.clone(), request).map_err(|error| {
        let text = format!("the message is not a {}", method.input.name());
        Fault::caller(Code::Malformed, text).because(error)
    })?;
    let mut mistakes = message::Mistakes::default();
    if let Some(mask) = &method.mask {
        mask::settle(mask, &mut message, &mut mistakes);
    }
    mistakes.into_result()?;
    Ok(message.encode_to_vec())
}

fn stream(
    office: &Arc<Office>,
    mut changes: Changes,
    request_id: String,
    until: Instant,
    place: OwnedSemaphorePermit,
) -> Response<Body> {
    let office = Arc::clone(office);
    let frames = async_stream::stream! {
        let _held = (place, office.count.stream());
        let ending = loop {
            let item = tokio::select! {
                item = changes.next() => item,
                () = tokio::time::sleep_until(until) => {
                    let text = "the stream has lasted as long as it may; open it again";
                    break Some(Fault::caller(Code::DeadlineExceeded, text).into());
                }
                () = office.stopping.cancelled() => {
                    let text = "the cell is stopping; open the stream again";
                    let soon = std::time::Duration::from_secs(1);
                    break Some(Fault::downstream(Code::Unavailable, soon, text).into());
                }
            };
            match item {
                None => break None,
                Some(Ok(bytes)) => yield Ok::<_, std::convert::Infallible>(Frame::data(frame(&bytes))),
                Some(Err(no)) => break Some(Told::from(no)),
            }
        };
        let trailers = match ending {
            None => status_of_success(),
            Some(told) => {
                // As the trailers of an answer that has a body already.
                let mut trailers = HeaderMap::new();
                if told.status(&request_id).add_header(&mut trailers).is_err() {
                    trailers.insert(tonic::Status::GRPC_STATUS, HeaderValue::from_static("13"));
                }
                trailers
            }
        };
        yield Ok(Frame::trailers(trailers));
    };
    response(Body::new(StreamBody::new(frames)))
}

fn response(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, GRPC);
    response
}

fn status_of_success() -> HeaderMap {
    HeaderMap::from_iter([(tonic::Status::GRPC_STATUS, HeaderValue::from_static("0"))])
}

fn frame(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(FRAME_HEAD_LEN + message.len());
    frame.put_u8(0);
    // A response of 4 GiB cannot be held in memory, let alone be sent.
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.extend_from_slice(message);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{frame, message_of};

    #[test]
    fn a_call_holds_exactly_one_plain_message() {
        assert_eq!(message_of(&frame(b"abc")).unwrap(), "abc");
        assert_eq!(message_of(&frame(b"")).unwrap(), "");
        let two = [frame(b"abc"), frame(b"d")].concat();
        for body in [
            &b""[..],
            &[0, 0, 0],
            &[1, 0, 0, 0, 0],
            &[0, 0, 0, 0, 1],
            &[0, 255, 255, 255, 255],
            &two,
        ] {
            assert!(message_of(&Bytes::copy_from_slice(body)).is_err(), "{body:?}");
        }
    }
}

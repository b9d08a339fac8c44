//! How much of a request's body there is: what is not longer than Pingora keeps can be sent to another cell after a refusal.

use std::time::Duration;

use http::header;
use pingora::{Error, ErrorType, Result, proxy::Session};

/// What Pingora keeps of a body in order to send it again.
pub(crate) const REPLAY_MAX: usize = 64 << 10;
/// Most that one reading gives: a frame of HTTP/2, or a piece of a chunked body and what was left of the one before.
const STEP_MAX: usize = 20 << 10;
/// What a request takes in memory beside what can be counted.
const HEAD_COST: usize = 512;
/// How long the rest of a body of unknown length is waited for; it usually comes with the head.
const READ_AHEAD: Duration = Duration::from_millis(250);
/// Before each message of gRPC: a byte that says whether it is compressed, and four of its length.
const GRPC_HEAD_LEN: usize = 5;

/// The length that the head declares; `None` if it declares none and there is a body.
pub(crate) fn declared(session: &mut Session) -> Option<usize> {
    if session.as_downstream_mut().is_body_empty() {
        return Some(0);
    }
    let length = session.req_header().headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Bytes that a request takes while it waits: its head, and of its body what is kept.
pub(crate) fn cost(session: &mut Session) -> usize {
    let body = declared(session).map_or(REPLAY_MAX, |len| len.min(REPLAY_MAX));
    let head = session.req_header();
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    HEAD_COST + head.uri.path().len() + headers.sum::<usize>() + body
}

/// Whether the head alone says that the whole body can be sent again.
pub(crate) fn is_short(session: &mut Session) -> bool {
    declared(session).is_some_and(|len| len <= REPLAY_MAX)
}

/// Whether the whole body can be sent again. Reads one of unknown length ahead: to its end, or until it may be longer.
///
/// Never reads more than is kept: what is read and not kept would be lost.
pub(crate) async fn is_replayable(session: &mut Session, grpc: bool) -> Result<bool> {
    if let Some(len) = declared(session) {
        return Ok(len <= REPLAY_MAX);
    }
    let downstream = session.as_downstream_mut();
    downstream.enable_retry_buffering();
    let ended = tokio::time::timeout(READ_AHEAD, async {
        let mut read = 0;
        while read + STEP_MAX <= REPLAY_MAX {
            if downstream.is_body_done() {
                return Ok(true);
            }
            let Some(piece) = downstream.read_request_body().await? else { return Ok(true) };
            read += piece.len();
            if downstream.retry_buffer_truncated() {
                let text = "more of a body was read ahead than is kept";
                return Error::e_explain(ErrorType::InternalError, text);
            }
            if grpc && let Some(fits) = message_fits(downstream.get_retry_buffer().as_deref()) {
                return Ok(fits);
            }
        }
        Ok(false)
    });
    ended.await.unwrap_or(Ok(false))
}

/// Whether the one message of a call fits, as its head says; `None` if that has not come yet.
fn message_fits(read: Option<&[u8]>) -> Option<bool> {
    let head = read?.first_chunk::<GRPC_HEAD_LEN>()?;
    let len = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    Some(len <= REPLAY_MAX - GRPC_HEAD_LEN)
}

#[cfg(test)]
mod tests {
    use super::message_fits;

    #[test]
    fn the_head_of_a_message_tells_its_length() {
        assert_eq!(message_fits(None), None);
        assert_eq!(message_fits(Some(&[0, 0, 0])), None);
        assert_eq!(message_fits(Some(&[0, 0, 0, 0, 2, 9])), Some(true));
        assert_eq!(message_fits(Some(&[0, 0, 0, 255, 251])), Some(true));
        assert_eq!(message_fits(Some(&[0, 0, 0, 255, 252])), Some(false));
    }
}

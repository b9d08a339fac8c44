//! How an answer that lasts is ended before its time, so that its client comes back by itself: each protocol has a word for it.

use std::time::Duration;

use base_fault::{Fault, Told};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use pingora::{Result, http::ResponseHeader, protocols::http::HttpTask, proxy::Session};
use tokio::time::timeout;

use crate::{answer, frames::Frames};

/// When a browser asks for its events again.
const EVENTS_RETRY_MS: u32 = 500;
/// How long a WebSocket is listened to after its last word.
const LINGER: Duration = Duration::from_secs(1);

/// An answer that lasts, as far as it has gone out.
#[derive(Debug)]
pub(crate) enum Parting {
    /// Server-sent events; the last bytes that went out.
    Events([u8; 4]),
    /// A WebSocket.
    Socket(Box<Frames>),
    /// A gRPC call whose answer has begun.
    Call,
}

impl Parting {
    /// What an answer with this head is, if it may last.
    pub(crate) fn of(answer: &ResponseHeader, grpc: bool) -> Option<Self> {
        if answer.status == StatusCode::SWITCHING_PROTOCOLS {
            return Some(Self::Socket(Box::default()));
        }
        if grpc {
            // With its status in the head it has ended.
            return (!answer.headers.contains_key("grpc-status")).then_some(Self::Call);
        }
        let kind = answer.headers.get(header::CONTENT_TYPE)?.as_bytes();
        let events = kind.get(..17)?.eq_ignore_ascii_case(b"text/event-stream");
        let plain = !answer.headers.contains_key(header::CONTENT_ENCODING)
            && !answer.headers.contains_key(header::CONTENT_LENGTH);
        (events && plain).then_some(Self::Events(*b"\n\n\n\n"))
    }

    /// Sees what goes out.
    pub(crate) fn see(&mut self, bytes: &[u8]) {
        match self {
            Self::Events(last) => {
                let joined = [&last[..], &bytes[bytes.len().saturating_sub(4)..]].concat();
                last.copy_from_slice(&joined[joined.len() - 4..]);
            }
            Self::Socket(frames) => frames.walk(bytes),
            Self::Call => {}
        }
    }

    /// Ends the answer with the word for it; `fault` says why.
    pub(crate) async fn end(&self, session: &mut Session, fault: &Fault) -> Result<()> {
        let client = session.as_downstream_mut();
        match self {
            Self::Events(last) => {
                client.write_response_body(last_event(*last), true).await?;
            }
            Self::Socket(frames) => {
                // In the middle of a frame there is no word; the end of the connection has to do.
                let word = frames.farewell().map(Bytes::from);
                client.response_duplex_vec(vec![HttpTask::UpgradedBody(word, false)]).await?;
                // Closed while the client speaks, the connection would be reset, and the word lost.
                let silent = async { while let Ok(Some(_)) = client.read_request_body().await {} };
                let _ = timeout(LINGER, silent).await;
            }
            Self::Call => client.write_response_trailers(status(fault)).await?,
        }
        Ok(())
    }
}

/// Says when to come back. An event that is not whole is left so: browsers drop it and ask again from the one before.
fn last_event(last: [u8; 4]) -> Bytes {
    let between = last.ends_with(b"\n\n") || last.ends_with(b"\r\r") || last == *b"\r\n\r\n";
    let word = if between {
        format!("retry: {EVENTS_RETRY_MS}\n\n")
    } else {
        format!("\nretry: {EVENTS_RETRY_MS}\n")
    };
    word.into()
}

fn status(fault: &Fault) -> HeaderMap {
    let (code, message) = answer::grpc_status(&Told::from(fault));
    let mut trailers = HeaderMap::with_capacity(2);
    trailers.insert("grpc-status", HeaderValue::from(code));
    if let Ok(message) = HeaderValue::try_from(message) {
        trailers.insert("grpc-message", message);
    }
    trailers
}

#[cfg(test)]
mod tests {
    use pingora::http::ResponseHeader;

    use super::{Parting, last_event};

    fn head(status: u16, fields: &[(&'static str, &str)]) -> ResponseHeader {
        let mut head = ResponseHeader::build(status, None).unwrap();
        for (name, value) in fields {
            head.insert_header(*name, *value).unwrap();
        }
        head
    }

    #[test]
    fn what_lasts_is_known_by_its_head() {
        let of = |head: &ResponseHeader, grpc| Parting::of(head, grpc);
        assert!(matches!(of(&head(101, &[]), false), Some(Parting::Socket(_))));
        let events = head(200, &[("content-type", "text/Event-Stream; charset=utf-8")]);
        assert!(matches!(of(&events, false), Some(Parting::Events(_))));
        assert!(matches!(of(&head(200, &[]), true), Some(Parting::Call)));
        assert!(of(&head(200, &[("grpc-status", "5")]), true).is_none());
        for fields in [
            &[("content-type", "application/json")][..],
            &[("content-type", "text/event-stream"), ("content-encoding", "gzip")],
            &[],
        ] {
            assert!(of(&head(200, fields), false).is_none(), "{fields:?}");
        }
    }

    #[test]
    fn an_event_that_is_not_whole_stays_so() {
        let word_after = |pieces: &[&str]| {
            let mut parting = Parting::Events(*b"\n\n\n\n");
            for piece in pieces {
                parting.see(piece.as_bytes());
            }
            let Parting::Events(last) = parting else { panic!("still events") };
            last_event(last)
        };
        let between = "retry: 500\n\n";
        assert_eq!(word_after(&[]), between);
        assert_eq!(word_after(&["data: 1\n\n"]), between);
        assert_eq!(word_after(&["data: 1\r\n\r", "\n"]), between);
        assert_eq!(word_after(&["data: 1\n", "\n", ""]), between);
        assert_eq!(word_after(&["data: 1\n\ndata: 2"]), "\nretry: 500\n");
        assert_eq!(word_after(&["data: 1\n\n", "data: 2\n"]), "\nretry: 500\n");
    }
}

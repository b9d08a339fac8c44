//! The router's own answers: problem+json (RFC 9457) for REST, a status for gRPC, from one fault.

use std::fmt::Write as _;

use base_fault::{Fault, Told};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use pingora::{
    Error as ProxyError, http::ResponseHeader, protocols::http::HttpTask, proxy::Session,
};
use uuid::Uuid;

use crate::guard::Pass;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The body of a REST answer. `public_url` is where the pages of the codes are.
pub(crate) fn problem_json(told: &Told, public_url: &str, request_id: &str) -> Bytes {
    told.problem_json(public_url, request_id).into()
}

/// Percent-encodes what gRPC's `grpc-message` cannot carry.
fn grpc_message(text: &str) -> String {
    let mut message = String::with_capacity(text.len());
    for byte in text.bytes() {
        if (0x20..0x7f).contains(&byte) && byte != b'%' {
            message.push(char::from(byte));
        } else {
            let _ = write!(message, "%{byte:02X}");
        }
    }
    message
}

/// The number and the text of a fault's status in gRPC.
pub(crate) fn grpc_status(told: &Told) -> (i32, String) {
    (told.grpc(), grpc_message(told.detail()))
}

/// Answers a gRPC call with nothing but a status.
fn grpc_head(told: &Told, request_id: &str) -> Result<ResponseHeader, Box<ProxyError>> {
    let mut head = ResponseHeader::build(200, Some(5))?;
    head.insert_header(header::CONTENT_TYPE, "application/grpc")?;
    let (status, message) = grpc_status(told);
    head.insert_header("grpc-status", HeaderValue::from(status))?;
    head.insert_header("grpc-message", message)?;
    let details = STANDARD_NO_PAD.encode(told.grpc_details(request_id));
    head.insert_header("grpc-status-details-bin", details)?;
    head.insert_header(REQUEST_ID, request_id)?;
    Ok(head)
}

fn rest_head(
    told: &Told,
    body_len: usize,
    request_id: &str,
) -> Result<ResponseHeader, Box<ProxyError>> {
    let status = told.http();
    let mut head = ResponseHeader::build(status, Some(6))?;
    head.insert_header(header::CONTENT_TYPE, "application/problem+json")?;
    head.insert_header(header::CONTENT_LENGTH, HeaderValue::from(body_len))?;
    head.insert_header(header::CACHE_CONTROL, "no-store")?;
    head.insert_header(REQUEST_ID, request_id)?;
    if let Some(secs) = told.retry_after_secs() {
        head.insert_header(header::RETRY_AFTER, HeaderValue::from(secs))?;
    }
    if status == 401 {
        head.insert_header(header::WWW_AUTHENTICATE, "Bearer")?;
    }
    Ok(head)
}

/// The whole answer to what never became a request: nothing follows it on its connection.
pub(crate) fn last_word(fault: &Fault, public_url: &str) -> Vec<u8> {
    let request_id = Uuid::now_v7().to_string();
    let told = Told::from(fault);
    let body = problem_json(&told, public_url, &request_id);
    let status = StatusCode::from_u16(told.http()).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         x-request-id: {request_id}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

/// What an answer of the router is made of.
pub(crate) struct Answer<'a> {
    pub(crate) fault: &'a Fault,
    /// Where the pages of the codes are.
    pub(crate) public_url: &'a str,
    pub(crate) request_id: &'a str,
    /// Knows the limit that the client has nearly used up, or has.
    pub(crate) pass: &'a Pass,
}

/// Sends the answer, unless a part of another one has gone out already.
pub(crate) async fn send(
    session: &mut Session,
    answer: &Answer<'_>,
    grpc: bool,
) -> Result<(), Box<ProxyError>> {
    if session.response_written().is_some() {
        return Ok(());
    }
    let Answer { public_url, request_id, pass, .. } = *answer;
    let told = Told::from(answer.fault);
    if grpc {
        // Trailers-only: the status must come with the end of the stream.
        let mut head = Box::new(grpc_head(&told, request_id)?);
        pass.tell(&mut head)?;
        let answer = vec![HttpTask::Header(head, true)];
        session.as_downstream_mut().response_duplex_vec(answer).await?;
        return Ok(());
    }
    let body = problem_json(&told, public_url, request_id);
    let mut head = Box::new(rest_head(&told, body.len(), request_id)?);
    pass.tell(&mut head)?;
    if !session.as_downstream_mut().is_body_empty() {
        // What the client still sends would be read as its next request.
        session.set_keepalive(None);
    }
    let wants_body = session.req_header().method != Method::HEAD;
    session.as_downstream_mut().write_response_header(head).await?;
    let body = if wants_body { body } else { Bytes::new() };
    session.as_downstream_mut().write_response_body(body, true).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base_fault::{Code, Fault, Told};

    use super::{grpc_head, last_word, problem_json, rest_head};

    fn told() -> Told {
        let wait = Duration::from_millis(200);
        Fault::downstream(Code::Unavailable, wait, "cell-2 does not answer").into()
    }

    #[test]
    fn a_fault_reads_the_same_as_problem_and_as_grpc_status() {
        let json = problem_json(&told(), "https://souk.example", "r1");
        let problem: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(
            problem,
            serde_json::json!({
                "type": "https://souk.example/errors/unavailable",
                "title": "A part of the platform cannot be reached",
                "status": 503, "code": "unavailable", "detail": "cell-2 does not answer", "instance": "r1", "retryAfterMs": 200,
            })
        );
        let head = rest_head(&told(), json.len(), "r1").unwrap();
        assert_eq!(head.headers["retry-after"], "1");
        let head = grpc_head(&told(), "r1").unwrap();
        assert_eq!(head.headers["grpc-status"], "14");
        assert_eq!(head.headers["grpc-message"], "cell-2 does not answer");
    }

    #[test]
    fn the_last_word_is_a_whole_answer() {
        let word = last_word(&Fault::caller(Code::HeadTooLarge, "too large"), "");
        let word = String::from_utf8(word).unwrap();
        let (head, body) = word.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{head}");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
        assert!(body.contains(r#""code":"head_too_large""#), "{body}");
    }

    #[test]
    fn who_must_sign_in_is_told_how() {
        let head = rest_head(&Fault::caller(Code::TokenExpired, "x").into(), 1, "r1").unwrap();
        assert_eq!(head.headers["www-authenticate"], "Bearer");
        assert!(!head.headers.contains_key("retry-after"));
        let head = grpc_head(&Fault::caller(Code::Malformed, "é%").into(), "r1").unwrap();
        assert_eq!(head.headers["grpc-message"], "%C3%A9%25");
    }
}

//! Refuses requests whose end two readers could see at different places.

use base_fault::{Code, Fault};
use http::header;
use pingora::{protocols::http::v1::server::HttpSession, proxy::Session};

/// Refuses a request that says both how long its body is and that it comes in chunks. Pingora would drop the length and pass
/// the rest on, which is allowed; that nothing ambiguous passes at all is safer.
pub(crate) fn check(session: &Session) -> Result<(), Fault> {
    let head = session.req_header();
    if !head.headers.contains_key(header::TRANSFER_ENCODING) {
        return Ok(());
    }
    let raw = session.as_downstream().as_http1().map(HttpSession::get_headers_raw_bytes);
    if raw.is_some_and(|raw| names_content_length(&raw)) {
        let text = "the request has both Content-Length and Transfer-Encoding";
        return Err(Fault::caller(Code::Malformed, text));
    }
    Ok(())
}

/// Whether a line of the raw head is a Content-Length.
fn names_content_length(raw: &[u8]) -> bool {
    const NAME: &[u8] = b"content-length";
    raw.split(|byte| *byte == b'\n').any(|line| {
        line.split_at_checked(NAME.len()).is_some_and(|(name, rest)| {
            name.eq_ignore_ascii_case(NAME) && rest.trim_ascii_start().starts_with(b":")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::names_content_length;

    #[test]
    fn a_length_is_found_in_any_case_and_only_as_a_name() {
        assert!(names_content_length(b"POST / HTTP/1.1\r\nHost: a\r\nCONTENT-length: 3\r\n\r\n"));
        assert!(!names_content_length(
            b"POST /content-length: HTTP/1.1\r\nX-Content-Length: 3\r\n\r\n"
        ));
    }
}

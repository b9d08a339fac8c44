//! Reads the head of an HTTP/1.1 request so strictly that nobody behind the router can read it in another way.

use base_fault::{Code, Fault};

/// Bytes of a whole head.
pub(crate) const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Bytes of one of its lines.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// Header fields.
pub(crate) const FIELDS_MAX: usize = 100;

/// What follows the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A body of so many bytes, often none.
    Length(u64),
    /// A body in chunks.
    Chunked,
    /// Another protocol, if the cell agrees to it.
    WebSocket,
}

/// A head that has one meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its bytes, the empty line included.
    pub(crate) len: usize,
    pub(crate) framing: Framing,
}

/// What the first line says, as far as framing goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Start {
    Http10,
    #[default]
    Http11,
    /// With which alone another protocol may begin.
    Http11Get,
}

/// Reads a head as it arrives, each line once.
#[derive(Debug, Default)]
pub(crate) struct HeadReader {
    /// Where the line begins that is not read yet.
    line_at: usize,
    /// Up to where it has been searched for its end.
    searched: usize,
    fields: usize,
    start: Start,
    /// The host of an absolute address.
    authority: Option<(usize, usize)>,
    host: Option<(usize, usize)>,
    length: Option<u64>,
    chunked: bool,
    upgrades: Option<bool>,
    connection_upgrades: bool,
}

impl HeadReader {
    /// Reads on. `bytes` is all that has arrived so far; `None` if the head is not whole yet.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<Option<Head>, Fault> {
        loop {
            let Some(end) = line_feed(&bytes[self.searched..]) else {
                self.searched = bytes.len();
                return self.check_size(bytes.len()).map(|()| None);
            };
            let end = self.searched + end;
            self.check_size(end + 1)?;
            let (at, line) = (self.line_at, &bytes[self.line_at..end]);
            let Some(line) = line.strip_suffix(b"\r") else {
                return malformed("a line of the head ends without a carriage return");
            };
            (self.line_at, self.searched) = (end + 1, end + 1);
            if at == 0 {
                self.request_line(line)?;
            } else if line.is_empty() {
                return self.whole(bytes).map(Some);
            } else {
                self.field(at, line)?;
            }
        }
    }

    fn check_size(&self, arrived: usize) -> Result<(), Fault> {
        let large = |what: String| Err(Fault::caller(Code::HeadTooLarge, what));
        if arrived > HEAD_BYTES_MAX {
            return large(format!("the head of the request has more than {HEAD_BYTES_MAX} bytes"));
        }
        if arrived - self.line_at > LINE_BYTES_MAX {
            return large(format!("a line of the head has more than {LINE_BYTES_MAX} bytes"));
        }
        Ok(())
    }

    fn request_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return malformed("the request line is not a method, a target and a version");
        };
        if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
            return malformed("the method is not a token");
        }
        self.start = match (version, method) {
            (_, b"CONNECT") => return malformed("CONNECT is not taken here"),
            (b"HTTP/1.1", b"GET") => Start::Http11Get,
            (b"HTTP/1.1", _) => Start::Http11,
            (b"HTTP/1.0", _) => Start::Http10,
            _ => return malformed("the version is neither HTTP/1.1 nor HTTP/1.0"),
        };
        if !target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#') {
            return malformed("the target has a character that must be percent-encoded");
        }
        if target.starts_with(b"/") {
            return Ok(());
        }
        let at = method.len() + 1;
        let scheme = [&b"http://"[..], b"https://"].into_iter().find(|scheme| {
            target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        let Some(scheme) = scheme else {
            return malformed("the target is neither a path nor an address");
        };
        let rest = &target[scheme.len()..];
        let len = rest.iter().position(|byte| b"/?\\".contains(byte)).unwrap_or(rest.len());
        self.authority = Some((at + scheme.len(), at + scheme.len() + len));
        Ok(())
    }

    fn field(&mut self, at: usize, line: &[u8]) -> Result<(), Fault> {
        self.fields += 1;
        if self.fields > FIELDS_MAX {
            let text = format!("the head of the request has more than {FIELDS_MAX} fields");
            return Err(Fault::caller(Code::HeadTooLarge, text));
        }
        if matches!(line[0], b' ' | b'\t') {
            return malformed("a header field is folded over two lines");
        }
        let Some(colon) = line.iter().position(|byte| !is_token(*byte)) else {
            return malformed("a header field has no colon");
        };
        if colon == 0 || line[colon] != b':' {
            return malformed("the name of a header field is not a token followed by a colon");
        }
        // Without a way out in the middle, so that many bytes are looked at at once: tokens are long.
        if line[colon..].iter().fold(false, |found, byte| found | is_control(*byte)) {
            return malformed("a header field has a control character");
        }
        let value = line[colon + 1..].trim_ascii();
        // The few names that frame, and no more, are compared: most begin otherwise.
        match (line[0] | 0x20, colon) {
            (b'h', 4) if is(line, "host") => {
                let start = at + line.len() - line[colon + 1..].trim_ascii_start().len();
                self.host(start, value)
            }
            (b'c', 14) if is_like(&line[..colon], "content-length") => {
                self.content_length(is(line, "content-length"), value)
            }
            (b't', 17) if is_like(&line[..colon], "transfer-encoding") => {
                self.transfer_encoding(is(line, "transfer-encoding"), value)
            }
            (b'u', 7) if is(line, "upgrade") => self.upgrade(value),
            (b'c', 10) if is(line, "connection") => {
                let mut words = value.split(|byte| *byte == b',');
                self.connection_upgrades |=
                    words.any(|word| word.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn host(&mut self, start: usize, value: &[u8]) -> Result<(), Fault> {
        if self.host.is_some() {
            return malformed("the request has more than one Host header");
        }
        let sound = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(byte);
        if value.is_empty() || !value.iter().all(sound) {
            return malformed("the Host header is not a name or address with a port");
        }
        self.host = Some((start, start + value.len()));
        Ok(())
    }

    fn content_length(&mut self, spelt: bool, value: &[u8]) -> Result<(), Fault> {
        if self.length.is_some() {
            return malformed("the request has more than one Content-Length");
        }
        // Eighteen digits are more than any body has and fit into 64 bits.
        let digits = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(value).ok().filter(|_| digits && spelt);
        let Some(length) = number.and_then(|text| text.parse().ok()) else {
            return malformed("the Content-Length is not a plain number");
        };
        self.length = Some(length);
        Ok(())
    }

    fn transfer_encoding(&mut self, spelt: bool, value: &[u8]) -> Result<(), Fault> {
        if self.chunked {
            return malformed("the request has more than one Transfer-Encoding");
        }
        if !spelt || !value.eq_ignore_ascii_case(b"chunked") {
            return malformed("the Transfer-Encoding is not chunked alone");
        }
        if self.start == Start::Http10 {
            return malformed("HTTP/1.0 has no Transfer-Encoding");
        }
        self.chunked = true;
        Ok(())
    }

    fn upgrade(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.upgrades.is_some() {
            return malformed("the request has more than one Upgrade header");
        }
        self.upgrades = Some(value.eq_ignore_ascii_case(b"websocket"));
        Ok(())
    }

    fn whole(&self, bytes: &[u8]) -> Result<Head, Fault> {
        let Some(host) = self.host.map(|(from, to)| &bytes[from..to]) else {
            return malformed("the request has no Host header");
        };
        if self.authority.is_some_and(|(from, to)| &bytes[from..to] != host) {
            return malformed("the target and the Host header name different hosts");
        }
        if self.chunked && self.length.is_some() {
            return malformed("the request has both Content-Length and Transfer-Encoding");
        }
        let framing = if self.upgrades == Some(true) && self.connection_upgrades {
            let has_body = self.chunked || self.length.is_some_and(|length| length > 0);
            if self.start != Start::Http11Get || has_body {
                return malformed("a WebSocket opens with a GET of HTTP/1.1 that has no body");
            }
            Framing::WebSocket
        } else if self.chunked {
            Framing::Chunked
        } else {
            Framing::Length(self.length.unwrap_or(0))
        };
        Ok(Head { len: self.line_at, framing })
    }
}

/// Whether the value of an `Upgrade` header is the one that passes.
pub(crate) fn is_websocket(value: &[u8]) -> bool {
    value.trim_ascii().eq_ignore_ascii_case(b"websocket")
}

pub(crate) fn malformed<T>(text: &str) -> Result<T, Fault> {
    Err(Fault::caller(Code::Malformed, text))
}

/// Where the first line feed is.
fn line_feed(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes)
}

/// Whether a line's name is this one, in any case.
fn is(line: &[u8], name: &str) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
}

/// Whether a name is this one to a reader that takes `_` for `-`.
fn is_like(name: &[u8], known: &str) -> bool {
    name.iter().zip(known.bytes()).all(|(given, known)| {
        given.eq_ignore_ascii_case(&known) || (*given == b'_' && known == b'-')
    })
}

/// A control character other than the tab, which a value may hold.
pub(crate) fn is_control(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f
}

/// A character of a method or of a field's name.
pub(crate) fn is_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        let mark = matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        );
        table[byte as usize] = byte.is_ascii_alphanumeric() || mark;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use base_fault::Fault;
    use proptest::prelude::*;

    use super::{Framing, Head, HeadReader};

    fn read(text: &str) -> Result<Option<Head>, Fault> {
        HeadReader::default().read(text.as_bytes())
    }

    fn framing(fields: &str) -> Framing {
        read(&format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")).unwrap().unwrap().framing
    }

    #[test]
    fn what_follows_is_known_from_the_head_alone() {
        assert_eq!(framing(""), Framing::Length(0));
        assert_eq!(framing("Content-Length:  12 \r\n"), Framing::Length(12));
        assert_eq!(framing("transfer-encoding: Chunked\r\n"), Framing::Chunked);
        assert_eq!(framing("Upgrade: WebSocket\r\nConnection: x, upgrade\r\n"), Framing::WebSocket);
        // Not taken up, so it frames nothing.
        assert_eq!(framing("Upgrade: h2c\r\nConnection: Upgrade\r\n"), Framing::Length(0));
        assert_eq!(framing("Upgrade: websocket\r\n"), Framing::Length(0));
    }

    #[test]
    fn an_absolute_address_must_name_the_host() {
        let head = |target: &str, host: &str| {
            read(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
        };
        assert!(head("http://souk.example/a", "souk.example").is_ok());
        assert!(head("HTTPS://souk.example:443?b", "souk.example:443").is_ok());
        for target in
            ["http://evil.example/", "http://souk.example@evil/", "http://", "ftp://souk.example/"]
        {
            assert!(head(target, "souk.example").is_err(), "{target}");
        }
    }

    #[test]
    fn a_head_in_pieces_is_the_same_head() {
        let text = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-Y: \t z\r\n\r\nabcGET";
        let whole = read(text).unwrap().unwrap();
        assert_eq!(&text[whole.len..], "abcGET");
        let mut reader = HeadReader::default();
        for end in 0..whole.len {
            assert_eq!(reader.read(&text.as_bytes()[..end]).unwrap(), None, "{end}");
        }
        assert_eq!(reader.read(text.as_bytes()).unwrap(), Some(whole));
    }

    #[test]
    fn a_head_is_bounded_in_bytes_lines_and_fields() {
        let code = |text: &str| read(text).unwrap_err().code().as_str();
        assert_eq!(code(&"x".repeat(17 << 10)), "head_too_large");
        let fields = "a: b\r\n".repeat(101);
        assert_eq!(code(&format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}")), "head_too_large");
        let long = format!("a: {}\r\n", "b".repeat(15 << 10)).repeat(3);
        assert_eq!(code(&format!("GET / HTTP/1.1\r\nHost: a\r\n{long}")), "head_too_large");
    }

    proptest! {
        /// Law: what is taken has no byte that ends a line, a name or a value elsewhere than it does here.
        #[test]
        fn what_is_taken_is_read_alike_by_the_parser_behind(
            noise in prop::collection::vec(prop::sample::select(b"aZ:\r\n \t\0_-;,1\x7f\xc3".to_vec()), 0..24),
            at in 0..60_usize,
        ) {
            let mut bytes = b"POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n".to_vec();
            let at = at.min(bytes.len());
            bytes.splice(at..at, noise);
            let mut reader = HeadReader::default();
            if let Ok(Some(head)) = reader.read(&bytes) {
                let text = &bytes[..head.len];
                prop_assert!(text.ends_with(b"\r\n\r\n"));
                let lines = text[..text.len() - 4].split(|byte| *byte == b'\n');
                for line in lines {
                    let inner = line.strip_suffix(b"\r").unwrap_or(line);
                    prop_assert!(!inner.is_empty());
                    prop_assert!(inner.iter().all(|byte| *byte >= 0x20 || *byte == b'\t'));
                }
            }
        }
    }
}

//! Percent-encoding in paths and queries, strictly: what cannot be decoded is refused, not guessed.

use std::borrow::Cow;

use base_fault::{Code, Fault};

/// Decodes one path segment.
pub(crate) fn path_segment(raw: &str) -> Result<Cow<'_, str>, Fault> {
    let text = decode(raw, false)?;
    if text.contains('/') && text != raw {
        let text = format!("the path segment `{}` hides a `/`", shortened(raw));
        return Err(Fault::caller(Code::Malformed, text));
    }
    Ok(text)
}

/// Decodes the names and values of a query, in order.
pub(crate) fn query(raw: &str) -> Result<Vec<(Cow<'_, str>, Cow<'_, str>)>, Fault> {
    (raw.split('&').filter(|pair| !pair.is_empty()))
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name, true)?, decode(value, true)?))
        })
        .collect()
}

fn decode(raw: &str, plus_is_space: bool) -> Result<Cow<'_, str>, Fault> {
    if !raw.bytes().any(|byte| byte == b'%' || (plus_is_space && byte == b'+')) {
        return Ok(Cow::Borrowed(raw));
    }
    let wrong = || {
        let text = format!("`{}` is not percent-encoded UTF-8", shortened(raw));
        Fault::caller(Code::Malformed, text)
    };
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let pair = digit().zip(digit()).ok_or_else(wrong)?;
                u8::try_from(pair.0 * 16 + pair.1).map_err(|_| wrong())?
            }
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| wrong())
}

/// The beginning of a text that a caller sent, for a message.
pub(crate) fn shortened(text: &str) -> String {
    const LEN_MAX: usize = 60;
    if text.chars().count() <= LEN_MAX {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LEN_MAX).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::{path_segment, query};

    #[test]
    fn what_is_encoded_is_decoded_once() {
        assert_eq!(path_segment("a%20b%2541+").unwrap(), "a b%41+");
        let pairs = query("a=1&b=%D8%A7+x&&c").unwrap();
        let expected = [("a", "1"), ("b", "ا x"), ("c", "")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.into(), value.into())));
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        for raw in ["%", "%4", "%zz", "%ff", "%C3%28", "a%2Fb", "%+1"] {
            assert!(path_segment(raw).is_err(), "{raw}");
        }
    }
}

//! What a request's head says besides who asks: number, trace, patience, key, preconditions.

use std::time::Duration;

use base_fault::{Code, Fault};
use base_ids::Version;
use base_telemetry::TraceContext;
use http::{HeaderMap, HeaderName, header};
use uuid::Uuid;

use crate::{EdgeConfig, addressing::TENANT_HEADER, contract::Method};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ROUTED_REQUEST_ID: &str = "souk-request-id";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const IDEMPOTENCY_KEY_LEN_MAX: usize = 255;
const TIMEOUT: &str = "x-request-timeout-ms";
const GRPC_TIMEOUT: &str = "grpc-timeout";

/// The number by which a request is found in logs: the router's, or a fresh one.
pub(crate) fn request_id(headers: &HeaderMap) -> String {
    let given = text(headers, ROUTED_REQUEST_ID);
    let plain = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    given.filter(plain).map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// The trace that the request belongs to.
pub(crate) fn trace(headers: &HeaderMap) -> TraceContext {
    TraceContext::from_header(text(headers, "traceparent"))
}

/// The tenant that the router, or a gRPC client, says.
pub(crate) fn tenant(headers: &HeaderMap) -> Option<&str> {
    // What is not text names nobody.
    headers.get(TENANT_HEADER).map(|value| value.to_str().unwrap_or("\u{fffd}"))
}

/// How long the caller waits.
pub(crate) fn patience(headers: &HeaderMap, config: &EdgeConfig) -> Result<Duration, Fault> {
    let wrong = |name: &str, form: &str| {
        Fault::caller(Code::Malformed, format!("the {name} header is not {form}"))
    };
    let asked = if let Some(value) = headers.get(GRPC_TIMEOUT) {
        let span = value.to_str().ok().and_then(grpc_timeout);
        Some(span.ok_or_else(|| wrong(GRPC_TIMEOUT, "1 to 8 digits and one of H M S m u n"))?)
    } else if let Some(value) = headers.get(TIMEOUT) {
        let millis = value.to_str().ok().and_then(|text| text.parse().ok());
        let millis = millis.filter(|millis| *millis > 0);
        Some(Duration::from_millis(
            millis.ok_or_else(|| wrong(TIMEOUT, "a number of milliseconds"))?,
        ))
    } else {
        None
    };
    let most = Duration::from_millis(config.deadline_max_ms);
    Ok(asked.unwrap_or(Duration::from_millis(config.deadline_default_ms)).min(most))
}

/// Whether the caller says how long it waits.
pub(crate) fn says_patience(headers: &HeaderMap) -> bool {
    headers.contains_key(TIMEOUT)
}

fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// The key that makes a repeated mutation harmless.
pub(crate) fn idempotency_key(
    headers: &HeaderMap,
    method: &Method,
) -> Result<Option<String>, Fault> {
    if !method.mutation {
        return Ok(None);
    }
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = given.next() else {
        if method.key_needed {
            let text = "the method changes something and so needs an Idempotency-Key header: any text that is new for each attempt and the same for each repetition of it";
            return Err(Fault::caller(Code::IdempotencyKeyMissing, text));
        }
        return Ok(None);
    };
    let bytes = value.as_bytes();
    let visible = bytes.iter().all(u8::is_ascii_graphic);
    let len_fits = (1..=IDEMPOTENCY_KEY_LEN_MAX).contains(&bytes.len());
    match value.to_str() {
        Ok(key) if visible && len_fits && given.next().is_none() => Ok(Some(key.to_owned())),
        _ => Err(Fault::invalid_field(
            "Idempotency-Key",
            "expected once, 1 to 255 visible ASCII characters",
        )),
    }
}

/// The version that the resource must have.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<Version>, Fault> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    match value.to_str().unwrap_or_default().trim() {
        // Any version will do; whether there is one is for the method to say.
        "*" => Ok(None),
        tag => version_of(tag).map(Some).ok_or_else(|| {
            let text = "expected one ETag as it was given, such as \"7\", or *";
            Fault::invalid_field("If-Match", text)
        }),
    }
}

/// Whether the caller already has this version.
pub(crate) fn has_version(headers: &HeaderMap, version: Version) -> bool {
    has(headers, |tag| version_of(tag) == Some(version))
}

/// Whether the caller already has what this ETag is of.
pub(crate) fn has_tag(headers: &HeaderMap, etag: &str) -> bool {
    has(headers, |tag| tag == etag)
}

fn has(headers: &HeaderMap, is_it: impl Fn(&str) -> bool) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || is_it(tag.strip_prefix("W/").unwrap_or(tag)))
}

/// A version as an ETag.
pub(crate) fn etag(version: Version) -> String {
    format!("\"{version}\"")
}

fn version_of(tag: &str) -> Option<Version> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain).map(Version)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base_ids::Version;
    use http::HeaderMap;

    use super::{grpc_timeout, has_version, if_match, patience, request_id};
    use crate::EdgeConfig;

    fn with(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn patience_has_a_default_and_an_end() {
        let config = EdgeConfig::default();
        let wait = |headers: &HeaderMap| patience(headers, &config).ok();
        assert_eq!(wait(&HeaderMap::new()), Some(Duration::from_secs(10)));
        assert_eq!(wait(&with("x-request-timeout-ms", "250")), Some(Duration::from_millis(250)));
        assert_eq!(wait(&with("x-request-timeout-ms", "9999999")), Some(Duration::from_mins(1)));
        assert_eq!(wait(&with("grpc-timeout", "99999999H")), Some(Duration::from_mins(1)));
        for text in ["", "0", "-1", "1.5", "x", "99999999999999999999"] {
            assert_eq!(wait(&with("x-request-timeout-ms", text)), None, "{text}");
        }
    }

    #[test]
    fn a_grpc_timeout_is_read_as_its_protocol_says() {
        assert_eq!(grpc_timeout("100m"), Some(Duration::from_millis(100)));
        assert_eq!(grpc_timeout("3S"), Some(Duration::from_secs(3)));
        for text in ["", "S", "1", "1s", "123456789m", "-1S", "1é", "é"] {
            assert_eq!(grpc_timeout(text), None, "{text}");
        }
    }

    #[test]
    fn preconditions_are_read_strictly_and_cached_versions_leniently() {
        assert_eq!(if_match(&with("if-match", "\"7\"")).unwrap(), Some(Version(7)));
        assert_eq!(if_match(&with("if-match", "*")).unwrap(), None);
        for tag in ["7", "\"\"", "W/\"7\"", "\"+7\"", "\"7\", \"8\"", "\"99999999999999999999\""] {
            assert!(if_match(&with("if-match", tag)).is_err(), "{tag}");
        }
        assert!(has_version(&with("if-none-match", "\"6\", W/\"7\""), Version(7)));
        assert!(!has_version(&with("if-none-match", "\"77\""), Version(7)));
    }

    #[test]
    fn a_request_has_the_routers_number_or_a_fresh_one() {
        assert_eq!(request_id(&with("souk-request-id", "r-1")), "r-1");
        for text in ["", "a b", "<script>"] {
            assert_eq!(request_id(&with("souk-request-id", text)).len(), 36, "{text}");
        }
    }
}

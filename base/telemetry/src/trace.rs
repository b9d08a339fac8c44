//! Trace ids that follow a purchase through router, cells and messages: W3C trace context, with or without an exporter.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
};

use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags, TraceState};
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(hex(&self.0, &mut [0; 2 * $len]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = InvalidTraceparent;

            /// Takes exactly the id's bytes; all zeros are no id.
            fn try_from(bytes: &[u8]) -> Result<Self, InvalidTraceparent> {
                match bytes.try_into() {
                    Ok(bytes) if bytes != [0; $len] => Ok(Self(bytes)),
                    _ => Err(InvalidTraceparent),
                }
            }
        }
    };
}

id! {
    /// The 16 bytes that all work for one cause shares; written as 32 lower-case hex digits.
    TraceId, 16
}
id! {
    /// The 8 bytes of one step of a trace; written as 16 lower-case hex digits.
    SpanId, 8
}

/// A place in a trace, as the `traceparent` header carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The step that caused what comes next.
    pub span: SpanId,
    /// Whether the trace is exported; decided once, where the trace starts, and followed by everybody else.
    pub sampled: bool,
}

/// Why a text is not a `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTraceparent;

impl fmt::Display for InvalidTraceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a W3C traceparent")
    }
}

impl std::error::Error for InvalidTraceparent {}

/// A new trace is sampled if the first 8 bytes of its id are below this; 0 while no exporter is installed.
static SAMPLED_BELOW: AtomicU64 = AtomicU64::new(0);

/// Says which share of new traces, 0 to 1, is exported.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of the range of 64 bits; the cast saturates at both ends, and the last bits do not matter"
)]
pub(crate) fn sample(share: f64) {
    SAMPLED_BELOW.store((share * u64::MAX as f64) as u64, Ordering::Relaxed);
}

impl TraceContext {
    /// Starts a new trace.
    pub fn root() -> Self {
        let trace = TraceId(RandomIdGenerator::default().new_trace_id().to_bytes());
        let place = trace.0.iter().take(8).fold(0, |place, byte| place << 8 | u64::from(*byte));
        Self { trace, span: fresh_span(), sampled: place < SAMPLED_BELOW.load(Ordering::Relaxed) }
    }

    /// Goes on with the trace whose id a message carried.
    pub fn of(trace: TraceId) -> Self {
        Self { trace, span: fresh_span(), sampled: SAMPLED_BELOW.load(Ordering::Relaxed) > 0 }
    }

    /// The trace that a `traceparent` header names, or a new one if there is none that can be read.
    pub fn from_header(header: Option<&str>) -> Self {
        header.and_then(|text| text.parse().ok()).unwrap_or_else(Self::root)
    }

    /// What to send along with work that `span` causes: this trace, with the span as parent if it is exported.
    pub fn under(self, span: &Span) -> Self {
        let context = span.context();
        let exported = context.span().span_context().clone();
        let known = exported.is_valid() && exported.trace_id().to_bytes() == self.trace.0;
        let span = if known { SpanId(exported.span_id().to_bytes()) } else { self.span };
        Self { span, ..self }
    }
}

fn fresh_span() -> SpanId {
    SpanId(RandomIdGenerator::default().new_span_id().to_bytes())
}

/// Makes `span` a child of `parent` in the exported trace; does nothing while no exporter is installed. Call it before the span is entered.
pub fn link(span: &Span, parent: TraceContext) {
    let remote = SpanContext::new(
        opentelemetry::trace::TraceId::from_bytes(parent.trace.0),
        opentelemetry::trace::SpanId::from_bytes(parent.span.0),
        TraceFlags::default().with_sampled(parent.sampled),
        true,
        TraceState::default(),
    );
    // An error only says that the span is filtered out or that there is no exporter.
    let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(remote));
}

impl fmt::Display for TraceContext {
    /// The `traceparent` header, version 00.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("00-")?;
        fmt::Display::fmt(&self.trace, f)?;
        f.write_str("-")?;
        fmt::Display::fmt(&self.span, f)?;
        f.write_str(if self.sampled { "-01" } else { "-00" })
    }
}

impl FromStr for TraceContext {
    type Err = InvalidTraceparent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceparent> {
        let mut parts = text.trim().split('-');
        let mut part = || parts.next().ok_or(InvalidTraceparent);
        let (version, trace, span, flags) = (part()?, part()?, part()?, part()?);
        let [version] = bytes_of_hex(version)?;
        // A later version may append parts; version 00 has exactly four and 255 is forbidden.
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return Err(InvalidTraceparent);
        }
        let [flags] = bytes_of_hex(flags)?;
        Ok(Self {
            trace: TraceId::try_from(bytes_of_hex::<16>(trace)?.as_slice())?,
            span: SpanId::try_from(bytes_of_hex::<8>(span)?.as_slice())?,
            sampled: flags & 1 == 1,
        })
    }
}

/// Lower-case digits, written into `text`. The formatter of integers takes many times longer, and each request writes an id or two.
fn hex<'a>(bytes: &[u8], text: &'a mut [u8]) -> &'a str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(text.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
    }
    std::str::from_utf8(text).unwrap_or_default()
}

fn bytes_of_hex<const N: usize>(text: &str) -> Result<[u8; N], InvalidTraceparent> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(InvalidTraceparent),
    };
    let pairs = text.as_bytes();
    if pairs.len() != 2 * N {
        return Err(InvalidTraceparent);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(pairs.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{TraceContext, TraceId};

    const HEADER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_written_as_it_was_read() {
        let context: TraceContext = HEADER.parse().unwrap();
        assert!(context.sampled);
        assert_eq!(context.trace.0[0], 0x0a);
        assert_eq!(context.to_string(), HEADER);
    }

    #[test]
    fn a_later_version_may_say_more_than_we_know() {
        let later = HEADER.replacen("00", "01", 1) + "-more";
        assert_eq!(later.parse::<TraceContext>().unwrap().to_string(), HEADER);
    }

    #[test]
    fn what_cannot_be_read_starts_a_new_trace() {
        let zeros = "00-00000000000000000000000000000000-b7ad6b7169203331-01";
        let more = format!("{HEADER}-more");
        let upper = HEADER.to_uppercase();
        let forbidden = HEADER.replacen("00", "ff", 1);
        for text in ["", "00", zeros, &more, &upper, &forbidden, "00-é-b7ad6b7169203331-01"] {
            assert!(text.parse::<TraceContext>().is_err(), "{text}");
            let fresh = TraceContext::from_header(Some(text));
            assert_eq!(fresh.to_string().parse(), Ok(fresh));
        }
        assert_ne!(TraceContext::root().trace, TraceContext::root().trace);
    }

    #[test]
    fn bytes_that_are_no_id_are_refused() {
        assert!(TraceId::try_from([0; 16].as_slice()).is_err());
        assert!(TraceId::try_from([1; 15].as_slice()).is_err());
        assert!(TraceId::try_from([1; 16].as_slice()).is_ok());
    }
}

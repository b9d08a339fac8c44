//! The standard messages of a gRPC error (`google/rpc/status.proto`, `error_details.proto`), those fields that we fill.

use std::time::Duration;

use prost::{Message, Name};

use crate::{FieldViolation as Field, Problem};

/// Who says what a reason means.
pub(crate) const DOMAIN: &str = "souk";

macro_rules! details {
    ($($detail:ident is $name:literal),*) => {
        $(impl Name for $detail {
            const NAME: &'static str = $name;
            const PACKAGE: &'static str = "google.rpc";
        })*
    };
}

details!(
    Reason is "ErrorInfo",
    Request is "RequestInfo",
    BadRequest is "BadRequest",
    PreconditionFailure is "PreconditionFailure",
    Wait is "RetryInfo"
);

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Status {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(crate) details: Vec<Packed>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Packed {
    #[prost(string, tag = "1")]
    pub(crate) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Reason {
    #[prost(string, tag = "1")]
    pub(crate) reason: String,
    #[prost(string, tag = "2")]
    pub(crate) domain: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Request {
    #[prost(string, tag = "1")]
    pub(crate) request_id: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct BadRequest {
    #[prost(message, repeated, tag = "1")]
    pub(crate) violations: Vec<FieldViolation>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct FieldViolation {
    #[prost(string, tag = "1")]
    field: String,
    #[prost(string, tag = "2")]
    description: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PreconditionFailure {
    #[prost(message, repeated, tag = "1")]
    pub(crate) violations: Vec<PreconditionViolation>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct PreconditionViolation {
    #[prost(string, tag = "1")]
    r#type: String,
    #[prost(string, tag = "2")]
    subject: String,
    #[prost(string, tag = "3")]
    description: String,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Wait {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Span>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

impl FieldViolation {
    pub(crate) fn of(field: &Field) -> Self {
        Self { field: field.field.clone(), description: field.problem.clone() }
    }
}

impl PreconditionViolation {
    pub(crate) fn of(problem: &Problem) -> Self {
        let Problem { code, subject, text } = problem.clone();
        Self { r#type: code, subject, description: text }
    }
}

impl Wait {
    pub(crate) fn of(span: Duration) -> Self {
        let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        let nanos = i32::try_from(span.subsec_nanos()).unwrap_or(0);
        Self { retry_delay: Some(Span { seconds, nanos }) }
    }
}

/// A detail, with its type.
pub(crate) fn packed<M: Message + Name>(message: &M) -> Packed {
    let type_url = format!("type.googleapis.com/{}", M::full_name());
    Packed { type_url, value: message.encode_to_vec() }
}

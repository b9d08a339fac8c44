//! The codes of faults, and the status classes that faults and refusals share.

use serde::{Deserialize, Serialize};

/// The class of a "no", as gRPC and HTTP know it; services' refusals and faults map to the same list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The request can never succeed as it stands. HTTP 400.
    InvalidArgument,
    /// Who asks has not proven who they are. HTTP 401.
    Unauthenticated,
    /// Who asks may not. HTTP 403.
    PermissionDenied,
    /// What is asked for does not exist, or must not be known to exist. HTTP 404.
    NotFound,
    /// Somebody else was faster, or the resource has another version. HTTP 409.
    Aborted,
    /// It is already there. HTTP 409.
    AlreadyExists,
    /// The resource is in a state that does not allow it. HTTP 409.
    FailedPrecondition,
    /// The resource does not have the version that the caller named. HTTP 412.
    VersionMismatch,
    /// The request did not come in time. HTTP 408.
    TooSlow,
    /// The body is too large. HTTP 413.
    TooLarge,
    /// An idempotency key came back with another request. HTTP 422.
    KeyReused,
    /// Too much was asked for. HTTP 429.
    ResourceExhausted,
    /// The head of the request is too large. HTTP 431.
    HeadTooLarge,
    /// The method does not exist. HTTP 404 or 405, said by the edge.
    Unimplemented,
    /// A bug, or a broken store. HTTP 500.
    Internal,
    /// Not now; a later try may succeed. HTTP 503.
    Unavailable,
    /// The answer did not come in time; whether the effect happened is not known. HTTP 504.
    DeadlineExceeded,
}

impl Status {
    /// The HTTP status code.
    pub const fn http(self) -> u16 {
        match self {
            Self::InvalidArgument => 400,
            Self::Unauthenticated => 401,
            Self::PermissionDenied => 403,
            Self::NotFound | Self::Unimplemented => 404,
            Self::Aborted | Self::AlreadyExists | Self::FailedPrecondition => 409,
            Self::VersionMismatch => 412,
            Self::TooSlow => 408,
            Self::TooLarge => 413,
            Self::KeyReused => 422,
            Self::ResourceExhausted => 429,
            Self::HeadTooLarge => 431,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::DeadlineExceeded => 504,
        }
    }

    /// The canonical gRPC code (`google.rpc.Code`).
    pub const fn grpc(self) -> i32 {
        match self {
            Self::InvalidArgument | Self::KeyReused | Self::TooLarge | Self::HeadTooLarge => 3,
            Self::DeadlineExceeded | Self::TooSlow => 4,
            Self::NotFound => 5,
            Self::AlreadyExists => 6,
            Self::PermissionDenied => 7,
            Self::ResourceExhausted => 8,
            Self::FailedPrecondition | Self::VersionMismatch => 9,
            Self::Aborted => 10,
            Self::Unimplemented => 12,
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident => $text:literal, $status:ident, $title:literal;)*) => {
        /// What failed. Each code has a page in `docs/errors/` and keeps its text for ever.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of this file.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as clients see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The class it belongs to.
            pub const fn status(self) -> Status {
                match self { $(Self::$name => Status::$status,)* }
            }

            /// A short title for people; the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The body or a parameter cannot be read at all.
    Malformed => "malformed_request", InvalidArgument, "The request cannot be read";
    /// A field that the method does not have.
    UnknownField => "unknown_field", InvalidArgument, "The request has a field that is not known";
    /// A field holds what it must not.
    InvalidField => "invalid_field", InvalidArgument, "A field holds a value that is not allowed";
    /// A mutation came without its key.
    IdempotencyKeyMissing => "idempotency_key_missing", InvalidArgument, "The request needs an Idempotency-Key header";
    /// The same key with another request.
    IdempotencyKeyReused => "idempotency_key_reused", KeyReused, "The idempotency key was used for another request";
    /// The same key while the first request still runs.
    IdempotencyKeyBusy => "idempotency_key_busy", Aborted, "A request with this idempotency key is still running";
    /// No token, or one that proves nothing.
    Unauthenticated => "unauthenticated", Unauthenticated, "The request needs a valid access token";
    /// The token has run out.
    TokenExpired => "token_expired", Unauthenticated, "The access token has expired";
    /// The caller may not.
    Forbidden => "forbidden", PermissionDenied, "The caller may not do this";
    /// No such resource.
    NotFound => "not_found", NotFound, "There is no such resource";
    /// No such route.
    RouteUnknown => "route_unknown", Unimplemented, "There is no such route";
    /// The route exists for other verbs.
    MethodNotAllowed => "method_not_allowed", Unimplemented, "The route does not take this method";
    /// `If-Match` does not match.
    VersionMismatch => "version_mismatch", VersionMismatch, "The resource has changed since it was read";
    /// Lost a race again and again.
    Contended => "contended", Aborted, "Others were changing the same thing";
    /// Over a body limit.
    BodyTooLarge => "body_too_large", TooLarge, "The body is larger than the limit";
    /// Over the limit of a head's bytes or lines.
    HeadTooLarge => "head_too_large", HeadTooLarge, "The head of the request is larger than the limit";
    /// The request did not come whole in time.
    TooSlow => "request_too_slow", TooSlow, "The request did not arrive in time";
    /// Over a queue, rate or memory bound.
    Busy => "busy", ResourceExhausted, "The service has too much to do";
    /// Over a limit on how much one sender may send.
    RateLimited => "rate_limited", ResourceExhausted, "Too many requests were sent";
    /// A cell has too much to do; what can wait is put off.
    Overloaded => "overloaded", Unavailable, "The cell has too much to do";
    /// The cell does not own the tenant.
    NotMine => "not_mine", Unavailable, "This cell does not own the tenant";
    /// The tenant is between owners.
    Held => "held", Unavailable, "The tenant is being moved";
    /// Another cell or a provider does not answer.
    Unavailable => "unavailable", Unavailable, "A part of the platform cannot be reached";
    /// No answer in time.
    DeadlineExceeded => "deadline_exceeded", DeadlineExceeded, "The answer did not come in time";
    /// Whether a write happened is not known.
    OutcomeUnknown => "outcome_unknown", DeadlineExceeded, "It is not known whether the request took effect";
    /// The store failed or is damaged.
    StoreBroken => "store_broken", Internal, "The store failed";
    /// A bug of ours.
    Internal => "internal", Internal, "The platform failed";
}

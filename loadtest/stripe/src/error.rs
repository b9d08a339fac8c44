//! Refusals in Stripe's error envelope, with the status each has on the wire.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::card::Decline;
use crate::intent::Intent;
use crate::render;

/// A refusal as Stripe words it; messages are Stripe's own, capitals and full stops included.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) decline: Option<Box<Decline>>,
    pub(crate) message: String,
    pub(crate) param: Option<Box<str>>,
    pub(crate) intent: Option<Box<Intent>>,
    /// Whether the answer is kept under the idempotency key: only once an endpoint began to act.
    pub(crate) kept: bool,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            code: None,
            decline: None,
            message: message.into(),
            param: None,
            intent: None,
            kept: false,
        }
    }

    /// 400 for a parameter that cannot be read.
    pub(crate) fn invalid(message: impl Into<String>, param: &str) -> Self {
        let mut error = Self::request(message);
        error.param = Some(param.into());
        error
    }

    /// 400 for a request that cannot be read.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// 404 for an object that does not exist.
    pub(crate) fn missing(noun: &str, id: &str, param: &str) -> Self {
        let mut error = Self::new(
            StatusCode::NOT_FOUND,
            "invalid_request_error",
            format!("No such {noun}: '{id}'"),
        )
        .code("resource_missing");
        error.param = Some(param.into());
        error.kept = true;
        error
    }

    /// 404 for a method and path that Stripe (or this stand-in) does not have.
    pub(crate) fn no_route(method: &http::Method, path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "invalid_request_error",
            format!(
                "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs \
                 or we can help at https://support.stripe.com/."
            ),
        )
    }

    /// 401 for a missing or unknown secret key.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message)
    }

    /// 400 for a step that the intent's status does not allow.
    pub(crate) fn unexpected_state(intent: &Intent, message: impl Into<String>) -> Self {
        let mut error = Self::request(message).code("payment_intent_unexpected_state");
        error.intent = Some(Box::new(intent.clone()));
        error.kept = true;
        error
    }

    /// 402 for a card the issuer refused; the intent is told as it is after the attempt.
    pub(crate) fn declined(intent: &Intent, decline: &Decline) -> Self {
        let mut error =
            Self::new(StatusCode::PAYMENT_REQUIRED, "card_error", decline.message.clone());
        error.decline = Some(Box::new(decline.clone()));
        error.intent = Some(Box::new(intent.clone()));
        error.kept = true;
        error
    }

    /// 400 for a key that was first used with other parameters or on another endpoint.
    pub(crate) fn key_reused(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "idempotency_error", message)
    }

    /// 409 for a key whose first request has not ended.
    pub(crate) fn key_in_use(key: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "idempotency_error",
            format!(
                "There is currently another in-progress request using this Idempotent Key (that \
                 probably means you submitted twice, and the other request is still going \
                 through): {key}. Please try again later."
            ),
        )
        .code("idempotency_key_in_use")
    }

    /// 429 when asked too fast.
    pub(crate) fn rate_limited() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "invalid_request_error",
            "Request rate limit exceeded. Learn more about rate limits here \
             https://stripe.com/docs/rate-limits.",
        )
        .code("rate_limit")
    }

    /// 500 of Stripe's own.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "api_error",
            "An unknown error occurred. If this persists, please contact support.",
        )
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Marks an answer that is kept under the idempotency key.
    pub(crate) fn keep(mut self) -> Self {
        self.kept = true;
        self
    }

    /// The `{"error": …}` body; `base` is this server's URL, for the intent's next action.
    pub(crate) fn body(&self, base: &str) -> Value {
        let mut error = Map::new();
        error.insert("type".into(), json!(self.kind));
        error.insert("message".into(), json!(self.message));
        let code = self.decline.as_ref().map_or(self.code, |decline| Some(&decline.code));
        if let Some(code) = code {
            error.insert("code".into(), json!(code));
            let page = code.replace('_', "-");
            error.insert(
                "doc_url".into(),
                json!(format!("https://stripe.com/docs/error-codes/{page}")),
            );
        }
        if let Some(param) = &self.param {
            error.insert("param".into(), json!(param));
        }
        if let Some(decline) = &self.decline {
            if let Some(code) = &decline.reason {
                error.insert("decline_code".into(), json!(code));
            }
            if let Some(charge) = &decline.charge {
                error.insert("charge".into(), json!(charge));
            }
        }
        if let Some(intent) = &self.intent {
            error.insert("payment_intent".into(), render::intent(intent, base));
        }
        json!({ "error": error })
    }
}

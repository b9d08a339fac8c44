//! Calls over HTTP: signed, pinned to one version of the API, bounded in time and size; what is not known is said to be so.

use std::{error::Error, time::Duration};

use base_fault::{Code, Fault};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    config::{Config, ConfigError},
    form::Form,
    object::{self, Intent},
};

/// The version of the API whose shapes are read.
const API_VERSION: HeaderValue = HeaderValue::from_static("2023-10-16");
/// The longest answer that is read.
const ANSWER_LEN_MAX: usize = 4 << 20;
/// Idle connections are dropped before Stripe drops them: a call never starts on one that is being closed.
const IDLE_FOR: Duration = Duration::from_secs(20);
/// When to try again a call whose outcome is not known.
const SOON: Duration = Duration::from_secs(2);
/// When to try again what only an operator can put right.
const LATER: Duration = Duration::from_mins(1);

/// Calls Stripe.
pub(super) struct Client {
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
    address: String,
    authorization: HeaderValue,
    timeout: Duration,
}

/// What a call came to.
pub(super) enum Reply {
    /// It was done.
    Done(Value),
    /// It was refused.
    Refused(Refused),
    /// The key keeps an answer that says nothing (a failure of Stripe's own, or other parameters): whether there was an effect is to
    /// be looked up.
    KeySpent,
}

impl Reply {
    /// What was read; a reading that is refused is a bug of ours.
    pub(super) fn expect_done(self) -> Result<Value, Fault> {
        match self {
            Self::Done(body) => Ok(body),
            Self::Refused(refused) => {
                let context = format!("Stripe refuses to be read: {}", refused.reason);
                Err(Fault::ours(Code::Internal, context))
            }
            Self::KeySpent => Err(Fault::ours(Code::Internal, "reading has no key to spend")),
        }
    }
}

/// A refusal of Stripe's.
pub(super) struct Refused {
    /// Its code for why.
    pub(super) reason: String,
    intent: Option<Value>,
}

impl Refused {
    /// The payment intent as it is after the refusal, if Stripe shows it.
    pub(super) fn intent(&self) -> Result<Option<Intent>, Fault> {
        self.intent.clone().map(Intent::read).transpose()
    }
}

#[derive(Deserialize)]
struct Envelope {
    error: ApiError,
}

#[derive(Deserialize)]
struct ApiError {
    r#type: String,
    code: Option<String>,
    decline_code: Option<String>,
    payment_intent: Option<Value>,
}

impl Client {
    pub(super) fn new(config: &Config) -> Result<Self, ConfigError> {
        let key = config.secret_key.expose();
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ConfigError::Key)?;
        if key.is_empty() {
            return Err(ConfigError::Key);
        }
        authorization.set_sensitive(true);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_FOR)
            .pool_timer(TokioTimer::new())
            .build(connector());
        let timeout = Duration::from_millis(config.timeout_ms.into());
        Ok(Self { pool, address: config.address()?, authorization, timeout })
    }

    /// Asks for a change, under a key.
    pub(super) async fn post(&self, path: &str, form: &Form, key: &str) -> Result<Reply, Fault> {
        let request = Request::post(format!("{}{path}", self.address))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("idempotency-key", key)
            .body(Full::from(form.as_str().to_owned()));
        self.call(request).await
    }

    /// Reads.
    pub(super) async fn get(&self, path: &str, form: &Form) -> Result<Reply, Fault> {
        let query = form.as_str();
        let mark = if query.is_empty() { "" } else { "?" };
        let request =
            Request::get(format!("{}{path}{mark}{query}", self.address)).body(Full::default());
        self.call(request).await
    }

    async fn call(&self, request: http::Result<Request<Full<Bytes>>>) -> Result<Reply, Fault> {
        let mut request = request.map_err(|error| {
            Fault::ours(Code::Internal, "a call to Stripe cannot be written").because(error)
        })?;
        let changes = request.method() == Method::POST;
        request.headers_mut().insert(header::AUTHORIZATION, self.authorization.clone());
        request.headers_mut().insert("stripe-version", API_VERSION);
        match tokio::time::timeout(self.timeout, self.exchange(request)).await {
            Ok(Ok((status, headers, body))) => reply(status, &headers, &body),
            Ok(Err(error)) => Err(unanswered(changes).because(Lost(error))),
            Err(late) => Err(unanswered(changes).because(late)),
        }
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, HeaderMap, Bytes), Box<dyn Error + Send + Sync>> {
        let (head, body) = self.pool.request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_LEN_MAX).collect().await?.to_bytes();
        Ok((head.status, head.headers, body))
    }
}

fn connector() -> HttpsConnector<HttpConnector> {
    HttpsConnectorBuilder::new()
        .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
        .expect("ring speaks the versions of TLS that are on by default")
        .https_or_http()
        .enable_http1()
        .build()
}

/// The connection ended before the answer did.
#[derive(Debug, thiserror::Error)]
#[error("no whole answer came")]
struct Lost(#[source] Box<dyn Error + Send + Sync>);

fn unanswered(changes: bool) -> Fault {
    if changes {
        let context = "Stripe did not answer; whether it did what was asked is not known";
        Fault::downstream(Code::OutcomeUnknown, SOON, context)
    } else {
        Fault::downstream(Code::Unavailable, SOON, "Stripe did not answer")
    }
}

fn reply(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Reply, Fault> {
    let replayed = headers.get("idempotent-replayed").is_some_and(|value| value == "true");
    let after = retry_after(headers);
    match status {
        _ if status.is_server_error() && replayed => return Ok(Reply::KeySpent),
        _ if status.is_server_error() => {
            let context =
                format!("Stripe failed with {status}; whether it did anything is not known");
            return Err(Fault::downstream(Code::OutcomeUnknown, after.unwrap_or(SOON), context));
        }
        StatusCode::TOO_MANY_REQUESTS => {
            return Err(Fault::downstream(
                Code::Busy,
                after.unwrap_or(SOON),
                "Stripe has too much to do",
            ));
        }
        StatusCode::CONFLICT => {
            let context = "Stripe is still at the first call with this key";
            return Err(Fault::downstream(Code::OutcomeUnknown, after.unwrap_or(SOON), context));
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let context = "Stripe does not accept the secret key";
            return Err(Fault::downstream(Code::Unavailable, LATER, context));
        }
        _ => {}
    }
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        let context = format!("Stripe answers {status} with something that is not JSON");
        Fault::downstream(Code::OutcomeUnknown, SOON, context).because(error)
    })?;
    if status.is_success() {
        return Ok(Reply::Done(body));
    }
    let Envelope { error } = object::read(body)?;
    if error.r#type == "idempotency_error" {
        return Ok(Reply::KeySpent);
    }
    let reason = error.decline_code.or(error.code).unwrap_or(error.r#type);
    Ok(Reply::Refused(Refused { reason, intent: error.payment_intent }))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LATER))
}

#[cfg(test)]
mod tests {
    use base_fault::Retry;
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::{Duration, LATER, Reply, SOON, reply};

    fn retry(status: u16, headers: &HeaderMap) -> Retry {
        match reply(StatusCode::from_u16(status).unwrap(), headers, b"<html>") {
            Err(fault) => fault.retry(),
            Ok(_) => panic!("{status} is no answer"),
        }
    }

    #[test]
    fn every_failure_says_when_to_come_back() {
        let plain = HeaderMap::new();
        let mut slow = HeaderMap::new();
        slow.insert("retry-after", HeaderValue::from_static("7"));
        for status in [500, 502, 503, 409, 429] {
            assert_eq!(retry(status, &plain), Retry::After(SOON), "{status}");
            assert_eq!(retry(status, &slow), Retry::After(Duration::from_secs(7)), "{status}");
        }
        for status in [401, 403] {
            assert_eq!(retry(status, &slow), Retry::After(LATER), "{status}");
        }
        // A proxy's page in place of an answer.
        assert_eq!(retry(200, &plain), Retry::After(SOON));
    }

    #[test]
    fn a_failure_that_is_kept_under_its_key_is_not_tried_again_for_ever() {
        let mut kept = HeaderMap::new();
        kept.insert("idempotent-replayed", HeaderValue::from_static("true"));
        let answered = reply(StatusCode::INTERNAL_SERVER_ERROR, &kept, b"{}").unwrap();
        assert!(matches!(answered, Reply::KeySpent));
    }
}

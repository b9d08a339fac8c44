//! One call to the API from request to answer, with everything that may go wrong on the way.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, Method};

use crate::api::{Ask, Route};
use crate::clock;
use crate::digest::sha256_hex;
use crate::error::ApiError;
use crate::form::Form;
use crate::idempotency::Keyed;
use crate::ids;
use crate::render;
use crate::reply::{Reply, Ticket, reply};
use crate::script::{After, Before, Misdeed};
use crate::shared::{Done, Origin, Shared};

/// How long a call waits for webhooks that must come before its answer.
const EARLY_WITHIN: Duration = Duration::from_secs(10);

const KEY: &str = "idempotency-key";

/// A request with its body.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The connection is to end without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hangup;

/// Names of one call on the way back.
struct Labels {
    request: String,
    key: Option<String>,
}

/// Answers a call, or hangs up on it.
pub(crate) async fn answer(shared: Arc<Shared>, call: Call) -> Result<Reply, Hangup> {
    let labels =
        Labels { request: ids::fresh("req_"), key: header(&call.headers, KEY).map(str::to_owned) };
    match perform(&shared, &call, &labels).await {
        Ok(outcome) => outcome,
        Err(error) => Ok(refusal(&shared, &error, &labels)),
    }
}

async fn perform(
    shared: &Shared,
    call: &Call,
    labels: &Labels,
) -> Result<Result<Reply, Hangup>, ApiError> {
    let account = authenticate(&shared.config.secret_keys, &call.headers)?;
    if labels.key.is_none() && call.headers.contains_key(KEY) {
        // Going on without the key would do twice what should be done once.
        return Err(ApiError::request("Invalid Idempotency-Key: it must be visible ASCII."));
    }
    let form = read_form(call)?;
    let route = Route::find(&call.method, &call.path)
        .ok_or_else(|| ApiError::no_route(&call.method, &call.path))?;
    let (metadata, _) = shared.read(|ledger| route.metadata(ledger, &form));
    let misdeed = shared.script.lock().for_request(call.method.as_str(), &call.path, &metadata);
    let keyed = match &labels.key {
        // Elsewhere the key means nothing: reading twice is harmless.
        Some(key) if call.method == Method::POST => {
            Some(Keyed::read(key, &account, &call.path, form.fingerprint())?)
        }
        _ => None,
    };
    // Held until the answer is stored, however long the call is delayed.
    let lease = keyed.as_ref().map(|keyed| shared.running.lease(keyed)).transpose()?;
    wait(misdeed.delay_before_ms).await;
    match misdeed.before {
        None => {}
        Some(Before::Drop) => return Ok(Err(Hangup)),
        Some(Before::Fail) => return Err(ApiError::internal()),
        Some(Before::RateLimit) => return Err(ApiError::rate_limited()),
    }
    let origin = Origin {
        request: (call.method == Method::POST).then_some(&labels.request),
        keyed: keyed.as_ref(),
        fail_kept: misdeed.after == Some(After::FailKept),
    };
    let done = shared.transact(origin, |ledger| {
        route.decide(Ask { ledger, form: &form, now: clock::now(), base: &shared.base })
    });
    drop(lease);
    finish(shared, done, misdeed, labels).await
}

/// Makes the effect safe, then answers or does not.
async fn finish(
    shared: &Shared,
    mut done: Done,
    misdeed: Misdeed,
    labels: &Labels,
) -> Result<Result<Reply, Hangup>, ApiError> {
    if !done.safe.clone().reached().await {
        return Err(ApiError::internal());
    }
    let (early, ends) = done.take_early();
    shared.counter.deliver(early);
    let all = async {
        for end in ends {
            // An error means that the courier has stopped: no reason to wait.
            let _ = end.await;
        }
    };
    let _ = tokio::time::timeout(EARLY_WITHIN, all).await;
    wait(misdeed.delay_after_ms).await;
    let ticket = Ticket::new(&shared.counter, std::mem::take(&mut done.letters));
    Ok(match misdeed.after {
        Some(After::Drop) => Err(Hangup),
        Some(After::Fail | After::FailKept) => {
            let error = ApiError::internal();
            let text = render::text(&error.body(&shared.base));
            let response = reply(error.status, "application/json", text, Some(ticket));
            Ok(labelled(response, labels, None))
        }
        None => {
            let response = reply(done.status, "application/json", done.body, Some(ticket));
            Ok(labelled(response, labels, done.replay_of.as_deref()))
        }
    })
}

async fn wait(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

fn refusal(shared: &Shared, error: &ApiError, labels: &Labels) -> Reply {
    let text = render::text(&error.body(&shared.base));
    let mut response = reply(error.status, "application/json", text, None);
    if error.status == http::StatusCode::UNAUTHORIZED {
        let realm = HeaderValue::from_static("Bearer realm=\"Stripe\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, realm);
    }
    labelled(response, labels, None)
}

fn labelled(mut response: Reply, labels: &Labels, replay_of: Option<&str>) -> Reply {
    let mut put = |name: &'static str, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    put("request-id", &labels.request);
    put("stripe-version", render::API_VERSION);
    if let Some(key) = &labels.key {
        put(KEY, key);
        put("original-request", replay_of.unwrap_or(&labels.request));
    }
    if replay_of.is_some() {
        put("idempotent-replayed", "true");
    }
    response
}

/// The account behind a secret key: its digest, so that the key itself is stored nowhere.
fn authenticate(known: &[String], headers: &HeaderMap) -> Result<String, ApiError> {
    let key = header(headers, AUTHORIZATION.as_str()).and_then(secret_key).ok_or_else(|| {
        ApiError::unauthorized(
            "You did not provide an API key. You need to provide your API key in the \
             Authorization header, using Bearer auth (e.g. 'Authorization: Bearer \
             YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we \
             can help at https://support.stripe.com/.",
        )
    })?;
    let is_test_key = key.starts_with("sk_") && !key.starts_with("sk_live_");
    let is_known = known.is_empty() || known.contains(&key);
    if is_test_key && is_known {
        return Ok(sha256_hex(key.as_bytes()));
    }
    Err(ApiError::unauthorized(format!("Invalid API Key provided: {}", masked(&key))))
}

/// Reads `Bearer sk_…`, or `Basic` with the key as the user's name.
fn secret_key(value: &str) -> Option<String> {
    let (scheme, rest) = value.split_once(' ')?;
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        rest.trim().to_owned()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let bytes = base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        text.split(':').next().unwrap_or_default().to_owned()
    } else {
        return None;
    };
    (!key.is_empty()).then_some(key)
}

/// Shows the kind of a key and its last four characters.
fn masked(key: &str) -> String {
    let shown = key.rsplit_once('_').map_or("", |(kind, _)| kind);
    let secret: Vec<char> = key[shown.len()..].chars().collect();
    let tail: String = secret.iter().skip(secret.len().saturating_sub(4)).collect();
    format!("{shown}{}{tail}", "*".repeat(secret.len().saturating_sub(4)))
}

fn read_form(call: &Call) -> Result<Form, ApiError> {
    let mut text = call.query.clone();
    if call.method == Method::POST && !call.body.is_empty() {
        let kind = header(&call.headers, CONTENT_TYPE.as_str()).unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(ApiError::request(
                "Invalid request (check that your POST content type is \
                 application/x-www-form-urlencoded). If you have any questions, we can help at \
                 https://support.stripe.com/.",
            ));
        }
        let body = std::str::from_utf8(&call.body)
            .map_err(|_| ApiError::request("Invalid UTF-8 in the request body."))?;
        text.push('&');
        text.push_str(body);
    }
    Form::parse(&text).map_err(ApiError::request)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorized(value: &'static str) -> Result<String, ApiError> {
        let headers = [(AUTHORIZATION, HeaderValue::from_static(value))];
        authenticate(&[], &HeaderMap::from_iter(headers))
    }

    #[test]
    fn secret_test_keys_are_taken_as_bearer_or_as_basic_user() {
        let bearer = authorized("Bearer sk_test_1").unwrap();
        // sk_test_1:
        assert_eq!(bearer, authorized("Basic c2tfdGVzdF8xOg==").unwrap());
        assert_ne!(bearer, authorized("Bearer sk_test_2").unwrap());
    }

    #[test]
    fn live_keys_and_strange_ones_are_refused_without_showing_them() {
        for value in ["Bearer sk_live_abcdefgh", "Bearer pk_test_abcdefgh", "Bearer abcdefgh"] {
            let error = authorized(value).unwrap_err();
            assert_eq!(error.status.as_u16(), 401);
            assert!(!error.message.contains("abcdefgh"), "{}", error.message);
        }
        assert!(authorized("Digest x").is_err());
        let error = authenticate(&["sk_test_a".into()], &HeaderMap::new()).unwrap_err();
        assert!(error.message.starts_with("You did not provide an API key"));
    }
}

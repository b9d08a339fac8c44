//! The platform from outside, over HTTP: JSON in and out, idempotency keys, and trying again as a careful client does.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring::default_provider};
use serde_json::Value;

use crate::launch::Trusted;

/// Largest answer that is taken, in bytes.
const ANSWER_MAX: usize = 16 << 20;
/// The last word of a stream is no longer than this, in bytes.
const TAIL: usize = 32;
/// How long one try may take.
const TRY: Duration = Duration::from_secs(15);
/// The first wait between two tries; it doubles up to the longest.
const WAIT_MIN: Duration = Duration::from_millis(20);
const WAIT_MAX: Duration = Duration::from_millis(500);

/// Plain questions: to admin ports without TLS, to the platform with it.
#[derive(Clone, Debug)]
pub struct Plain {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl Plain {
    /// A client that believes nobody: only for what speaks no TLS.
    pub fn new() -> Self {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions();
        let config = config.expect("the provider speaks TLS");
        let config = config.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        Self::with(config, false)
    }

    /// A client that believes a fleet.
    pub fn trusting(trusted: &Trusted) -> Self {
        Self::with((*trusted.0).clone(), false)
    }

    /// A client that believes a fleet and speaks HTTP/2 to it.
    pub fn over_http2(trusted: &Trusted) -> Self {
        Self::with((*trusted.0).clone(), true)
    }

    fn with(tls: ClientConfig, http2_only: bool) -> Self {
        let mut plain = HttpConnector::new();
        plain.enforce_http(false);
        plain.set_nodelay(true);
        plain.set_connect_timeout(Some(Duration::from_secs(5)));
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        let connector = if http2_only {
            connector.enable_http2().wrap_connector(plain)
        } else {
            connector.enable_http1().wrap_connector(plain)
        };
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .http2_only(http2_only)
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(10));
        Self { client: builder.build(connector) }
    }

    /// GET; status and body.
    ///
    /// Errors: nobody answers.
    pub async fn get(&self, url: &str) -> anyhow::Result<(u16, String)> {
        let request = Request::get(url).body(Full::default())?;
        self.text(request).await
    }

    /// POST of a JSON body; status and body.
    ///
    /// Errors: nobody answers.
    pub async fn post(&self, url: &str, body: &Value) -> anyhow::Result<(u16, String)> {
        let request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body.to_string().into()))?;
        self.text(request).await
    }

    async fn text(&self, request: Request<Full<Bytes>>) -> anyhow::Result<(u16, String)> {
        let answer = self.whole(request).await?;
        Ok((answer.status, String::from_utf8_lossy(&answer.body).into_owned()))
    }

    /// Sends a request, and once more if the other end was going away and has done nothing for it: then any client may (RFC 9113,
    /// section 6.8), and browsers and gRPC do.
    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, legacy::Error> {
        let again = request.clone();
        match self.client.request(request).await {
            Err(error) if was_left_undone(&error) => self.client.request(again).await,
            answered => answered,
        }
    }

    async fn whole(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let asked = async {
            let response = self.send(request).await?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_MAX).collect().await;
            let body = body.map_err(|error| anyhow!("the answer broke off: {error}"))?.to_bytes();
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
        };
        tokio::time::timeout(TRY, asked).await.context("no answer in time")?
    }
}

impl Default for Plain {
    fn default() -> Self {
        Self::new()
    }
}

/// As whom a client asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum As {
    /// Nobody.
    #[default]
    Nobody,
    /// A visitor who keeps a secret.
    Guest(String),
    /// Whoever the token says.
    Token(String),
}

impl fmt::Debug for As {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Guest(_) => "Guest(…)",
            Self::Token(_) => "Token(…)",
        })
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Ask {
    method: Method,
    path: String,
    caller: As,
    key: Option<String>,
    content_type: Option<String>,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Ask {
    /// Reads something.
    pub fn get(path: impl Into<String>) -> Self {
        Self::of(Method::GET, path)
    }

    /// Asks for a change, with a JSON body.
    pub fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::of(Method::POST, path).bytes("application/json", body.to_string())
    }

    /// Any method.
    pub fn of(method: Method, path: impl Into<String>) -> Self {
        let (caller, path) = (As::Nobody, path.into());
        Self {
            method,
            path,
            caller,
            key: None,
            content_type: None,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// With this body.
    pub fn bytes(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.content_type = Some(content_type.to_owned());
        self.body = body.into();
        self
    }

    /// As this caller.
    pub fn by(mut self, caller: &As) -> Self {
        self.caller = caller.clone();
        self
    }

    /// Under this idempotency key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With this header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn request(&self, base: &str) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request =
            Request::builder().method(self.method.clone()).uri(format!("{base}{}", self.path));
        request = match &self.caller {
            As::Nobody => request,
            As::Guest(secret) => request.header(header::AUTHORIZATION, format!("Guest {secret}")),
            As::Token(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        };
        if let Some(content_type) = &self.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Ok(request.body(Full::new(self.body.clone()))?)
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The code of a problem; empty if it is none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The JSON of a success.
    ///
    /// Errors: [`Refused`].
    pub fn good(self) -> anyhow::Result<Value> {
        if (200..300).contains(&self.status) {
            return Ok(self.json());
        }
        let text = String::from_utf8_lossy(&self.body).into_owned();
        Err(Refused { status: self.status, code: self.code(), text }.into())
    }

    /// Whether a careful client tries again: the same request, under the same key.
    fn is_passing(&self) -> bool {
        let code = self.code();
        matches!(self.status, 429 | 502 | 503 | 504)
            || matches!(code.as_str(), "idempotency_key_busy" | "contended")
    }
}

/// The platform said no.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The problem's code.
    pub code: String,
    /// The whole problem.
    pub text: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.text)
    }
}

impl std::error::Error for Refused {}

/// The code of a refusal, if that is what the error is.
pub fn refused_with(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<Refused>().map(|refused| refused.code.as_str())
}

/// The platform's address and a pool of connections to it. Cloning shares the pool.
#[derive(Clone, Debug)]
pub struct Api {
    base: Arc<str>,
    trusted: Trusted,
    plain: Plain,
    /// How long to go on trying while the platform does not answer.
    patience: Duration,
}

impl Api {
    /// The platform at `https://host:port`.
    pub fn at(base: &str, trusted: &Trusted, patience: Duration) -> Self {
        let (base, trusted) = (base.trim_end_matches('/').into(), trusted.clone());
        Self { base, plain: Plain::trusting(&trusted), trusted, patience }
    }

    /// The same, with a pool of its own.
    pub fn apart(&self) -> Self {
        Self { plain: Plain::trusting(&self.trusted), ..self.clone() }
    }

    /// The same over HTTP/2, with a pool of its own.
    pub fn over_http2(&self) -> Self {
        Self { plain: Plain::over_http2(&self.trusted), ..self.clone() }
    }

    /// Where it is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Asks once.
    ///
    /// Errors: nobody answers. A refusal is an answer.
    pub async fn once(&self, ask: &Ask) -> anyhow::Result<Answer> {
        let asked = self.plain.whole(ask.request(&self.base)?).await;
        asked.with_context(|| format!("{} {}", ask.method, ask.path))
    }

    /// Asks until there is an answer that will not pass: the same request under the same key, so that it happens once.
    ///
    /// Errors: patience ran out, with the last trouble; or [`Refused`].
    pub async fn surely(&self, ask: &Ask) -> anyhow::Result<Value> {
        let begun = Instant::now();
        let mut wait = WAIT_MIN;
        loop {
            let asked = self.once(ask).await;
            let over = begun.elapsed() >= self.patience;
            match asked {
                Ok(answer) if over || !answer.is_passing() => {
                    return answer.good().with_context(|| format!("{} {}", ask.method, ask.path));
                }
                Err(error) if over => return Err(error),
                Ok(_) | Err(_) => tokio::time::sleep(wait).await,
            }
            wait = (wait * 2).min(WAIT_MAX);
        }
    }

    /// Opens a stream; the caller reads the body.
    ///
    /// Errors: nobody answers.
    pub async fn stream(&self, ask: &Ask) -> anyhow::Result<Response<Incoming>> {
        let opened = self.plain.send(ask.request(&self.base)?);
        Ok(tokio::time::timeout(TRY, opened).await.context("no answer in time")??)
    }
}

/// Whether a request over HTTP/2 came after the last one that the other end says it will serve.
fn was_left_undone(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(|error| {
        error.is_remote() && error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR)
    })
}

/// A stream of server-sent events, each with JSON in its data.
#[derive(Debug)]
pub struct Events {
    body: Incoming,
    read: Vec<u8>,
    /// The last bytes that came.
    tail: Vec<u8>,
}

impl Events {
    /// The events of an answer.
    ///
    /// Errors: the answer is no stream of events.
    pub fn of(response: Response<Incoming>) -> anyhow::Result<Self> {
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let status = response.status();
        anyhow::ensure!(
            kind.is_some_and(|kind| kind.starts_with("text/event-stream")),
            "{status} {kind:?} is no stream of events"
        );
        Ok(Self { body: response.into_body(), read: Vec::new(), tail: Vec::new() })
    }

    /// Whether the last word was when to come back.
    pub fn asked_back(&self) -> bool {
        self.tail.windows(6).any(|word| word == b"retry:")
    }

    /// The next event's data; `None` at the end.
    ///
    /// Errors: the stream broke off.
    pub async fn next(&mut self) -> anyhow::Result<Option<Value>> {
        loop {
            if let Some(data) = take_event(&mut self.read) {
                return Ok(Some(data));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(bytes) = frame?.into_data() {
                        self.read.extend_from_slice(&bytes);
                        self.tail.extend_from_slice(&bytes);
                        self.tail.drain(..self.tail.len().saturating_sub(TAIL));
                    }
                }
            }
        }
    }
}

/// Takes the first whole event with data that is JSON out of what was read.
fn take_event(read: &mut Vec<u8>) -> Option<Value> {
    loop {
        let end = read.windows(2).position(|two| two == b"\n\n")?;
        let event: Vec<u8> = read.drain(..end + 2).collect();
        let text = String::from_utf8_lossy(&event);
        let data: String = text
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(str::trim_start)
            .collect();
        if let Ok(json) = serde_json::from_str(&data) {
            return Some(json);
        }
    }
}

/// A text out of an answer.
///
/// Errors: it is not there.
pub fn text<'v>(value: &'v Value, pointer: &str) -> anyhow::Result<&'v str> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.with_context(|| format!("the answer has no text at {pointer}: {value}"))
}

/// A whole number out of an answer, written as a number or, as proto3 writes 64 bits, as a text; 0 if it is not there.
pub fn number(value: &Value, pointer: &str) -> i64 {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        Some(found) => found.as_i64().unwrap_or_default(),
        None => 0,
    }
}

/// What a money field says, in minor units.
pub fn minor(value: &Value, pointer: &str) -> i64 {
    number(value, &format!("{pointer}/minor"))
}

/// A list out of an answer; empty if it is not there.
pub fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{As, list, number, text};

    #[test]
    fn numbers_of_64_bits_come_as_texts() {
        let answer =
            json!({"total": {"currency": "MAD", "minor": "4900"}, "round": 2, "lines": [1]});
        assert_eq!(
            (number(&answer, "/total/minor"), number(&answer, "/round"), number(&answer, "/none")),
            (4900, 2, 0)
        );
        assert_eq!(text(&answer, "/total/currency").unwrap(), "MAD");
        assert!(text(&answer, "/name").is_err());
        assert_eq!(list(&answer, "/lines").len(), 1);
    }

    #[test]
    fn events_are_read_whole_and_comments_are_passed_over() {
        let mut read = b": beat\n\nid: 1\ndata: {\"a\":\ndata: 1}\n\ndata: {\"b\"".to_vec();
        assert_eq!(super::take_event(&mut read), Some(json!({"a": 1})));
        assert_eq!(super::take_event(&mut read), None, "not whole yet");
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(format!("{:?}", As::Token("abc".into())), "Token(…)");
    }
}

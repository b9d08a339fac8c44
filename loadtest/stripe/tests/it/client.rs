//! A small Stripe client: form-encoded requests, JSON answers, broken connections told as such.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Calls one stand-in with one secret key.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
    url: String,
    authorization: Option<String>,
}

/// An answer that arrived.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// The connection broke before an answer came.
#[derive(Debug)]
pub(crate) struct Broken;

pub(crate) type Form<'a> = &'a [(&'a str, &'a str)];

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        let http = HttpClient::builder(TokioExecutor::new())
            // A retry of its own would hide the very thing that is tested.
            .retry_canceled_requests(false)
            .build_http();
        Self { http, url: url.to_owned(), authorization: Some("Bearer sk_test_1".to_owned()) }
    }

    pub(crate) fn with_authorization(&self, value: Option<&str>) -> Self {
        Self { authorization: value.map(str::to_owned), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, "", "").await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, form: Form<'_>) -> Answer {
        self.try_post(path, None, form).await.unwrap()
    }

    pub(crate) async fn post_keyed(&self, path: &str, key: &str, form: Form<'_>) -> Answer {
        self.try_post(path, Some(key), form).await.unwrap()
    }

    pub(crate) async fn try_post(
        &self,
        path: &str,
        key: Option<&str>,
        form: Form<'_>,
    ) -> Result<Answer, Broken> {
        let body: Vec<_> = form
            .iter()
            .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
            .collect();
        let kind = "application/x-www-form-urlencoded";
        self.send(Method::POST, path, key, kind, &body.join("&")).await
    }

    pub(crate) async fn script(&self, method: Method, path: &str, body: &Value) -> Answer {
        let path = format!("/_script/{path}");
        self.send(method, &path, None, "application/json", &body.to_string()).await.unwrap()
    }

    pub(crate) async fn rule(&self, rule: Value) {
        let answer = self.script(Method::POST, "rules", &rule).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        kind: &str,
        body: &str,
    ) -> Result<Answer, Broken> {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        let mut request = Request::builder().method(method).uri(url);
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        if !kind.is_empty() {
            request = request.header("Content-Type", kind);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).expect("a request");
        let response = self.http.request(request).await.map_err(|_| Broken)?;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|_| Broken)?.to_bytes();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).expect("answers are UTF-8"),
        })
    }

    /// Opens an intent over 100.00 MAD and confirms it with a test card.
    pub(crate) async fn pay(&self, token: &str, more: Form<'_>) -> Answer {
        let mut form = vec![
            ("amount", "10000"),
            ("currency", "mad"),
            ("confirm", "true"),
            ("payment_method", token),
        ];
        form.extend_from_slice(more);
        self.post("/v1/payment_intents", &form).await
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect(&self.text)
    }

    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().expect(&self.text).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Status, type and code of an error.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let error = &self.json()["error"];
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), text("type"), text("code"))
    }
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

//! An endpoint for webhooks that answers as told and remembers what came.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use loadtest_stripe::{WEBHOOK_SECRET, sign};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Long enough for any machine; a test that needs it fails.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    answers: Arc<Mutex<VecDeque<u16>>>,
    arrived: mpsc::UnboundedReceiver<Webhook>,
    server: tokio::task::JoinHandle<()>,
}

/// A webhook as it arrived.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) path: String,
    pub(crate) signature: String,
    pub(crate) body: Bytes,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let (sender, arrived) = mpsc::unbounded_channel();
        let planned = Arc::clone(&answers);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, planned) = (sender.clone(), Arc::clone(&planned));
                let service =
                    service_fn(move |request| take(sender.clone(), Arc::clone(&planned), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Self { url, answers, arrived, server }
    }

    /// Answers the next webhooks with these statuses; later ones with 200 if they can be trusted.
    pub(crate) fn answer_with(&self, statuses: &[u16]) {
        self.answers.lock().extend(statuses);
    }

    pub(crate) async fn next(&mut self) -> Webhook {
        tokio::time::timeout(PATIENCE, self.arrived.recv()).await.unwrap().unwrap()
    }

    pub(crate) async fn kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            kinds.push(self.next().await.kind());
        }
        kinds
    }

    /// Nothing has arrived that nobody asked for.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.arrived.try_recv().is_err()
    }
}

impl Webhook {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    pub(crate) fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn signed_at(&self) -> i64 {
        self.signature[2..].split(',').next().unwrap().parse().unwrap()
    }

    /// As any honest endpoint checks it: the right secret, and not too long ago.
    pub(crate) fn is_to_be_trusted(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let age =
            i64::try_from(now.as_secs()).expect("before the sun burns out") - self.signed_at();
        self.is_signed_well() && age <= 300
    }

    pub(crate) fn is_signed_well(&self) -> bool {
        self.signature == sign(WEBHOOK_SECRET, self.signed_at(), &self.body)
    }
}

async fn take(
    sender: mpsc::UnboundedSender<Webhook>,
    planned: Arc<Mutex<VecDeque<u16>>>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, hyper::Error> {
    let path = request.uri().path().to_owned();
    let signature = request.headers()["stripe-signature"].to_str().expect("ASCII").to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let webhook = Webhook { path, signature, body };
    let planned = planned.lock().pop_front();
    let status = planned.unwrap_or(if webhook.is_to_be_trusted() { 200 } else { 400 });
    // The test may have ended.
    let _ = sender.send(webhook);
    Ok(Response::builder().status(status).body(Empty::new()).expect("a response"))
}

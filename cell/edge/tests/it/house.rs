//! An edge over a desk that records and answers as told, with callers who can prove who they are.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use base_fault::{Code, Fault};
use base_identity::Door;
use base_ids::{Epoch, Generation, Tenant, Version};
use base_telemetry::Metrics;
use base_time::{Clock, Timestamp};
use base_token::{AccessClaims, Key, TokenAudience};
use bytes::Bytes;
use cell_edge::{
    Answered, Call, Changes, Desk, Edge, EdgeConfig, EdgeParts, Keys, OnShelf, Pieces, Said, Shelf,
    Unanswered,
};
use cell_kernel::VendorRole;
use cell_runtime::ephemeral::Local;
use futures_util::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::Value;
use tower::ServiceExt as _;

pub(crate) const NOW_SECS: i64 = 1_800_000_000;
pub(crate) const GUEST: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
pub(crate) const GUEST_NAME: &str = "users/g-yc65fikain43ppnbkq4kyqm65w";

type Answering = dyn Fn(Call) -> BoxFuture<'static, Result<Answered, Unanswered>> + Send + Sync;
type Watching = dyn Fn(Call) -> Result<Changes, Unanswered> + Send + Sync;

/// A desk that records every call.
pub(crate) struct RecordingDesk {
    calls: Mutex<Vec<Call>>,
    answering: Mutex<Arc<Answering>>,
    watching: Mutex<Arc<Watching>>,
    keys: Arc<Keys>,
}

impl Desk for RecordingDesk {
    fn serve(&self, call: Call) -> BoxFuture<'_, Result<Answered, Unanswered>> {
        self.calls.lock().push(call.clone());
        let answering = Arc::clone(&self.answering.lock());
        answering(call)
    }

    fn watch(&self, call: Call) -> BoxFuture<'_, Result<Changes, Unanswered>> {
        self.calls.lock().push(call.clone());
        let watching = Arc::clone(&self.watching.lock());
        Box::pin(async move { watching(call) })
    }

    /// `users/held` may only be read, `users/elsewhere` lives in another cell; everybody else lives here.
    fn owns(&self, tenant: &Tenant, writes: bool) -> Result<(Generation, Epoch), Unanswered> {
        let (generation, epoch) = (Generation(3), Epoch(8));
        match tenant.id() {
            "held" if writes => Err(Unanswered::Held { epoch }),
            "elsewhere" => {
                let owner = "cell-2".parse().ok();
                Err(Unanswered::NotMine { owner, generation, epoch })
            }
            _ => Ok((generation, epoch)),
        }
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys)
    }
}

/// A shelf in memory that believes what it is told, and counts what it was asked. It refuses whatever is called `refused` after its
/// first piece.
#[derive(Default)]
pub(crate) struct PictureShelf {
    kept: Mutex<BTreeMap<String, Vec<Bytes>>>,
    pub(crate) asked: AtomicUsize,
    /// How often nothing was kept.
    pub(crate) unkept: AtomicUsize,
}

impl PictureShelf {
    async fn take(&self, name: &str, said: Said, mut pieces: Pieces) -> Result<(), Fault> {
        if name.ends_with("refused") {
            let first = pieces.try_next().await?.map_or(0, |piece| piece.len());
            return Err(Fault::invalid_field("size", format!("is more than {first}")));
        }
        let pieces: Vec<Bytes> = pieces.try_collect().await?;
        let len: usize = pieces.iter().map(Bytes::len).sum();
        if len as u64 != said.size {
            return Err(Fault::invalid_field("size", "is another one"));
        }
        self.kept.lock().insert(name.to_owned(), pieces);
        Ok(())
    }
}

impl Shelf for PictureShelf {
    fn keep<'a>(
        &'a self,
        name: &'a str,
        said: Said,
        pieces: Pieces,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let kept = self.take(name, said, pieces).await;
            self.unkept.fetch_add(usize::from(kept.is_err()), Ordering::Relaxed);
            kept
        })
    }

    /// What is kept under a name that ends with `damaged` breaks off before its last piece.
    fn fetch<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<OnShelf>, Fault>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found = self.kept.lock().get(name).cloned();
        let damaged = name.ends_with("damaged");
        Box::pin(async move {
            let Some(kept) = found else { return Ok(None) };
            let size = kept.iter().map(|piece| piece.len() as u64).sum();
            let mut pieces: Vec<_> = kept.into_iter().map(Ok).collect();
            if damaged {
                pieces.pop();
                pieces.push(Err(Fault::ours(Code::StoreBroken, "damaged")));
            }
            let (media_type, pieces) = ("image/png".to_owned(), stream::iter(pieces).boxed());
            Ok(Some(OnShelf { size, media_type, extension: "png", pieces }))
        })
    }
}

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(NOW_SECS * 1000)
    }
}

/// An edge and the desk behind it.
pub(crate) struct House {
    pub(crate) edge: Edge,
    pub(crate) desk: Arc<RecordingDesk>,
    pub(crate) shelf: Arc<PictureShelf>,
    pub(crate) metrics: Metrics,
    pub(crate) ephemeral: Arc<Local>,
    router: Router,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("not JSON: {error}: {}", String::from_utf8_lossy(&self.body))
        })
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The inventory's contract and the sample's, compiled here so that no other service's contract is in the way.
pub(crate) fn descriptors() -> Vec<u8> {
    compile(&["souk/inventory/v1/inventory.proto", "sample.proto"])
}

pub(crate) fn compile(files: &[&str]) -> Vec<u8> {
    let root = env!("CARGO_MANIFEST_DIR");
    let folders = [format!("{root}/../../proto"), format!("{root}/tests/it/protos")];
    let mut compiler = protox::Compiler::new(folders).unwrap();
    compiler.include_source_info(true).include_imports(true).open_files(files).unwrap();
    compiler.encode_file_descriptor_set()
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(EdgeConfig { heartbeat_ms: 50, ..EdgeConfig::default() }).await
    }

    pub(crate) async fn with(config: EdgeConfig) -> Self {
        let key = Key {
            public_key: pair().public_key().as_ref().try_into().unwrap(),
            accepted_until: Timestamp::from_millis((NOW_SECS + 100_000) * 1000),
        };
        let empty: Arc<Answering> = Arc::new(|_| Box::pin(async { Ok(answered(Vec::new(), 0)) }));
        let desk = Arc::new(RecordingDesk {
            calls: Mutex::default(),
            answering: Mutex::new(empty),
            watching: Mutex::new(Arc::new(|_| Ok(Box::pin(futures_util::stream::empty())))),
            keys: Arc::new(Keys::from_iter([("k1".to_owned(), key)])),
        });
        let metrics = Metrics::new();
        let ephemeral = Arc::new(Local::default());
        let shelf = Arc::new(PictureShelf::default());
        let parts = EdgeParts {
            desk: Arc::clone(&desk) as Arc<dyn Desk>,
            shelf: Arc::clone(&shelf) as Arc<dyn Shelf>,
            descriptors: &descriptors(),
            ephemeral: ephemeral.clone(),
            config,
            clock: Arc::new(FixedClock),
            metrics: metrics.clone(),
        };
        let edge = Edge::new(parts).await.unwrap();
        Self { router: edge.router(), edge, desk, shelf, metrics, ephemeral }
    }

    /// From now on the desk answers so.
    pub(crate) fn answer(
        &self,
        answer: impl Fn(&Call) -> Result<Answered, Unanswered> + Send + Sync + 'static,
    ) {
        self.answer_later(move |call| {
            let answer = answer(&call);
            Box::pin(async move { answer })
        });
    }

    pub(crate) fn answer_later(
        &self,
        answer: impl Fn(Call) -> BoxFuture<'static, Result<Answered, Unanswered>>
        + Send
        + Sync
        + 'static,
    ) {
        *self.desk.answering.lock() = Arc::new(answer);
    }

    pub(crate) fn show(
        &self,
        watch: impl Fn(Call) -> Result<Changes, Unanswered> + Send + Sync + 'static,
    ) {
        *self.desk.watching.lock() = Arc::new(watch);
    }

    pub(crate) async fn open(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Heard {
        let (head, body) = self.open(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Heard { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// The calls that reached the desk since the last look.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.desk.calls.lock())
    }

    /// The one call that reached the desk since the last look.
    #[track_caller]
    pub(crate) fn call(&self) -> Call {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }
}

pub(crate) fn answered(response: Vec<u8>, version: u64) -> Answered {
    Answered { response, version: Version(version), replayed: false }
}

pub(crate) fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

pub(crate) fn claims(audience: TokenAudience) -> AccessClaims {
    AccessClaims {
        subject: tenant("users/u1"),
        session: "s1".into(),
        audience,
        issued_at: Timestamp::from_millis((NOW_SECS - 100) * 1000),
        expires_at: Timestamp::from_millis((NOW_SECS + 800) * 1000),
    }
}

pub(crate) fn bearer(claims: &AccessClaims) -> String {
    let token = claims.encode("k1", |bytes| pair().sign(bytes).as_ref().to_vec());
    format!("Bearer {token}")
}

pub(crate) fn shopper() -> String {
    bearer(&claims(TokenAudience::Shopper))
}

pub(crate) fn staff_of(vendor: &str) -> String {
    bearer(&claims(TokenAudience::Vendor { vendor: tenant(vendor), role: VendorRole::Staff }))
}

pub(crate) fn operator() -> String {
    bearer(&claims(TokenAudience::Operator))
}

pub(crate) fn tenant(name: &str) -> Tenant {
    name.parse().unwrap()
}

/// A request with a token, a key and a JSON body.
pub(crate) fn request(
    verb: &str,
    path: &str,
    authorization: &str,
    body: impl Into<Body>,
) -> Request<Body> {
    Request::builder()
        .method(verb)
        .uri(path)
        .header("authorization", authorization)
        .header("idempotency-key", "k-1")
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

pub(crate) fn get(path: &str, authorization: &str) -> Request<Body> {
    Request::builder().uri(path).header("authorization", authorization).body(Body::empty()).unwrap()
}

/// Gives up on what should have happened long ago.
/// The door of a port on this machine: everybody comes in.
pub(crate) fn unlocked() -> Door {
    Door::new("edge", None, &[], &[])
}

pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work)
        .await
        .expect("it should have happened by now")
}

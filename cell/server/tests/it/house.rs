//! One cell as a process starts it, on a scratch directory and free ports, that owns everything; and a client for its API.

use std::{net::SocketAddr, ops::Deref, sync::Arc, time::Duration};

use base_ids::{Epoch, Generation, Slot};
use base_time::Timestamp;
use base_token::{AccessClaims, TokenAudience};
use bytes::Bytes;
use cell_providers::mail::MailFolder;
use cell_server::{Addresses, Config, Running, start};
use futures_util::TryStreamExt as _;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::Client, client::legacy::connect::HttpConnector, rt::TokioExecutor,
};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use router_table::{Draft, Pod, SigningKey, Table};
use serde_json::Value;

/// A visitor: any 32 bytes make a guest.
pub(crate) const GUEST: &str = "Guest AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A running cell with a key of ours among those that it believes.
pub(crate) struct House {
    pub(crate) running: Running,
    front: Front,
    scratch: tempfile::TempDir,
    engines: Engines,
}

/// Real engines under the cell.
#[derive(Clone, Default)]
struct Engines {
    keyspace: Option<cell_scylla::Config>,
    kafka: Option<cell_kafka::Config>,
    s3: Option<cell_blobs::S3>,
}

impl Deref for House {
    type Target = Front;

    fn deref(&self) -> &Front {
        &self.front
    }
}

/// The API of one process, as a client finds it that signs its own tokens.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) edge: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    key: Arc<Ed25519KeyPair>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl House {
    pub(crate) async fn open() -> Self {
        base_telemetry::install_crypto();
        Self::open_at(tempfile::tempdir().unwrap(), Engines::default()).await
    }

    /// On a keyspace of its own; `None`, and said so, where no engine is.
    pub(crate) async fn open_on_cassandra(test: &str) -> Option<Self> {
        let engines = Engines { keyspace: Some(keyspace_of(test)?), ..Engines::default() };
        base_telemetry::install_crypto();
        Some(Self::open_at(tempfile::tempdir().unwrap(), engines).await)
    }

    /// With a queue of its own; `None`, and said so, where no Kafka is.
    pub(crate) async fn open_on_kafka(test: &str) -> Option<Self> {
        let address = base_testkit::TestEngine::Kafka.address(test)?;
        base_telemetry::install_crypto();
        let kafka = cell_kafka::Config {
            prefix: format!("t-{}", uuid::Uuid::new_v4().simple()),
            replication: 1,
            partitions: 3,
            ..cell_kafka::Config::new([address])
        };
        let engines = Engines { kafka: Some(kafka), ..Engines::default() };
        Some(Self::open_at(tempfile::tempdir().unwrap(), engines).await)
    }

    /// With a prefix of its own in the bucket of the tests' server; `None`, and said so, where none is.
    pub(crate) async fn open_on_s3(test: &str) -> Option<Self> {
        let address = base_testkit::TestEngine::S3.address(test)?;
        Some(Self::open_on_s3_at(&address).await)
    }

    /// With a prefix of its own in the bucket of this server.
    pub(crate) async fn open_on_s3_at(address: &str) -> Self {
        base_telemetry::install_crypto();
        let s3 = cell_blobs::S3 {
            bucket: "souk".to_owned(),
            // Short: the server of the tests makes the name of one file of a whole key.
            prefix: uuid::Uuid::new_v4().simple().to_string()[..8].to_owned(),
            endpoint: Some(format!("http://{address}")),
            access_key: "souk".to_owned(),
            secret_key: "souk-on-one-machine".to_owned().into(),
            ..cell_blobs::S3::default()
        };
        let engines = Engines { s3: Some(s3), ..Engines::default() };
        Self::open_at(tempfile::tempdir().unwrap(), engines).await
    }

    /// The names of all documents in S3.
    pub(crate) async fn documents(&self) -> Vec<String> {
        let config = cell_blobs::Config { s3: self.engines.s3.clone(), ..Default::default() };
        let blobs = cell_blobs::Blobs::open(&config).await.unwrap();
        let listed = blobs.list("vendors").unwrap();
        listed.map_ok(|listed| listed.name.to_string()).try_collect().await.unwrap()
    }

    /// Stops the cell and starts it again on what it has stored.
    pub(crate) async fn reopen(self) -> Self {
        self.running.stop().await;
        Self::open_at(self.scratch, self.engines).await
    }

    /// Stops the cell for good; what it has stored lies in `cell` below, a keyspace is taken away.
    pub(crate) async fn stop(self) -> tempfile::TempDir {
        self.running.stop().await;
        if let Some(keyspace) = &self.engines.keyspace {
            Box::pin(cell_scylla::Scylla::wipe(keyspace)).await.unwrap();
        }
        self.scratch
    }

    async fn open_at(scratch: tempfile::TempDir, engines: Engines) -> Self {
        let free = "127.0.0.1:0".parse().unwrap();
        let mut config = Config { edge: free, mesh: free, admin: free, ..Config::default() };
        config.data_dir = scratch.path().join("cell");
        config.scylla.clone_from(&engines.keyspace);
        config.kafka.clone_from(&engines.kafka);
        config.blobs.s3.clone_from(&engines.s3);
        config.limits.secure_cookies = false;
        let mail = scratch.path().join("mail");
        crate::outside(&mut config, &mail, scratch.path());
        let running = start(config, None).await.unwrap();
        let Addresses { edge, mesh, admin, .. } = running.addresses();
        let edge = edge.unwrap();
        running.cell().adopt(everything_at(vec![Pod::only(edge, mesh, admin)])).await.unwrap();
        Self { running, front: Front::at(edge), scratch, engines }
    }

    /// What a metric stands at, over all its labels.
    pub(crate) async fn number(&self, name: &str) -> u64 {
        let uri = format!("http://{}/metrics", self.running.addresses().admin);
        let answer = self.front.client.get(uri.parse().unwrap()).await.unwrap();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let of = |line: &str| line.strip_prefix(name)?.rsplit_once(' ')?.1.parse::<u64>().ok();
        String::from_utf8_lossy(&bytes).lines().filter_map(of).sum()
    }

    /// The code in the newest mail to an address; waits for the mail.
    pub(crate) async fn code_sent_to(&self, address: &str) -> String {
        let mail = MailFolder::latest(&self.scratch.path().join("mail"), address);
        let code = base_testkit::eventually(Duration::from_secs(30), async || {
            let text = std::fs::read_to_string(&mail).unwrap_or_default();
            let mut digits = text.split(|char: char| !char.is_ascii_digit());
            digits.find(|run| run.len() == 6).map(str::to_owned).ok_or("no mail with a code")
        });
        code.await.unwrap()
    }
}

impl Front {
    pub(crate) fn at(edge: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { edge, client, key: Arc::new(key()) }
    }

    /// A token that the cell believes.
    pub(crate) fn token(&self, user: &str, audience: TokenAudience) -> String {
        let now = base_time::Clock::now(&base_time::SystemClock);
        let claims = AccessClaims {
            subject: user.parse().unwrap(),
            session: "s1".to_owned(),
            audience,
            issued_at: now,
            expires_at: now.after(Duration::from_mins(10)),
        };
        let token = claims.encode("test-key", |message| self.key.sign(message).as_ref().to_vec());
        format!("Bearer {token}")
    }

    /// Asks, with an idempotency key unless it is a GET.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        who: Option<&str>,
        body: Option<Value>,
    ) -> Heard {
        let key = (method != Method::GET).then(|| uuid::Uuid::new_v4().to_string());
        self.ask_under(key.as_deref(), method, path, who, body).await
    }

    /// Asks under this idempotency key.
    pub(crate) async fn ask_under(
        &self,
        key: Option<&str>,
        method: Method,
        path: &str,
        who: Option<&str>,
        body: Option<Value>,
    ) -> Heard {
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        self.send(key, method, path, who, body).await
    }

    /// Sends a body as it is, which need not be JSON.
    pub(crate) async fn send(
        &self,
        key: Option<&str>,
        method: Method,
        path: &str,
        who: Option<&str>,
        body: Bytes,
    ) -> Heard {
        self.try_send(key, method, path, who, body).await.unwrap()
    }

    /// Sends bytes of this kind to be kept.
    pub(crate) async fn put(&self, path: &str, who: &str, kind: &str, body: Bytes) -> Heard {
        let request = Request::put(format!("http://{}{path}", self.edge))
            .header("authorization", who)
            .header("content-type", kind)
            .body(Full::new(body))
            .unwrap();
        self.hear(request).await.unwrap()
    }

    /// The same, at a process that may be gone.
    ///
    /// Errors: it is, or goes before it has answered.
    pub(crate) async fn try_send(
        &self,
        key: Option<&str>,
        method: Method,
        path: &str,
        who: Option<&str>,
        body: Bytes,
    ) -> Result<Heard, Gone> {
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{path}", self.edge));
        if let Some(who) = who {
            request = request.header("authorization", who);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request =
            request.header("content-type", "application/json").body(Full::new(body)).unwrap();
        self.hear(request).await
    }

    async fn hear(&self, request: Request<Full<Bytes>>) -> Result<Heard, Gone> {
        let (head, body) = self.client.request(request).await?.into_parts();
        let text = String::from_utf8(body.collect().await?.to_bytes().to_vec())?;
        Ok(Heard { status: head.status, headers: head.headers, text })
    }
}

/// Why there was no answer.
pub(crate) type Gone = Box<dyn std::error::Error + Send + Sync>;

/// A keyspace of a test's own; `None`, and said so, where no engine is.
pub(crate) fn keyspace_of(test: &str) -> Option<cell_scylla::Config> {
    let address = base_testkit::TestEngine::Cassandra.address(test)?;
    let name = format!("t_{}", uuid::Uuid::new_v4().simple());
    Some(cell_scylla::Config {
        replication: 1,
        call_ms_max: 10_000,
        ..cell_scylla::Config::new([address], name)
    })
}

/// Signs the tokens of all tests.
fn key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

/// A table in which `cell-1`, which these pods serve, owns every slot and signs with the tests' key.
pub(crate) fn everything_at(pods: Vec<Pod>) -> Table {
    let mut draft = Draft::new(Epoch(1));
    let public_key = key().public_key().as_ref().try_into().unwrap();
    let accepted_until = Timestamp::from_millis(i64::MAX);
    let signing = SigningKey { kid: "test-key".to_owned(), public_key, accepted_until };
    let id = "cell-1".parse().unwrap();
    let only = draft.cell(router_table::Cell { id, pods, signing_keys: vec![signing] });
    for slot in 0..=u16::MAX {
        draft.slot(Slot(slot), only, Generation(1));
    }
    draft.build().unwrap()
}

//! Whether a node answers, and which version it is: the first words of each engine's own protocol; and a Redis that
//! forgets all it holds.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::engine::Engine;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Longest answer that is read.
const ANSWER_MAX: usize = 1 << 16;

/// Asks a node of an engine that has so many nodes whether it is ready; answers with its version.
///
/// Errors: it does not answer, or it says that it is not ready.
pub(crate) async fn ready(engine: Engine, at: SocketAddr, nodes: u8) -> anyhow::Result<String> {
    let asked = async {
        match engine {
            Engine::Cassandra => cassandra(at, nodes).await,
            Engine::Kafka => kafka(at).await,
            Engine::Redis => redis(at).await,
            Engine::Etcd => etcd(at).await,
            Engine::S3 => s3(at).await,
        }
    };
    timeout(PATIENCE, asked).await.context("no answer in time")?
}

async fn redis(at: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(at).await?;
    stream.write_all(b"INFO server\r\nQUIT\r\n").await?;
    let text = rest(&mut stream).await?;
    let version = text.lines().find_map(|line| line.strip_prefix("redis_version:"));
    version.map(str::to_owned).with_context(|| format!("it says {text}"))
}

/// Has a Redis forget all that it holds.
///
/// Errors: it does not answer, or says no.
pub async fn flush_redis(at: SocketAddr) -> anyhow::Result<()> {
    let asked = async {
        let mut stream = TcpStream::connect(at).await?;
        stream.write_all(b"FLUSHALL SYNC\r\nQUIT\r\n").await?;
        rest(&mut stream).await
    };
    let text = timeout(PATIENCE, asked).await.context("no answer in time")??;
    ensure!(text.starts_with("+OK"), "it says {text}");
    Ok(())
}

async fn etcd(at: SocketAddr) -> anyhow::Result<String> {
    let health: Value = serde_json::from_str(&page(at, "/health").await?)?;
    ensure!(health["health"] == "true", "it says {health}");
    let version: Value = serde_json::from_str(&page(at, "/version").await?)?;
    version["etcdserver"].as_str().map(str::to_owned).context("it has no version")
}

/// Any answer will do: without a signature the server says no.
async fn s3(at: SocketAddr) -> anyhow::Result<String> {
    page(at, "/").await?;
    Ok("s3s-fs 0.14.1".to_owned())
}

/// The body of a page.
async fn page(at: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(at).await?;
    let request = format!("GET {path} HTTP/1.0\r\nhost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let text = rest(&mut stream).await?;
    let (head, body) = text.split_once("\r\n\r\n").context("the answer has no end of its head")?;
    ensure!(head.starts_with("HTTP/1."), "it says {head}");
    Ok(body.to_owned())
}

async fn rest(stream: &mut TcpStream) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    stream.take(ANSWER_MAX as u64).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Asks for the brokers of the cluster (`Metadata`, version 1, no topics); it has one once it is ready.
async fn kafka(at: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(at).await?;
    let mut request = vec![0, 3, 0, 1, 0, 0, 0, 7];
    request.extend([0, 4]);
    request.extend(b"souk");
    request.extend([0, 0, 0, 0]);
    stream.write_u32(u32::try_from(request.len())?).await?;
    stream.write_all(&request).await?;
    let len = stream.read_u32().await?;
    ensure!((8..=u32::try_from(ANSWER_MAX)?).contains(&len), "it answers with {len} bytes");
    ensure!(stream.read_u32().await? == 7, "it answers something else");
    let brokers = stream.read_u32().await?;
    ensure!(brokers > 0, "it has no broker yet");
    Ok("4.3.1".to_owned())
}

/// A connection to Cassandra, over which only questions without parameters are asked.
struct Cql(TcpStream);

/// What a question is answered with.
struct Rows {
    /// How many.
    rows: u32,
    /// The first column of the first one.
    first: Vec<u8>,
}

const STARTUP: u8 = 0x01;
const READY: u8 = 0x02;
const AUTHENTICATE: u8 = 0x03;
const QUERY: u8 = 0x07;
const RESULT: u8 = 0x08;
const WHO: u8 = 0x0f;
const WELCOME: u8 = 0x10;
/// Who every Cassandra knows that asks: SASL's plain words, the user before the password.
const CASSANDRA: &[u8] = b"\0cassandra\0cassandra";
/// Consistency ONE, and no description of the columns in the answer.
const PLAINLY: [u8; 3] = [0, 1, 2];

async fn cassandra(at: SocketAddr, nodes: u8) -> anyhow::Result<String> {
    let mut cql = Cql(TcpStream::connect(at).await?);
    cql.begin().await?;
    let others = cql.rows("SELECT peer FROM system.peers_v2").await?.rows;
    ensure!(others + 1 == u32::from(nodes), "it knows {others} others of {}", nodes - 1);
    let local = cql.rows("SELECT release_version FROM system.local").await?;
    Ok(String::from_utf8(local.first)?)
}

impl Cql {
    async fn begin(&mut self) -> anyhow::Result<()> {
        let mut options = vec![0, 1];
        for text in ["CQL_VERSION", "3.0.0"] {
            options.extend(u16::try_from(text.len())?.to_be_bytes());
            options.extend(text.as_bytes());
        }
        let (answer, said) = self.exchange(STARTUP, &options).await?;
        match answer {
            READY => Ok(()),
            AUTHENTICATE => {
                let mut who = u32::try_from(CASSANDRA.len())?.to_be_bytes().to_vec();
                who.extend(CASSANDRA);
                self.ask(WHO, &who, WELCOME).await.map(drop)
            }
            _ => bail!("it says {}", String::from_utf8_lossy(&said)),
        }
    }

    async fn rows(&mut self, question: &str) -> anyhow::Result<Rows> {
        let mut body = u32::try_from(question.len())?.to_be_bytes().to_vec();
        body.extend(question.as_bytes());
        body.extend(PLAINLY);
        let answer = self.ask(QUERY, &body, RESULT).await?;
        // Which kind of result, flags, how many columns, how many rows; then the length of the first value, and it.
        let number = |place: usize| {
            let bytes = answer.get(4 * place..4 * place + 4)?;
            bytes.try_into().map(u32::from_be_bytes).ok()
        };
        let rows = number(3).context("the answer is short")?;
        let first = number(4).and_then(|len| answer.get(20..20 + len as usize));
        Ok(Rows { rows, first: first.unwrap_or_default().to_vec() })
    }

    async fn ask(&mut self, what: u8, body: &[u8], expected: u8) -> anyhow::Result<Vec<u8>> {
        let (kind, answer) = self.exchange(what, body).await?;
        ensure!(kind == expected, "it says {}", String::from_utf8_lossy(&answer));
        Ok(answer)
    }

    async fn exchange(&mut self, what: u8, body: &[u8]) -> anyhow::Result<(u8, Vec<u8>)> {
        // Version 4 of the protocol, no flags, stream 0.
        self.0.write_all(&[4, 0, 0, 0, what]).await?;
        self.0.write_u32(u32::try_from(body.len())?).await?;
        self.0.write_all(body).await?;
        let mut head = [0; 5];
        self.0.read_exact(&mut head).await?;
        let len = self.0.read_u32().await? as usize;
        ensure!(len <= ANSWER_MAX, "it answers with {len} bytes");
        let mut answer = vec![0; len];
        self.0.read_exact(&mut answer).await?;
        Ok((head[4], answer))
    }
}

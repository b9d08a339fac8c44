//! The open model: requests begin at a fixed rate, whether earlier ones have ended or not, and latency counts from the intended
//! moment. Prints one line of JSON.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Response, Version,
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_rustls::TlsConnector;

use crate::wire::Wire;

/// Longest queue of requests that are late; what is beyond is dropped and counted.
const LATE_MAX: usize = 4096;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Open {
    /// Of whom.
    pub address: SocketAddr,
    /// How.
    pub wire: Wire,
    /// Requests that begin in a second.
    pub rate: f64,
    /// How long, in seconds.
    pub seconds: f64,
    /// Connections, each with one request at a time.
    pub connections: usize,
    /// The value of `Authorization`.
    pub bearer: String,
    /// The path.
    pub path: String,
}

/// What became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Told {
    /// Requests that were answered with 200.
    pub answered: usize,
    /// Requests that were not.
    pub failed: usize,
    /// Requests that never began because too many were late.
    pub dropped: usize,
    /// From the intended begin to the end, in milliseconds.
    pub p50_ms: f64,
    /// The same.
    pub p99_ms: f64,
    /// The same.
    pub worst_ms: f64,
}

enum Connection {
    One(http1::SendRequest<Empty<Bytes>>),
    Two(http2::SendRequest<Empty<Bytes>>),
}

impl Connection {
    async fn open(asked: &Open) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(asked.address).await?;
        stream.set_nodelay(true)?;
        if !asked.wire.tls {
            return Self::over(asked, TokioIo::new(stream)).await;
        }
        let tls = TlsConnector::from(Arc::new(trusting(asked.wire.h2)?));
        let name = ServerName::try_from("localhost")?;
        Self::over(asked, TokioIo::new(tls.connect(name, stream).await?)).await
    }

    async fn over<I>(asked: &Open, io: I) -> anyhow::Result<Self>
    where
        I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        if asked.wire.h2 {
            let (sender, driver) = http2::handshake(TokioExecutor::new(), io).await?;
            tokio::spawn(driver);
            return Ok(Self::Two(sender));
        }
        let (sender, driver) = http1::handshake(io).await?;
        tokio::spawn(driver);
        Ok(Self::One(sender))
    }

    async fn ask(&mut self, asked: &Open) -> anyhow::Result<()> {
        let request = |path: String, version| {
            Request::get(path)
                .version(version)
                .header("host", "localhost")
                .header("authorization", &asked.bearer)
                .body(Empty::new())
        };
        let answer: Response<Incoming> = match self {
            Self::One(sender) => {
                sender.ready().await?;
                sender.send_request(request(asked.path.clone(), Version::HTTP_11)?).await?
            }
            Self::Two(sender) => {
                let scheme = if asked.wire.tls { "https" } else { "http" };
                let uri = format!("{scheme}://localhost{}", asked.path);
                sender.ready().await?;
                let mut request = request(uri, Version::HTTP_2)?;
                request.headers_mut().remove("host");
                sender.send_request(request).await?
            }
        };
        ensure!(answer.status() == 200, "{}", answer.status());
        answer.into_body().collect().await?;
        Ok(())
    }
}

/// Runs the open model on the current runtime.
pub async fn open(asked: &Open) -> anyhow::Result<Told> {
    let asked = Arc::new(asked.clone());
    let (idle, mut whoever_is_idle) = mpsc::unbounded_channel();
    for _ in 0..asked.connections {
        idle.send(Connection::open(&asked).await?).map_err(|_| anyhow!("nobody takes it"))?;
    }
    let late = Arc::new(AtomicUsize::new(0));
    let (begins, mut intended) = mpsc::unbounded_channel();
    let pacer = {
        let (late, rate, seconds) = (Arc::clone(&late), asked.rate, asked.seconds);
        thread::Builder::new()
            .name("pacer".to_owned())
            .spawn(move || pace(rate, seconds, &late, &begins))?
    };
    let (done, mut all_done) = mpsc::unbounded_channel();
    while let Some(begin) = intended.recv().await {
        let mut connection = whoever_is_idle.recv().await.context("no connection is left")?;
        late.fetch_sub(1, Ordering::Relaxed);
        let (asked, idle, done) = (Arc::clone(&asked), idle.clone(), done.clone());
        tokio::spawn(async move {
            let answered = connection.ask(&asked).await.map(|()| begin.elapsed());
            // One that broke is replaced, so that its failure costs one request.
            let next = match &answered {
                Ok(_) => Ok(connection),
                Err(_) => Connection::open(&asked).await,
            };
            let _ = done.send(answered);
            let _ = next.map(|next| idle.send(next));
        });
    }
    drop(done);
    let mut waits_ms = Vec::new();
    let mut failed = 0;
    while let Some(answered) = all_done.recv().await {
        match answered {
            Ok(waited) => waits_ms.push(waited.as_secs_f64() * 1000.0),
            Err(_) => failed += 1,
        }
    }
    let dropped = pacer.join().map_err(|_| anyhow!("the pacer fell"))?;
    waits_ms.sort_by(f64::total_cmp);
    let at = |permille| loadtest_kit::figures::percentile(&waits_ms, permille);
    Ok(Told {
        answered: waits_ms.len(),
        failed,
        dropped,
        p50_ms: at(500),
        p99_ms: at(990),
        worst_ms: at(1000),
    })
}

/// Says when each request is to begin, at that moment; counts those that cannot because too many wait. A thread of its own: the
/// runtime's timers know milliseconds only.
fn pace(
    rate: f64,
    seconds: f64,
    late: &AtomicUsize,
    begins: &mpsc::UnboundedSender<Instant>,
) -> usize {
    let (begun, mut dropped, mut nth) = (Instant::now(), 0, 0.0);
    loop {
        let offset = nth / rate;
        if offset >= seconds {
            return dropped;
        }
        let intended = begun + Duration::from_secs_f64(offset);
        thread::sleep(intended.saturating_duration_since(Instant::now()));
        if late.fetch_add(1, Ordering::Relaxed) >= LATE_MAX {
            late.fetch_sub(1, Ordering::Relaxed);
            dropped += 1;
        } else if begins.send(intended).is_err() {
            return dropped;
        }
        nth += 1.0;
    }
}

/// A client that takes any certificate: the servers' are made for this run, on this machine.
fn trusting(h2: bool) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let any = Arc::new(AnyCertificate(Arc::clone(&provider)));
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.dangerous().with_custom_certificate_verifier(any).with_no_client_auth();
    config.alpn_protocols = vec![if h2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    Ok(config)
}

#[derive(Debug)]
struct AnyCertificate(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

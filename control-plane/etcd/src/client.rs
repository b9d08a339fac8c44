//! Asks etcd: one member after the other until one answers, signed in if it must be.

use std::{
    fmt, fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Response, Status,
    metadata::{AsciiMetadataValue, MetadataValue},
    transport::Channel,
};

use crate::{
    Call, Config, EtcdError, Fair, KeyValue, Kind, Mishap, Outcome, Transaction, Watch, Weather,
    connect, range_end,
    v3::{
        AuthenticateRequest, CompactionRequest, LeaseGrantRequest, LeaseKeepAliveRequest,
        LeaseRevokeRequest, RangeRequest, WatchCreateRequest, WatchRequest,
        auth_client::AuthClient, kv_client::KvClient, lease_client::LeaseClient,
        range_request::SortOrder, watch_client::WatchClient, watch_request::RequestUnion,
    },
};

/// A read comes in pages of so many keys.
const PAGE_KEYS: i64 = 512;
/// So many keys are read at once from the end.
const LAST_KEYS: i64 = 32;
/// Largest answer, in bytes: a page of keys of the largest size that etcd takes.
const ANSWER_MAX: usize = 1 << 30;
/// How long no member is asked after all of them failed.
const BREATH: Duration = Duration::from_millis(100);
/// Of the whole time, the part that one try at one member may take.
const TRY_PART: u32 = 3;

/// A client of one etcd. Clones share its lines.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    lines: Vec<Channel>,
    /// The member that is asked first: the last one that answered.
    current: AtomicUsize,
    timeout: Duration,
    /// User and password.
    credentials: Option<(String, String)>,
    token: Mutex<Option<AsciiMetadataValue>>,
    at: String,
    weather: Arc<dyn Weather>,
}

/// Keys that were read, as of one revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The keys, in order.
    pub keys: Vec<KeyValue>,
    /// etcd's revision when they were read.
    pub revision: i64,
}

/// A lease: keys that are bound to it end with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Its number.
    pub id: i64,
    /// How long it lasts without being kept.
    pub lasts: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.0.at)
    }
}

impl Client {
    /// A client that connects when it is first used. Needs a runtime of tokio.
    ///
    /// Errors: a file that the settings name cannot be used.
    pub fn new(config: &Config) -> Result<Self, EtcdError> {
        Self::in_weather(config, Arc::new(Fair))
    }

    /// A client whose calls something may befall.
    ///
    /// Errors: a file that the settings name cannot be used.
    pub fn in_weather(config: &Config, weather: Arc<dyn Weather>) -> Result<Self, EtcdError> {
        let at = config.endpoints.join(", ");
        let one_try = config.timeout() / TRY_PART;
        let lines = connect::channels(config, one_try);
        let lines = lines.map_err(|why| EtcdError::settings(&at, why))?;
        let credentials = match (&config.user, &config.password_file) {
            (Some(user), Some(file)) => {
                let password = fs::read_to_string(file).map_err(|error| {
                    EtcdError::settings(&at, format!("{} cannot be read: {error}", file.display()))
                })?;
                Some((user.clone(), password.trim_end().to_owned()))
            }
            _ => None,
        };
        Ok(Self(Arc::new(Inner {
            lines,
            current: AtomicUsize::new(0),
            timeout: config.timeout(),
            credentials,
            token: Mutex::default(),
            at,
            weather,
        })))
    }

    /// Which members it asks.
    pub fn at(&self) -> &str {
        &self.0.at
    }

    /// How long a read or a change may take.
    pub fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// Reads a key as of now.
    ///
    /// Errors: nobody answers in time; it may not be read.
    pub async fn get(&self, key: &str) -> Result<Page, EtcdError> {
        let key = Bytes::copy_from_slice(key.as_bytes());
        self.range(RangeRequest { key, ..RangeRequest::default() }).await.map(|(page, _)| page)
    }

    /// Reads all keys that begin so, as of a revision.
    ///
    /// Errors: nobody answers in time; they may not be read; the revision is not kept any more.
    pub async fn all(&self, prefix: &str, revision: i64) -> Result<Vec<KeyValue>, EtcdError> {
        let mut request = RangeRequest {
            key: Bytes::copy_from_slice(prefix.as_bytes()),
            range_end: range_end(prefix),
            limit: PAGE_KEYS,
            revision,
            ..RangeRequest::default()
        };
        let mut all = Vec::new();
        loop {
            let (page, more) = self.range(request.clone()).await?;
            all.extend(page.keys);
            let Some(last) = all.last().filter(|_| more) else { return Ok(all) };
            request.key = [&last.key[..], &[0]].concat().into();
        }
    }

    /// Reads the last few keys that begin so, the last one first; only those before `below`, if that is given.
    ///
    /// Errors: nobody answers in time; they may not be read.
    pub async fn last(
        &self,
        prefix: &str,
        below: Option<&[u8]>,
    ) -> Result<Vec<KeyValue>, EtcdError> {
        let request = RangeRequest {
            key: Bytes::copy_from_slice(prefix.as_bytes()),
            range_end: below.map_or_else(|| range_end(prefix), Bytes::copy_from_slice),
            limit: LAST_KEYS,
            sort_order: SortOrder::Descend.into(),
            ..RangeRequest::default()
        };
        self.range(request).await.map(|(page, _)| page.keys)
    }

    async fn range(&self, request: RangeRequest) -> Result<(Page, bool), EtcdError> {
        let send = |line, request| async move {
            KvClient::new(line).max_decoding_message_size(ANSWER_MAX).range(request).await
        };
        let answer = self.ask(Call::Read, request, send).await?;
        let revision = answer.header.map_or(0, |header| header.revision);
        Ok((Page { keys: answer.kvs, revision }, answer.more))
    }

    /// Asks for a transaction, once.
    ///
    /// Errors: as of [`Kind::Away`] it may have been done nevertheless, or may be yet: who wrote it finds out by asking for it again,
    /// if it is written so that it can be done only once.
    pub async fn transact(&self, transaction: Transaction) -> Result<Outcome, EtcdError> {
        let send = |line, request| async move {
            KvClient::new(line).max_decoding_message_size(ANSWER_MAX).txn(request).await
        };
        self.ask_once(Call::Write, transaction.into(), send).await.map(Outcome::from)
    }

    /// Forgets what was so before a revision, for all who use this etcd; nothing if that is forgotten already. etcd does that by itself
    /// when it is told how often.
    ///
    /// Errors: nobody answers in time; it may not be done.
    pub async fn compact(&self, revision: i64) -> Result<(), EtcdError> {
        let send = |line, request| async move { KvClient::new(line).compact(request).await };
        let request = CompactionRequest { revision };
        match self.ask(Call::Compact, request, send).await {
            Err(EtcdError { kind: Kind::Compacted, .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Watches all keys that begin so, from a revision on.
    ///
    /// Errors: nobody answers in time; that revision is not kept any more.
    pub async fn watch(&self, prefix: &str, from: i64) -> Result<Watch, EtcdError> {
        let request = WatchRequest {
            request_union: Some(RequestUnion::CreateRequest(WatchCreateRequest {
                key: Bytes::copy_from_slice(prefix.as_bytes()),
                range_end: range_end(prefix),
                start_revision: from,
                progress_notify: false,
            })),
        };
        let at = self.0.at.clone();
        let send = move |line, request: Request<WatchRequest>| {
            let at = at.clone();
            async move {
                let (metadata, extensions, first) = request.into_parts();
                let (asked, stream) = mpsc::channel(1);
                let sent = asked.send(first).await;
                sent.map_err(|_| Status::internal("our own stream is closed"))?;
                let stream = ReceiverStream::new(stream);
                let request = Request::from_parts(metadata, extensions, stream);
                let mut client = WatchClient::new(line).max_decoding_message_size(ANSWER_MAX);
                let answers = client.watch(request).await?.into_inner();
                Ok(Response::new(Watch::new(answers, asked, at)))
            }
        };
        let watch = self.ask(Call::Watch, request, send).await?;
        timeout(self.0.timeout, watch.begun()).await.unwrap_or_else(|_| Err(self.late(Call::Watch)))
    }

    /// Asks for a lease.
    ///
    /// Errors: nobody answers in time.
    pub async fn grant(&self, lasts: Duration) -> Result<Granted, EtcdError> {
        let ttl = i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX);
        let request = LeaseGrantRequest { ttl, id: 0 };
        let send = |line, request| async move { LeaseClient::new(line).lease_grant(request).await };
        let answer = self.ask(Call::Lease, request, send).await?;
        // It may last longer than was asked for.
        Ok(Granted { id: answer.id, lasts: Duration::from_secs(answer.ttl.unsigned_abs()) })
    }

    /// Keeps a lease for another while.
    ///
    /// Errors: nobody answers in time; it has ended.
    pub async fn keep(&self, lease: i64) -> Result<(), EtcdError> {
        let send = |line, request: Request<LeaseKeepAliveRequest>| async move {
            let (metadata, extensions, message) = request.into_parts();
            let request = Request::from_parts(metadata, extensions, tokio_stream::once(message));
            let mut answers = LeaseClient::new(line).lease_keep_alive(request).await?.into_inner();
            let answer = answers.message().await?;
            let answer = answer.ok_or_else(|| Status::unavailable("the stream was closed"))?;
            Ok(Response::new(answer))
        };
        let answer = self.ask(Call::KeepAlive, LeaseKeepAliveRequest { id: lease }, send).await?;
        if answer.ttl > 0 {
            return Ok(());
        }
        let status = Status::not_found("requested lease not found");
        Err(EtcdError::of(&status, Call::KeepAlive.as_str(), &self.0.at))
    }

    /// Gives a lease back: its keys end at once. One that has ended is given back already.
    ///
    /// Errors: nobody answers in time.
    pub async fn give_back(&self, lease: i64) -> Result<(), EtcdError> {
        let send =
            |line, request| async move { LeaseClient::new(line).lease_revoke(request).await };
        match self.ask(Call::Lease, LeaseRevokeRequest { id: lease }, send).await {
            Err(EtcdError { kind: Kind::NoLease, .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Asks one member after the other until one answers or the time is over.
    async fn ask<M: Clone, T, F>(
        &self,
        call: Call,
        message: M,
        send: impl Fn(Channel, Request<M>) -> F,
    ) -> Result<T, EtcdError>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let deadline = Instant::now() + self.0.timeout;
        let mut tries = 0;
        loop {
            let error = match self.ask_once(call, message.clone(), &send).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            tries += 1;
            if !error.kind.may_pass() || Instant::now() >= deadline {
                return Err(error);
            }
            if tries % self.0.lines.len() == 0 {
                sleep(BREATH).await;
            }
        }
    }

    /// Asks the member that answered last; if it does not now, another one is asked next time.
    async fn ask_once<M, T, F>(
        &self,
        call: Call,
        message: M,
        send: impl Fn(Channel, Request<M>) -> F,
    ) -> Result<T, EtcdError>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let current = self.0.current.load(Ordering::Relaxed);
        let line = self.0.lines[current % self.0.lines.len()].clone();
        let mishap = self.0.weather.before(call);
        let asked = async {
            if mishap == Some(Mishap::Reset) {
                return Err(Status::unavailable("connection reset"));
            }
            let mut request = Request::new(message);
            if let Some(token) = self.token(line.clone()).await? {
                request.metadata_mut().insert("token", token);
            }
            // A member that has lost its leader says so instead of being silent.
            request.metadata_mut().insert("hasleader", MetadataValue::from_static("true"));
            let answer = send(line, request).await?;
            self.0.weather.after(call);
            match mishap {
                Some(Mishap::AnswerLost) => Err(Status::unavailable("broken pipe")),
                Some(Mishap::TimedOut) => Err(Status::deadline_exceeded("no answer in time")),
                Some(Mishap::Reset) | None => Ok(answer.into_inner()),
            }
        };
        let error = match timeout(self.0.timeout / TRY_PART, asked).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(status)) => EtcdError::of(&status, call.as_str(), &self.0.at),
            Err(_) => self.late(call),
        };
        match error.kind {
            Kind::SignedOut => drop(self.0.token.lock().take()),
            Kind::Away => {
                let next = current.wrapping_add(1);
                // Whoever else saw it fail has moved on already.
                let _ = self.0.current.compare_exchange(
                    current,
                    next,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                );
            }
            _ => {}
        }
        Err(error)
    }

    /// What proves that we have signed in; nothing if nobody has to.
    async fn token(&self, line: Channel) -> Result<Option<AsciiMetadataValue>, Status> {
        let Some((name, password)) = &self.0.credentials else { return Ok(None) };
        if let Some(token) = self.0.token.lock().clone() {
            return Ok(Some(token));
        }
        let request = AuthenticateRequest { name: name.clone(), password: password.clone() };
        let answer = AuthClient::new(line).authenticate(request).await?.into_inner();
        let token: AsciiMetadataValue = answer
            .token
            .parse()
            .map_err(|_| Status::internal("etcd's token is not one that can be sent back to it"))?;
        *self.0.token.lock() = Some(token.clone());
        Ok(Some(token))
    }

    fn late(&self, call: Call) -> EtcdError {
        EtcdError::of(&Status::deadline_exceeded("no answer in time"), call.as_str(), &self.0.at)
    }
}

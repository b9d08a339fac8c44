//! One connection to Redis, and what is done while it does not answer.

use std::{
    fmt::Display,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use base_ids::CellId;
use cell_runtime::ephemeral::{Arrival, Ephemeral, Local, Welcome};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use redis::{
    Client, ConnectionAddr, ErrorKind, FromRedisValue, IntoConnectionInfo, RedisConnectionInfo,
    RedisError, Script, ServerErrorKind,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use crate::Config;

/// How long Redis is left alone after it did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the first connection may take before the process goes on without.
const FIRST: Duration = Duration::from_secs(2);

/// Why it is not used.
#[derive(Debug)]
pub enum OpenRefusal {
    /// The settings are wrong; all of them.
    Settings(String),
    /// Redis does not let this user in.
    Credentials {
        /// Where it is.
        address: String,
        /// What it says.
        cause: RedisError,
    },
}

impl Display for OpenRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Settings(mistakes) => write!(f, "redis: {mistakes}"),
            Self::Credentials { address, .. } => {
                write!(
                    f,
                    "Redis at {address} does not let this cell in; check redis.user and redis.password"
                )
            }
        }
    }
}

impl std::error::Error for OpenRefusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Settings(_) => None,
            Self::Credentials { cause, .. } => Some(cause),
        }
    }
}

/// How it went so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Calls that Redis answered.
    pub answered: u64,
    /// Calls that this process answered alone.
    pub alone: u64,
}

/// What the processes of a cell share for a while, in Redis.
pub struct Redis {
    connection: ConnectionManager,
    address: String,
    prefix: String,
    welcome: Script,
    /// Until when it is left alone.
    paused: Mutex<Option<Instant>>,
    local: Local,
    answered: AtomicU64,
    alone: AtomicU64,
}

impl Redis {
    /// Connects. A Redis that does not answer is no reason not to open: it is used as soon as it does.
    ///
    /// Errors: see [`OpenRefusal`].
    pub async fn open(config: &Config, cell: &CellId) -> Result<Self, OpenRefusal> {
        let mistakes = config.mistakes();
        if !mistakes.is_empty() {
            return Err(OpenRefusal::Settings(mistakes.join("; ")));
        }
        let manager = ConnectionManagerConfig::new()
            .set_response_timeout(Some(config.call_max()))
            .set_connection_timeout(Some(FIRST))
            .set_number_of_retries(1)
            .set_max_delay(PAUSE);
        let settings = |error: RedisError| OpenRefusal::Settings(error.to_string());
        let client = client(config).map_err(settings)?;
        let connection =
            ConnectionManager::new_lazy_with_config(client, manager).map_err(settings)?;
        let prefix = config.prefix.clone().unwrap_or_else(|| format!("souk:{cell}"));
        let redis = Self {
            connection,
            address: config.address.clone(),
            prefix,
            welcome: Script::new(include_str!("welcome.lua")),
            paused: Mutex::default(),
            local: Local::default(),
            answered: AtomicU64::new(0),
            alone: AtomicU64::new(0),
        };
        match redis.ask::<()>(&redis::cmd("PING")).await {
            Ok(()) => redis.look_at_memory().await,
            Err(cause) if is_refused(&cause) => {
                return Err(OpenRefusal::Credentials { address: config.address.clone(), cause });
            }
            Err(cause) => redis.pause(&cause),
        }
        Ok(redis)
    }

    /// How it went so far.
    pub fn activity(&self) -> Activity {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Activity { answered: read(&self.answered), alone: read(&self.alone) }
    }

    /// Whether what is full would refuse writes instead of forgetting what was used least.
    async fn look_at_memory(&self) {
        type Found = Vec<String>;
        let found: Result<Found, _> =
            self.ask(redis::cmd("CONFIG").arg("GET").arg("maxmemory*")).await;
        // A hosted Redis may not tell.
        let Ok(found) = found else { return };
        let value = |name: &str| {
            let at = found.iter().position(|each| each == name)?;
            found.get(at + 1).map(String::as_str)
        };
        if value("maxmemory") == Some("0") || value("maxmemory-policy") == Some("noeviction") {
            tracing::warn!(
                address = self.address,
                "Redis has no bound on its memory, or refuses writes when it is full; set maxmemory and maxmemory-policy allkeys-lru"
            );
        }
    }

    /// A key of this cell. What stands in braces says where a cluster keeps it: all that is asked for together lies together.
    fn key(&self, kind: &str, who: &str, rest: &str) -> String {
        format!("{}:{kind}:{{{who}}}:{rest}", self.prefix)
    }

    async fn ask<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, RedisError> {
        command.query_async(&mut self.connection.clone()).await
    }

    fn is_paused(&self) -> bool {
        let mut paused = self.paused.lock();
        let is_paused = paused.is_some_and(|until| Instant::now() < until);
        if !is_paused {
            *paused = None;
        }
        is_paused
    }

    fn pause(&self, cause: &RedisError) {
        let before = self.paused.lock().replace(Instant::now() + PAUSE);
        if before.is_none() {
            tracing::warn!(
                address = self.address,
                %cause,
                "Redis does not answer; this process goes on alone. Check that it lives and can be reached"
            );
        }
    }

    /// What Redis says, or nothing if it does not, or not in time.
    async fn try_ask<T>(&self, asked: impl Future<Output = Result<T, RedisError>>) -> Option<T> {
        let said = if self.is_paused() { None } else { Some(asked.await) };
        let counter = if matches!(said, Some(Ok(_))) { &self.answered } else { &self.alone };
        counter.fetch_add(1, Ordering::Relaxed);
        match said? {
            Ok(said) => Some(said),
            Err(cause) => {
                self.pause(&cause);
                None
            }
        }
    }

    async fn judge(&self, arrival: Arrival<'_>) -> Welcome {
        let Arrival { who, session, pace } = arrival;
        // What this process knows holds, whatever happened to Redis since.
        let known = self.local.welcome(Arrival { pace: None, ..arrival }).await;
        if known == Welcome::SessionEnded {
            return known;
        }
        let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let mut script = self.welcome.key(self.key("ended", who, session.unwrap_or_default()));
        script
            .key(self.key("pace", who, ""))
            .arg(pace.map_or(0, |pace| micros(pace.each())))
            .arg(pace.map_or(0, |pace| micros(pace.whole())));
        let mut connection = self.connection.clone();
        match self.try_ask(script.invoke_async::<i64>(&mut connection)).await {
            None => self.local.welcome(arrival).await,
            Some(0) => Welcome::Come,
            Some(wait) => u64::try_from(wait).map_or(Welcome::SessionEnded, |micros| {
                Welcome::After(Duration::from_micros(micros))
            }),
        }
    }
}

fn client(config: &Config) -> Result<Client, RedisError> {
    let (host, port) = config.place();
    let mut login = RedisConnectionInfo::default();
    if let Some(user) = &config.user {
        login = login.set_username(user);
    }
    if !config.password.is_empty() {
        login = login.set_password(config.password.expose());
    }
    let place = ConnectionAddr::Tcp(host.to_owned(), port).into_connection_info()?;
    Client::open(place.set_redis_settings(login))
}

fn is_refused(cause: &RedisError) -> bool {
    cause.kind() == ErrorKind::AuthenticationFailed
        || matches!(cause.kind(), ErrorKind::Server(ServerErrorKind::NoPerm))
        || matches!(cause.code(), Some("NOAUTH" | "WRONGPASS"))
}

impl Ephemeral for Redis {
    fn welcome<'a>(&'a self, arrival: Arrival<'a>) -> BoxFuture<'a, Welcome> {
        Box::pin(self.judge(arrival))
    }

    fn end_session<'a>(
        &'a self,
        who: &'a str,
        session: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.local.end_session(who, session, lasts).await;
            let mut command = redis::cmd("SET");
            command.arg(self.key("ended", who, session)).arg("").arg("PX").arg(millis(lasts));
            self.try_ask(self.ask::<()>(&command)).await;
        })
    }

    fn recall<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let mut command = redis::cmd("GET");
            command.arg(self.key("answer", key, ""));
            match self.try_ask(self.ask(&command)).await {
                Some(found) => found,
                None => self.local.recall(key).await,
            }
        })
    }

    fn remember<'a>(
        &'a self,
        key: &'a str,
        answer: &'a [u8],
        lasts: Duration,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let mut command = redis::cmd("SET");
            command.arg(self.key("answer", key, "")).arg(answer).arg("PX").arg(millis(lasts));
            if self.try_ask(self.ask::<()>(&command)).await.is_none() {
                self.local.remember(key, answer, lasts).await;
            }
        })
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}

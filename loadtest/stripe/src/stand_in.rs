//! The stand-in as a test or a program holds it: how it is set up, started, scripted and stopped.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    Accounts, Chaos, Retry, Rule, bank, clock, courier, idempotency, ledger, log, server, shared,
    webhook,
};

/// How a stand-in is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Allows `listen` to be reachable from other machines.
    pub allow_remote: bool,
    /// Secret keys that are taken; when empty, every key that begins with `sk_` but not `sk_live_`.
    pub secret_keys: Vec<String>,
    /// Where webhooks go whose intent carries no `metadata[webhook_url]`; loopback only.
    pub webhook_url: Option<String>,
    /// Signs webhooks.
    pub webhook_secret: String,
    /// How failed webhooks are repeated.
    pub retry: Retry,
    /// The state file; without one the stand-in forgets everything when it stops.
    pub state: Option<PathBuf>,
    /// Random misbehaviour from the start.
    pub chaos: Option<Chaos>,
}

impl Default for Config {
    /// In memory, on a free loopback port, with the secret [`WEBHOOK_SECRET`].
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            allow_remote: false,
            secret_keys: Vec::new(),
            webhook_url: None,
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            retry: Retry::default(),
            state: None,
            chaos: None,
        }
    }
}

/// The webhook secret when none is given.
pub const WEBHOOK_SECRET: &str = "whsec_stand_in";

/// A running stand-in; it stops when dropped.
#[derive(Debug)]
pub struct StandIn {
    /// Where it answers, without a slash at the end: `http://127.0.0.1:4242`.
    pub url: String,
    shared: Arc<shared::Shared>,
    server: tokio::task::JoinHandle<()>,
    courier: tokio::task::JoinHandle<()>,
    stop: DropGuard,
}

impl StandIn {
    /// Starts a stand-in inside the running tokio runtime; it answers as soon as this returns.
    ///
    /// Fails when the address is taken or not loopback, the webhook URL is not loopback, or the
    /// state file is damaged, in use or not writable.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        if !config.allow_remote && !config.listen.ip().is_loopback() {
            bail!("{} can be reached from other machines; allow that explicitly", config.listen);
        }
        if let Some(url) = &config.webhook_url {
            webhook::read_url(url).map_err(anyhow::Error::msg)?;
        }
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {}", config.listen))?;
        let url = format!("http://{}", listener.local_addr()?);
        let forget_before = clock::now() - idempotency::KEPT_FOR;
        let (log, ledger) = log::Log::open(config.state.as_deref(), forget_before)?;
        let (counter, errands) = courier::Counter::open();
        let shared =
            Arc::new(shared::Shared::new(config, url.clone(), ledger, log, counter.clone()));
        counter.deliver(shared.left_over());
        let stop = CancellationToken::new();
        let courier = tokio::spawn(courier::run(Arc::clone(&shared), errands, stop.clone()));
        let server = tokio::spawn(server::run(Arc::clone(&shared), listener, stop.clone()));
        Ok(Self { url, shared, server, courier, stop: stop.drop_guard() })
    }

    /// Ends all connections, writes what is queued for the state file, and closes it.
    pub async fn stop(self) {
        drop(self.stop);
        // They end by the token; a panic in them has been told already.
        let _ = self.server.await;
        let _ = self.courier.await;
        let shared = self.shared;
        let _ = tokio::task::spawn_blocking(move || shared.close()).await;
    }

    /// Arms a rule and names it, as `POST /_script/rules` does.
    pub fn add_rule(&self, rule: Rule) -> String {
        self.shared.script.lock().add(rule)
    }

    /// Disarms all rules and ends random misbehaviour.
    pub fn clear_rules(&self) {
        self.shared.script.lock().clear();
    }

    /// Begins or ends random misbehaviour.
    pub fn set_chaos(&self, chaos: Option<Chaos>) {
        self.shared.script.lock().set_chaos(chaos);
    }

    /// What has been done so far, in sums.
    pub fn accounts(&self) -> Accounts {
        self.shared.read(ledger::Ledger::accounts).0
    }

    /// Passes (or fails) the 3-D Secure page that is open for an intent; false if none is.
    pub async fn play_buyer(&self, intent: &str, passes: bool) -> bool {
        let mut done = bank::challenge(&self.shared, intent, None, passes);
        let is_played = done.status.is_success() && done.safe.clone().reached().await;
        self.shared.counter.deliver(std::mem::take(&mut done.letters));
        is_played
    }

    /// Waits until every webhook has arrived or been given up; false if that takes longer.
    pub async fn quiet(&self, within: Duration) -> bool {
        let mut pending = self.shared.pending();
        tokio::time::timeout(within, pending.wait_for(|count| *count == 0))
            .await
            .is_ok_and(|seen| seen.is_ok())
    }
}

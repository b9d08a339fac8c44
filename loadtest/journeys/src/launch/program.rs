//! One process of a fleet: how it is started, whether it is ready, how it is killed and started again.

use std::{
    fs::OpenOptions,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, ensure};
use base_testkit::{Child, eventually};

use super::{Member, Place};
use crate::http::Plain;

/// How long a process gets to end before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(15);

/// A process of a fleet.
#[derive(Debug)]
pub struct Program {
    /// Its name in the fleet, such as `cell-2`.
    pub name: String,
    /// What it is.
    pub member: Member,
    binary: PathBuf,
    args: Vec<String>,
    secrets: Vec<(&'static str, &'static str)>,
    /// Answers with 200 once it is ready.
    ready: String,
    place: Place,
    child: Option<Child>,
}

impl Program {
    pub(super) fn new(
        member: Member,
        binary: PathBuf,
        args: Vec<String>,
        ready: String,
        place: &Place,
    ) -> Self {
        Self {
            name: member.to_string(),
            member,
            binary,
            args,
            secrets: Vec::new(),
            ready,
            place: place.clone(),
            child: None,
        }
    }

    /// With a secret in its environment.
    pub(super) fn with_secret(mut self, name: &'static str, secret: &'static str) -> Self {
        self.secrets.push((name, secret));
        self
    }

    /// Starts it; it need not be ready when this returns. What it writes goes to its log.
    ///
    /// Errors: those of starting it.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let path = self.place.log(&self.name);
        let log = OpenOptions::new().create(true).append(true).open(&path);
        let log = log.with_context(|| format!("cannot write {}", path.display()))?;
        let mut command = Command::new(&self.binary);
        command.args(&self.args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.env("NO_COLOR", "1").current_dir(self.place.root());
        command.envs(self.secrets.iter().copied());
        let child = Child::start(&mut command);
        self.child =
            Some(child.with_context(|| format!("{} cannot be started", self.binary.display()))?);
        Ok(())
    }

    /// Starts the same program beside it, which takes over its ports, and waits until the one before has ended by itself; says how
    /// long that took.
    ///
    /// Errors: the one before does not end, or ends badly; then it goes on as before.
    pub async fn follow(&mut self, patience: Duration) -> anyhow::Result<Duration> {
        let mut before = self.child.take().with_context(|| format!("no {} runs", self.name))?;
        let begun = Instant::now();
        self.start()?;
        let ended = eventually(patience, async || before.ended()?.context("it still runs")).await;
        let status = match ended {
            Ok(status) => status,
            Err(late) => {
                self.child = Some(before);
                return Err(late.last.context(format!("nobody follows {}", self.name)));
            }
        };
        ensure!(status.success(), "{} before ended badly ({status})", self.name);
        Ok(begun.elapsed())
    }

    /// Waits until it says that it is ready.
    ///
    /// Errors: it ended, with its last words; or it was not ready in time, with what it waits for.
    pub async fn ready(&mut self, plain: &Plain, patience: Duration) -> anyhow::Result<()> {
        let url = self.ready.clone();
        let waited = eventually(patience, async || {
            if let Some(status) = self.ended()? {
                return Ok(Err(anyhow!("{} ended ({status})", self.name)));
            }
            match plain.get(&url).await {
                Ok((200, _)) => Ok(Ok(())),
                Ok((status, body)) => Err(anyhow!("{status} {body}")),
                Err(error) => Err(error),
            }
        });
        let outcome = match waited.await {
            Ok(outcome) => outcome,
            Err(late) => Err(anyhow!("{} is not ready: {:#}", self.name, late.last)),
        };
        outcome.map_err(|error| {
            let (words, log) = (self.place.last_words(&self.name, 15), self.place.log(&self.name));
            anyhow!("{error:#}\n{words}\nall of it: {}", log.display())
        })
    }

    /// Whether it says that it is ready, asked once.
    ///
    /// Errors: it ended.
    pub async fn is_ready(&mut self, plain: &Plain) -> anyhow::Result<bool> {
        if let Some(status) = self.ended()? {
            return Err(anyhow!("{} ended ({status})", self.name));
        }
        Ok(plain.get(&self.ready).await.is_ok_and(|(status, _)| status == 200))
    }

    /// How it ended, if it has without being asked.
    ///
    /// Errors: those of the kernel.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.as_mut().map_or(Ok(None), Child::ended).map_err(anyhow::Error::from)
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::pid)
    }

    /// `kill -9`.
    ///
    /// Errors: those of the kernel.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        match self.child.take() {
            Some(mut child) => child.kill().with_context(|| format!("cannot kill {}", self.name)),
            None => Ok(()),
        }
    }

    /// Asks it to end, and waits; kills it if it does not listen.
    ///
    /// Errors: those of the kernel.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child
                .stop(STOP_PATIENCE)
                .await
                .with_context(|| format!("cannot stop {}", self.name))?;
        }
        Ok(())
    }
}

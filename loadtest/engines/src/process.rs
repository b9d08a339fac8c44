//! A node's process: started apart from whoever starts it, known by its id and the moment it began.

use std::{
    fs::{self, OpenOptions},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use base_testkit::{Signal, eventually};
use nix::{sys::signal::kill, unistd::Pid};
use serde::{Deserialize, Serialize};

/// How long a process may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that goes on when whoever started it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// When it began, in ticks since the machine did: another process with its id began later.
    began: u64,
}

impl Process {
    /// Starts a program that writes what it says to `log`.
    ///
    /// Errors: those of starting it.
    pub(crate) fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(log);
        let file = file.with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn();
        let pid = child.with_context(|| format!("{program} cannot be started"))?.id();
        Ok(Self { pid, began: began(pid).unwrap_or_default() })
    }

    /// Whether it runs.
    pub(crate) fn runs(self) -> bool {
        began(self.pid) == Some(self.began)
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// Errors: it may not be killed.
    pub(crate) async fn kill(self) -> anyhow::Result<()> {
        self.signal(Signal::SIGKILL)?;
        self.gone(PATIENCE).await.then_some(()).context("it does not end, though it was killed")
    }

    /// Asks it to end and waits; kills it if it has not ended in time.
    ///
    /// Errors: it may not be asked or killed.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.signal(Signal::SIGTERM)?;
        if self.gone(PATIENCE).await { Ok(()) } else { self.kill().await }
    }

    async fn gone(self, patience: Duration) -> bool {
        eventually(patience, async || if self.runs() { Err(()) } else { Ok(()) }).await.is_ok()
    }

    fn signal(self, signal: Signal) -> anyhow::Result<()> {
        if !self.runs() {
            return Ok(());
        }
        let sent = kill(Pid::from_raw(i32::try_from(self.pid)?), signal);
        // It may have ended meanwhile.
        if self.runs() { sent.context("it cannot be signalled") } else { Ok(()) }
    }
}

/// When a process began; nothing if there is none, or only what is left of one that has ended.
fn began(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command's name in parentheses and may hold spaces; the state is the third, the beginning the 22nd.
    let (_, behind_name) = stat.rsplit_once(") ")?;
    let mut fields = behind_name.split(' ');
    // The first thread may be gone while others still hold ports and files.
    if fields.next()? == "Z" && fs::read_dir(format!("/proc/{pid}/task")).ok()?.count() < 2 {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::Process;

    #[tokio::test]
    async fn a_process_is_known_by_its_beginning_and_ends_when_it_is_asked_to() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let process = Process::start(Command::new("sleep").arg("600"), &log).unwrap();
        assert!(process.runs());
        assert!(!Process { began: process.began + 1, ..process }.runs(), "another one of its id");
        process.stop().await.unwrap();
        assert!(!process.runs());
        process.kill().await.unwrap();
    }
}

//! Child processes that end with whoever started them, however that one ends.

use std::{
    io,
    os::unix::process::CommandExt as _,
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::eventually;

/// Waits for the end of its input, which comes when the parent is gone, and then kills.
const WATCH: &str = "read -r _; kill -9 \"$0\" 2>/dev/null";

/// A running program, in a process group of its own so that a Ctrl-C at the terminal reaches only its parent. Dropping kills it; so
/// does the end of this process, even by `kill -9`, because a small shell watches a pipe that only this process holds open.
#[derive(Debug)]
pub struct Child {
    program: std::process::Child,
    watch: std::process::Child,
}

impl Child {
    /// Starts a program.
    ///
    /// Errors: those of starting it.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut program = command.process_group(0).spawn()?;
        let watch = Command::new("sh")
            .args(["-c", WATCH])
            .arg(program.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        match watch {
            Ok(watch) => Ok(Self { program, watch }),
            Err(error) => {
                program.kill()?;
                program.wait()?;
                Err(error)
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.program.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.program.try_wait()
    }

    /// Kills it as `kill -9` does, and waits until it is gone. Nothing happens if it has ended before.
    pub fn kill(&mut self) -> io::Result<()> {
        self.program.kill()?;
        self.program.wait().map(drop)
    }

    /// Sends a signal. Nothing happens if it has ended before.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        // Not reaped yet, so the id still is this child's.
        let pid = i32::try_from(self.pid()).map_err(io::Error::other)?;
        kill(Pid::from_raw(pid), signal).map_err(io::Error::from)
    }

    /// Asks it to end (SIGTERM) and waits for that; kills it if it has not ended within `patience`.
    ///
    /// Errors: those of asking and waiting.
    pub async fn stop(&mut self, patience: Duration) -> io::Result<Stopped> {
        self.signal(Signal::SIGTERM)?;
        let ended = eventually(patience, async || match self.ended() {
            Ok(Some(status)) => Ok(Ok(status)),
            Ok(None) => Err(()),
            Err(error) => Ok(Err(error)),
        })
        .await;
        if let Ok(status) = ended {
            return status.map(Stopped::Ended);
        }
        self.kill()?;
        Ok(Stopped::Killed)
    }
}

/// How a child was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It ended when it was asked to.
    Ended(ExitStatus),
    /// It had to be killed.
    Killed,
}

impl Drop for Child {
    fn drop(&mut self) {
        // The watch ends first: the id that it would kill is free for others as soon as the program is reaped. Nobody is left to
        // tell if one of these fails.
        let _ = self.watch.kill();
        let _ = self.watch.wait();
        let _ = self.kill();
    }
}

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

/// Kills a process when it is dropped and when this process ends, even by `kill -9`: a small shell watches a pipe that only this process
/// holds open.
#[derive(Debug)]
pub struct Watch(std::process::Child);

impl Watch {
    /// Over a process that is not to outlive this one.
    ///
    /// Errors: those of starting the shell.
    pub fn over(pid: u32) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCH]).arg(pid.to_string()).stdin(Stdio::piped());
        shell.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().map(Self)
    }

    /// Lets the process be. To be called as soon as it is gone, for its id is then free for others.
    ///
    /// Errors: those of the kernel.
    pub fn lift(mut self) -> io::Result<()> {
        self.0.kill()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // Nobody is left to tell if this fails.
        let _ = self.0.wait();
    }
}

/// A running program, in a process group of its own so that a Ctrl-C at the terminal reaches only its parent. Dropping kills it; so
/// does the end of this process ([`Watch`]).
#[derive(Debug)]
pub struct Child {
    program: std::process::Child,
    watch: Option<Watch>,
}

impl Child {
    /// Starts a program.
    ///
    /// Errors: those of starting it.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut program = command.process_group(0).spawn()?;
        match Watch::over(program.id()) {
            Ok(watch) => Ok(Self { program, watch: Some(watch) }),
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
        let _ = self.watch.take().map(Watch::lift);
        let _ = self.kill();
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::ExitStatusExt as _, process::Command};

    use super::Watch;

    #[test]
    fn a_process_ends_with_its_watch_and_not_with_one_that_was_lifted() {
        let mut sleeper = Command::new("sleep").arg("600").spawn().unwrap();
        Watch::over(sleeper.id()).unwrap().lift().unwrap();
        assert_eq!(sleeper.try_wait().unwrap(), None);
        drop(Watch::over(sleeper.id()).unwrap());
        assert_eq!(sleeper.wait().unwrap().signal(), Some(9));
    }
}

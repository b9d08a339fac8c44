//! A program that runs: what it is told by signals.

use std::{fmt, io, pin::Pin};

use base_fault::chain;
use base_telemetry::{LogLevel, shutdown_signal};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a program is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// To stop: SIGTERM or SIGINT.
    Stop,
    /// To read anew what it reads from files: SIGHUP. The log filter has been read.
    LookAgain,
}

/// Reads the log filter from where the settings came from.
type ReadFilter = Box<dyn Fn() -> Result<String, String> + Send + Sync>;

/// The running program.
pub struct Process {
    level: LogLevel,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
    hang_ups: Signal,
    filter: ReadFilter,
}

impl Process {
    /// Listens to the signals from now on. To be called inside a tokio runtime.
    pub(crate) fn new(level: LogLevel, filter: ReadFilter) -> io::Result<Self> {
        let hang_ups = signal(SignalKind::hangup())?;
        Ok(Self { level, stop: Box::pin(shutdown_signal()), hang_ups, filter })
    }

    /// What is logged, changeable.
    pub fn level(&self) -> LogLevel {
        self.level.clone()
    }

    /// Waits for the next thing that the program is told. Nothing is missed by giving up the wait.
    pub async fn told(&mut self) -> Told {
        tokio::select! {
            () = &mut self.stop => Told::Stop,
            Some(()) = self.hang_ups.recv() => {
                self.read_filter();
                Told::LookAgain
            }
        }
    }

    /// Waits until the program is told to stop. For those who read nothing anew but the log filter.
    pub async fn told_to_stop(&mut self) {
        while self.told().await != Told::Stop {}
    }

    /// Puts the filter in force that the settings now ask for; settings that are no longer right change nothing.
    fn read_filter(&self) {
        let changed = (self.filter)()
            .and_then(|filter| self.level().set(&filter).map_err(|fault| chain(&fault)));
        if let Err(why) = changed {
            tracing::error!(why, "the log filter stays as it is");
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("level", &self.level()).finish_non_exhaustive()
    }
}

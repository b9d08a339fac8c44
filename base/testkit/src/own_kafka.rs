//! A Kafka of a test's own, for what must not befall one that others use.

use std::{
    fs, io,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{Scratch, engine, eventually};

/// How long it may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// A broker that ends with the test.
#[derive(Debug)]
pub struct OwnKafka {
    /// Starts and stops it.
    program: PathBuf,
    /// Where engines are installed.
    home: PathBuf,
    set: String,
    /// Its name is nobody else's; nothing lies there.
    _name: Scratch,
}

impl OwnKafka {
    /// Starts one and waits until it answers; blocks. Nothing, and `test` is skipped, where whoever runs the tests has not said how.
    ///
    /// Errors: those of starting.
    pub fn start(test: &str) -> io::Result<Option<Self>> {
        let Some((program, home)) = engine::starter(test) else { return Ok(None) };
        let name = Scratch::new("kafka")?;
        let set = name.path().file_name().map(|name| name.to_string_lossy().into_owned());
        let set = format!("own-{}", set.unwrap_or_default().replace('.', ""));
        let own = Self { program, home, set, _name: name };
        own.restart()?;
        Ok(Some(own))
    }

    /// Where it is, as `host:port`.
    ///
    /// Errors: it was never up.
    pub fn address(&self) -> io::Result<String> {
        let told = self.told("engines.json")?;
        let found = told.split('"').find(|text| text.starts_with("127.0.0.1:"));
        found.map(str::to_owned).ok_or_else(|| io::Error::other(told.clone()))
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// Errors: it does not run, or does not end.
    pub async fn kill(&self) -> io::Result<()> {
        let told = self.told("state.json")?;
        let pid = told.split_once("\"pid\":").map(|(_, behind)| behind.trim_start());
        let digits = pid.and_then(|text| text.split(|char: char| !char.is_ascii_digit()).next());
        let pid = digits.and_then(|digits| digits.parse().ok());
        let pid: i32 = pid.ok_or_else(|| io::Error::other(told.clone()))?;
        kill(Pid::from_raw(pid), Signal::SIGKILL)?;
        let gone = eventually(PATIENCE, async || if runs(pid) { Err("it runs") } else { Ok(()) });
        gone.await.map_err(io::Error::other)
    }

    /// Starts it on its data and waits until it answers; blocks.
    ///
    /// Errors: those of starting.
    pub fn restart(&self) -> io::Result<()> {
        self.run(&["up", "kafka"])
    }

    fn told(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(self.home.join(&self.set).join(file))
    }

    fn run(&self, args: &[&str]) -> io::Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("--home").arg(&self.home).args(["--set", &self.set]).args(args);
        let done = command.stdin(Stdio::null()).output()?;
        if done.status.success() {
            return Ok(());
        }
        Err(io::Error::other(String::from_utf8_lossy(&[done.stdout, done.stderr].concat())))
    }
}

/// Whether a process has a thread that is not dead; its first one may be gone while others still hold ports and files.
fn runs(pid: i32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    threads.is_ok_and(|threads| {
        threads.flatten().any(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, behind)| !behind.starts_with(['Z', 'X']))
        })
    })
}

impl Drop for OwnKafka {
    fn drop(&mut self) {
        // A test that has failed says so itself.
        let _ = self.run(&["down", "--wipe"]);
    }
}

//! The peer: a Redis of its own on a free port, with a log that is synced before each answer.

use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

use crate::{
    load::{Load, Run},
    proc,
};

/// A Redis that is installed.
pub(crate) struct Peer {
    version: String,
}

/// Ends the server with the run.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Peer {
    /// `None` if `redis-server` or `redis-benchmark` is not installed.
    pub(crate) fn find() -> Option<Self> {
        proc::first_line(Command::new("redis-benchmark").arg("--version"))?;
        let version = proc::first_line(Command::new("redis-server").arg("--version"))?;
        let number = version.split_whitespace().find_map(|word| word.strip_prefix("v="));
        Some(Self { version: number.unwrap_or("of unknown version").to_owned() })
    }

    pub(crate) fn version(&self) -> String {
        self.version.clone()
    }

    /// One repetition: the same number of clients, each `SET`s a value of one event's size under a key of its own choice and waits
    /// for the answer. That is less than an append does: one key, no check, no row, no message.
    pub(crate) fn run(load: &Load, directory: &Path) -> anyhow::Result<Run> {
        let home = tempfile::tempdir_in(directory)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let server = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always", "--dir"])
            .arg(home.path().canonicalize()?)
            .stdout(Stdio::null())
            .spawn()
            .context("redis-server does not start")?;
        let server = Server(server);
        await_port(&port)?;
        let pid = server.0.id().to_string();
        // First a short run to learn the rate, then one that takes as long as ours.
        let rate = Self::bench(load, &port, 20_000)?.events_per_second;
        let requests = (rate * load.time.as_secs_f64()).max(1000.0);
        let before = proc::cpu_of(&pid)?;
        let mut run = Self::bench(load, &port, requests as u64)?;
        let cpu = proc::cpu_of(&pid)? - before;
        run.cpu_us_per_append = cpu * 1e6 / requests.floor();
        Ok(run)
    }

    fn bench(load: &Load, port: &str, requests: u64) -> anyhow::Result<Run> {
        let output = Command::new("redis-benchmark")
            .args(["-h", "127.0.0.1", "-p", port, "-t", "set", "--csv", "-r", "1000000"])
            .args(["-c", &load.writers.to_string(), "-d", &load.bytes.to_string()])
            .args(["-n", &requests.to_string()])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
        let line = text.lines().find(|line| line.starts_with("\"SET\""));
        let fields: Vec<f64> = line
            .with_context(|| format!("redis-benchmark said: {text}"))?
            .split(',')
            .skip(1)
            .map(|field| field.trim_matches('"').parse())
            .collect::<Result<_, _>>()?;
        let [rate, _, _, p50_ms, _, p99_ms, worst_ms] = *fields else {
            bail!("redis-benchmark prints other columns: {text}");
        };
        Ok(Run { events_per_second: rate, p50_ms, p99_ms, worst_ms, ..Run::default() })
    }
}

fn await_port(port: &str) -> anyhow::Result<()> {
    let start = Instant::now();
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        if start.elapsed() > Duration::from_secs(5) {
            bail!("redis-server does not answer on port {port}");
        }
        std::thread::yield_now();
    }
    Ok(())
}

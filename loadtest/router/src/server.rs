//! One server under measure: a process on a core of its own, its addresses, and what a client must bring.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use base_testkit::{Child, Signal, eventually};

use crate::wire::Wire;

/// How long a server may take until it answers; generous, because valgrind is slow.
const START_MAX: Duration = Duration::from_mins(2);
/// How long it may take to end.
const STOP_MAX: Duration = Duration::from_secs(30);

/// When it is told once more.
const SAID_AGAIN: Duration = Duration::from_secs(8);

/// How a server is started and reached.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) name: String,
    /// The program and what it takes.
    pub(crate) program: Vec<String>,
    pub(crate) plain: SocketAddr,
    /// HTTP/2 without TLS, where it has a port of its own.
    pub(crate) plain_h2: SocketAddr,
    /// HTTP/1.1 and HTTP/2 by ALPN.
    pub(crate) tls: SocketAddr,
    /// The value of `Authorization`.
    pub(crate) bearer: String,
    /// Whether it must refuse a request without a token.
    pub(crate) verifies: bool,
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) server: Server,
    child: Child,
}

impl Server {
    /// Where it speaks like this.
    pub(crate) fn address(&self, wire: Wire) -> SocketAddr {
        match (wire.tls, wire.h2) {
            (true, _) => self.tls,
            (false, true) => self.plain_h2,
            (false, false) => self.plain,
        }
    }

    /// Starts it, `before` it such as `taskset`; comes back when it answers.
    pub(crate) async fn start(&self, before: &[&str], log: &Path) -> anyhow::Result<Running> {
        let words: Vec<&str> =
            before.iter().copied().chain(self.program.iter().map(String::as_str)).collect();
        let (program, args) = words.split_first().context("a server without a program")?;
        let log = File::create(log)?;
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut child = Child::start(&mut command).with_context(|| self.name.clone())?;
        let up = eventually(START_MAX, async || match child.ended() {
            Ok(None) => self.status(true).map(Ok).map_err(|error| format!("{error:#}")),
            Ok(Some(status)) => Ok(Err(status.to_string())),
            Err(error) => Err(error.to_string()),
        });
        let status = up.await.map_err(|late| anyhow::anyhow!("{}: {late}", self.name))?;
        let status = status.map_err(|ended| anyhow::anyhow!("{} ended: {ended}", self.name))?;
        ensure!(status == "200", "{} answers {status}", self.name);
        if self.verifies {
            let status = self.status(false)?;
            ensure!(status == "401", "{} answers {status} to a forged token", self.name);
        }
        Ok(Running { server: self.clone(), child })
    }

    /// The status of one request, with its token or with a forged one.
    fn status(&self, with_token: bool) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.plain)?;
        stream.set_read_timeout(Some(START_MAX))?;
        let forged = format!("{}AAAA", &self.bearer[..self.bearer.len() - 4]);
        let bearer = if with_token { &self.bearer } else { &forged };
        let path = crate::load::PATH;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: {bearer}\r\nconnection: close\r\n\r\n"
        )?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(String::from_utf8_lossy(&head[9..]).into_owned())
    }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Ends it with SIGTERM and waits for that. Told more than once: nginx as one process overhears it right before it sleeps.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let mut told: Option<Instant> = None;
        let ended = eventually(STOP_MAX, async || {
            if told.is_none_or(|told| told.elapsed() > SAID_AGAIN) {
                self.child.signal(Signal::SIGTERM).map_err(|error| error.to_string())?;
                told = Some(Instant::now());
            }
            match self.child.ended() {
                Ok(Some(_)) => Ok(()),
                Ok(None) => Err("still there".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        });
        ended.await.map_err(|late| anyhow::anyhow!("{}: {late}", self.server.name))
    }
}

//! Clients that do what clients should: a fixed rate of requests, each measured from when it was meant to begin.

use std::{collections::BTreeMap, fmt, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use crate::line::{Door, Protocol};

/// Longer than this is no answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whom to visit, and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visits {
    pub(crate) path: &'static str,
    /// Requests a second, over so many kept connections.
    pub(crate) per_second: u32,
    pub(crate) connections: u32,
}

/// How visitors fared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fared {
    /// Of answers with 200: from the intended start to the last byte, sorted.
    waits: Vec<Duration>,
    /// Answers by status.
    answers: BTreeMap<u16, usize>,
    unanswered: usize,
}

impl Fared {
    /// The wait that a share of the requests did not exceed, in milliseconds.
    pub(crate) fn percentile_ms(&self, permille: usize) -> f64 {
        let place = (self.waits.len() * permille).div_ceil(1000).saturating_sub(1);
        self.waits.get(place).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e3)
    }

    pub(crate) fn requests(&self) -> usize {
        self.answers.values().sum::<usize>() + self.unanswered
    }

    /// Those that were not answered, or not with 200.
    pub(crate) fn failed(&self) -> usize {
        self.requests() - self.waits.len()
    }

    /// Whether every request was answered, with one of these.
    pub(crate) fn heard_only(&self, statuses: &[u16]) -> bool {
        self.unanswered == 0 && self.answers.keys().all(|status| statuses.contains(status))
    }

    fn note(&mut self, asked: Option<u16>, wait: Duration) {
        let Some(status) = asked else { return self.unanswered += 1 };
        *self.answers.entry(status).or_default() += 1;
        if status == 200 {
            self.waits.push(wait);
        }
    }
}

impl fmt::Display for Fared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = self.answers.iter().map(|(status, count)| format!("{count} × {status}"));
        let unanswered = format!("{} without an answer", self.unanswered);
        let unanswered = (self.unanswered > 0).then_some(unanswered);
        f.write_str(&answers.chain(unanswered).collect::<Vec<_>>().join(", "))
    }
}

impl Visits {
    /// Visits through `door` for so long.
    pub(crate) async fn pay(self, door: &Door, span: Duration) -> Fared {
        let fared = Arc::new(Mutex::new(Fared::default()));
        let begun = Instant::now();
        let gap = Duration::from_secs(1) * self.connections / self.per_second;
        let mut visitors = JoinSet::new();
        for nth in 0..self.connections {
            let (door, fared) = (door.clone(), Arc::clone(&fared));
            visitors.spawn(async move {
                let mut kept = None;
                let mut intended = begun + gap * nth / self.connections;
                while intended < begun + span {
                    sleep_until(intended).await;
                    let asked = timeout(PATIENCE, ask(&door, self.path, &mut kept)).await;
                    let asked = asked.ok().and_then(Result::ok);
                    if asked.is_none() {
                        kept = None;
                    }
                    fared.lock().note(asked, intended.elapsed());
                    intended += gap;
                }
            });
        }
        visitors.join_all().await;
        let mut fared = fared.lock().clone();
        fared.waits.sort_unstable();
        fared
    }
}

/// Asks once; gives the status once the whole answer is there.
pub(crate) async fn ask(
    door: &Door,
    path: &str,
    kept: &mut Option<SendRequest<Empty<Bytes>>>,
) -> anyhow::Result<u16> {
    if kept.as_ref().is_none_or(SendRequest::is_closed) {
        let line = door.open(Protocol::Http1).await?;
        let (sender, connection) = handshake(TokioIo::new(line)).await?;
        tokio::spawn(connection);
        *kept = Some(sender);
    }
    let Some(sender) = kept else { anyhow::bail!("there is no connection") };
    sender.ready().await?;
    let request = Request::get(path).header("host", "souk.example");
    let answer = sender.send_request(request.body(Empty::new())?).await?;
    let status = answer.status().as_u16();
    answer.into_body().collect().await?;
    Ok(status)
}

/// What a metric without labels says now.
pub(crate) async fn gauge(admin: SocketAddr, name: &str) -> anyhow::Result<u64> {
    let mut line = Door::plain(admin).open(Protocol::Http1).await?;
    line.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
    let mut said = String::new();
    line.read_to_string(&mut said).await?;
    let value = said.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.with_context(|| format!("there is no {name}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Fared;

    #[test]
    fn waits_count_of_good_answers_only_and_failures_are_the_rest() {
        let mut fared = Fared::default();
        for ms in 1..=100 {
            fared.note(Some(200), Duration::from_millis(ms));
        }
        fared.note(Some(503), Duration::from_secs(9));
        fared.note(None, Duration::from_secs(9));
        assert!((fared.percentile_ms(990) - 99.0).abs() < 1e-9);
        assert!((fared.percentile_ms(1000) - 100.0).abs() < 1e-9);
        assert_eq!((fared.requests(), fared.failed()), (102, 2));
        assert_eq!(fared.to_string(), "100 × 200, 1 × 503, 1 without an answer");
        assert!(!fared.heard_only(&[200, 503]), "one was not answered");
    }
}

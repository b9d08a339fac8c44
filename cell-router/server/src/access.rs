//! The access log: one JSON object per line for every request that ends badly and for a share of the others, written off the
//! requests' path.

mod line;
mod writer;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use base_fault::{Code, Fault};
use base_telemetry::TraceId;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::count::Counts;

pub(crate) use line::{Line, shown};
use writer::{Message, Place, Writer};

/// What the access log holds and where it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessLog {
    /// Where the lines go: `stdout`, `none`, or a file, which is opened anew on SIGHUP.
    pub to: String,
    /// Share of the requests that went well of which a line is written, from 0 to 1. All others always have one.
    pub share: f64,
    /// Lines written in a second at most; what is beyond is counted, not written.
    pub lines_per_second_max: u32,
    /// Lines that may wait for the disk; what is beyond is counted, not written.
    pub waiting_max: usize,
    /// How much of the client's address is written.
    pub clients: Clients,
}

/// How much of a client's address is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clients {
    /// All of it.
    Whole,
    /// The first 24 bits of an IPv4 address, the first 48 of an IPv6 address.
    #[default]
    Network,
    /// Nothing.
    None,
}

impl Default for AccessLog {
    fn default() -> Self {
        Self {
            to: "stdout".to_owned(),
            share: 0.01,
            lines_per_second_max: 2_000,
            waiting_max: 8_192,
            clients: Clients::Network,
        }
    }
}

impl AccessLog {
    /// All that is wrong with it.
    pub(crate) fn mistakes(&self) -> Vec<Fault> {
        let mut mistakes = Vec::new();
        if !(0.0..=1.0).contains(&self.share) {
            let problem = format!("{} is not a share from 0 to 1", self.share);
            mistakes.push(Fault::invalid_field("access_log.share", problem));
        }
        if self.to.is_empty() {
            let problem = "is empty: expected stdout, none or a file";
            mistakes.push(Fault::invalid_field("access_log.to", problem));
        }
        for (field, zero) in [
            ("access_log.lines_per_second_max", self.lines_per_second_max == 0),
            ("access_log.waiting_max", self.waiting_max == 0),
        ] {
            if zero {
                let problem = "must be more than 0; `to = \"none\"` turns the log off";
                mistakes.push(Fault::invalid_field(field, problem));
            }
        }
        mistakes
    }
}

impl Clients {
    /// What is written of an address.
    pub(crate) fn of(self, address: IpAddr) -> Option<IpAddr> {
        match (self, address) {
            (Self::None, _) => None,
            (Self::Whole, address) => Some(address),
            (Self::Network, IpAddr::V4(address)) => {
                Some(IpAddr::from((address.to_bits() & (u32::MAX << 8)).to_be_bytes()))
            }
            (Self::Network, IpAddr::V6(address)) => {
                Some(IpAddr::from((address.to_bits() & (u128::MAX << 80)).to_be_bytes()))
            }
        }
    }
}

/// The requests' end of the access log. Clones share it.
#[derive(Clone)]
pub(crate) struct Access(Option<Arc<Open>>);

struct Open {
    lines: SyncSender<Message>,
    /// Lines that may still be written in this second.
    left: Arc<AtomicU32>,
    /// A request that went well is written if its trace's hash is at most this; `None` if none is.
    luck_max: Option<u64>,
    /// So that no client can choose whether it is written.
    seed: u64,
    clients: Clients,
    counts: Counts,
}

impl Access {
    /// Opens the log and starts its thread.
    ///
    /// Errors: the file cannot be opened.
    pub(crate) fn open(config: &AccessLog, seed: u64, counts: &Counts) -> Result<Self, Fault> {
        let place = match config.to.as_str() {
            "none" => return Ok(Self(None)),
            "stdout" => Place::Stdout,
            path => Place::File(path.into()),
        };
        let refuse = |error: std::io::Error| {
            let text = format!("the access log {} cannot be opened", config.to);
            Fault::ours(Code::Internal, text).because(error)
        };
        let (lines, waiting) = sync_channel(config.waiting_max);
        let left = Arc::new(AtomicU32::new(config.lines_per_second_max));
        let writer = Writer {
            out: place.open().map_err(refuse)?,
            place,
            waiting,
            left: Arc::clone(&left),
            left_max: config.lines_per_second_max,
            counts: counts.clone(),
        };
        let spawned = thread::Builder::new().name("access-log".to_owned()).spawn(|| writer.run());
        spawned.map_err(refuse)?;
        let (luck_max, clients, counts) = (luck_max(config.share), config.clients, counts.clone());
        Ok(Self(Some(Arc::new(Open { lines, left, luck_max, seed, clients, counts }))))
    }

    /// Writes `line` if this request is one that has a line: it went badly, or it is drawn. Never waits.
    pub(crate) fn note(&self, well: bool, trace: TraceId, line: impl FnOnce(Clients) -> Line) {
        let Some(open) = &self.0 else { return };
        if well && !open.is_drawn(trace) {
            return;
        }
        let took = |left: u32| left.checked_sub(1);
        if open.left.try_update(Ordering::Relaxed, Ordering::Relaxed, took).is_err() {
            open.counts.line_dropped("too_many");
            return;
        }
        let line = Message::Line(Box::new(line(open.clients)));
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            open.lines.try_send(line)
        {
            open.counts.line_dropped("slow_disk");
        }
    }

    /// Opens the file anew, after somebody has moved it away; comes back when that is done.
    pub(crate) async fn reopen(&self) {
        self.tell(Message::Reopen).await;
    }

    /// Writes what waits; nothing is written after that.
    pub(crate) async fn end(&self) {
        self.tell(Message::End).await;
    }

    async fn tell(&self, message: impl FnOnce(oneshot::Sender<()>) -> Message) {
        let Some(open) = &self.0 else { return };
        let (done, is_done) = oneshot::channel();
        let (lines, message) = (open.lines.clone(), message(done));
        // May wait for the disk, so not on a thread of the runtime. A writer that has ended is not told, and drops `done`.
        let _ = tokio::task::spawn_blocking(move || lines.send(message)).await;
        let _ = is_done.await;
    }
}

impl Open {
    fn is_drawn(&self, trace: TraceId) -> bool {
        self.luck_max.is_some_and(|most| xxh3_64_with_seed(&trace.0, self.seed) <= most)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of the range of 64 bits; the cast saturates at both ends, and the last bits do not matter"
)]
fn luck_max(share: f64) -> Option<u64> {
    (share > 0.0).then_some((share * u64::MAX as f64) as u64)
}

#[cfg(test)]
mod tests {
    use base_telemetry::{Metrics, TraceContext};

    use super::{Access, AccessLog, Clients, Line};
    use crate::count::Counts;

    fn counts() -> (Metrics, Counts) {
        let metrics = Metrics::new();
        let counts = Counts::new(&metrics);
        (metrics, counts)
    }

    #[test]
    fn an_address_is_cut_to_its_network() {
        let of = |clients: Clients, text: &str| {
            clients.of(text.parse().unwrap()).map(|address| address.to_string())
        };
        assert_eq!(of(Clients::Network, "203.0.113.77").unwrap(), "203.0.113.0");
        assert_eq!(of(Clients::Network, "2001:db8:aa:bb::1").unwrap(), "2001:db8:aa::");
        assert_eq!(of(Clients::Whole, "203.0.113.77").unwrap(), "203.0.113.77");
        assert_eq!(of(Clients::None, "203.0.113.77"), None);
    }

    #[tokio::test]
    async fn failures_are_always_written_and_successes_by_share() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("access.log");
        let (metrics, counts) = counts();
        let config = AccessLog {
            to: path.to_str().unwrap().to_owned(),
            share: 0.1,
            lines_per_second_max: u32::MAX,
            waiting_max: 100_000,
            clients: Clients::None,
        };
        let access = Access::open(&config, 7, &counts).unwrap();
        for _ in 0..10_000 {
            access.note(true, TraceContext::root().trace, |_| Line::of_test(200));
        }
        for _ in 0..100 {
            access.note(false, TraceContext::root().trace, |_| Line::of_test(503));
        }
        access.end().await;
        let text = std::fs::read_to_string(&path).unwrap();
        let with = |status: &str| text.lines().filter(|line| line.contains(status)).count();
        assert_eq!(with("\"status\":503"), 100);
        assert!((850..1150).contains(&with("\"status\":200")), "{}", with("\"status\":200"));
        let all = text.lines().count();
        assert!(metrics.text().contains(&format!("souk_router_access_lines_total {all}\n")));
    }

    #[tokio::test]
    async fn what_is_too_much_is_counted_and_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("access.log");
        let (metrics, counts) = counts();
        let config = AccessLog {
            to: path.to_str().unwrap().to_owned(),
            lines_per_second_max: 3,
            ..AccessLog::default()
        };
        let access = Access::open(&config, 7, &counts).unwrap();
        let trace = TraceContext::root().trace;
        (0..10).for_each(|_| access.note(false, trace, |_| Line::of_test(500)));
        access.end().await;
        let written = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!((3..10).contains(&written), "{written}: the second may turn in between");
        let dropped = format!(
            "souk_router_access_lines_dropped_total{{cause=\"too_many\"}} {}\n",
            10 - written
        );
        assert!(metrics.text().contains(&dropped), "{}", metrics.text());
    }

    #[tokio::test]
    async fn a_file_that_was_moved_away_is_opened_anew() {
        let directory = tempfile::tempdir().unwrap();
        let (path, moved) = (directory.path().join("access.log"), directory.path().join("old"));
        let (_metrics, counts) = counts();
        let config = AccessLog { to: path.to_str().unwrap().to_owned(), ..AccessLog::default() };
        let access = Access::open(&config, 7, &counts).unwrap();
        let trace = TraceContext::root().trace;
        access.note(false, trace, |_| Line::of_test(500));
        std::fs::rename(&path, &moved).unwrap();
        access.reopen().await;
        access.note(false, trace, |_| Line::of_test(502));
        access.end().await;
        assert!(std::fs::read_to_string(&moved).unwrap().contains("500"));
        assert!(std::fs::read_to_string(&path).unwrap().contains("502"));
    }

    #[test]
    fn a_log_that_cannot_be_opened_is_told() {
        let (_metrics, counts) = counts();
        let config = AccessLog { to: "/nowhere/access.log".into(), ..AccessLog::default() };
        assert!(Access::open(&config, 7, &counts).is_err());
        let wrong =
            AccessLog { to: String::new(), share: 2.0, waiting_max: 0, ..AccessLog::default() };
        assert_eq!(wrong.mistakes().len(), 3);
    }
}

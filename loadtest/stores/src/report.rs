//! The figures as a table and as JSON, with the machine, the version and the commit.

use std::{fmt, time::Duration};

use serde_json::{Value, json};

use crate::{
    disk::{self, Syncs},
    load::{Load, PhaseTime, Run},
    proc,
};

/// Goals of the project, printed beside what was measured.
const EVENTS_PER_SECOND: f64 = 50_000.0;
const P99_MS: f64 = 5.0;
const OPEN_MS: f64 = 500.0;

/// What was measured.
pub(crate) struct Report {
    title: String,
    peer: Option<String>,
    pub(crate) ours: Vec<Run>,
    pub(crate) redis: Vec<Run>,
    /// The disk alone, before each repetition.
    pub(crate) disk: Vec<Syncs>,
    fill: Option<Fill>,
    machine: String,
    commit: String,
}

struct Fill {
    events: u64,
    filled: Duration,
    opens_ms: Vec<f64>,
    rss_mb: f64,
}

type Column = (&'static str, fn(&Run) -> f64);

const COLUMNS: [Column; 9] = [
    ("events/s", |run| run.events_per_second),
    ("p50 ms", |run| run.p50_ms),
    ("p99 ms", |run| run.p99_ms),
    ("p99.9 ms", |run| run.p999_ms),
    ("worst ms", |run| run.worst_ms),
    ("syncs/s", |run| run.syncs_per_second),
    ("appends/group", |run| run.appends_per_group),
    ("CPU µs/append", |run| run.cpu_us_per_append),
    ("RSS MB", |run| run.rss_mb),
];

impl Report {
    fn new(title: String) -> Self {
        Self {
            title,
            peer: None,
            ours: Vec::new(),
            redis: Vec::new(),
            disk: Vec::new(),
            fill: None,
            machine: proc::machine(),
            commit: proc::commit(),
        }
    }

    pub(crate) fn of_load(load: &Load, peer: Option<String>) -> Self {
        let streams = if load.one_stream { "one stream" } else { "a stream each" };
        let title = format!(
            "durable appends: {} writers on {streams}, {} events of {} bytes per append, {} s a repetition",
            load.writers,
            load.events,
            load.bytes,
            load.time.as_secs()
        );
        Self { peer, ..Self::new(title) }
    }

    pub(crate) fn of_fill(events: u64, filled: Duration, opens_ms: Vec<f64>, rss_mb: f64) -> Self {
        let fill = Fill { events, filled, opens_ms, rss_mb };
        Self { fill: Some(fill), ..Self::new(format!("opening a store with {events} events")) }
    }

    /// The figures for machines.
    pub(crate) fn json(&self) -> Value {
        let runs = |runs: &[Run]| {
            let figures = COLUMNS.iter().map(|(name, get)| {
                let (median, low, high) = spread(runs.iter().map(get));
                ((*name).to_owned(), json!({ "median": median, "min": low, "max": high }))
            });
            Value::Object(figures.collect())
        };
        json!({
            "benchmark": self.title,
            "machine": self.machine,
            "version": env!("CARGO_PKG_VERSION"),
            "commit": self.commit,
            "repetitions": self.ours.len(),
            "souk": (!self.ours.is_empty()).then(|| runs(&self.ours)),
            "redis": self.peer.as_ref().map(|version| json!({ "version": version, "figures": runs(&self.redis) })),
            "disk_alone": (!self.disk.is_empty()).then(|| json!({
                "bytes": disk::BYTES, "p50_ms": self.disk_p50().0, "p99_ms": self.disk_p99().0,
            })),
            "phases": self.typical().map(|run| run.phases.iter().map(|at| json!({
                "phase": format!("{:?}", at.phase), "groups": at.groups, "share_percent": at.share,
                "p50_ms": at.p50_ms, "p99_ms": at.p99_ms, "worst_ms": at.worst_ms,
            })).collect::<Vec<_>>()),
            "open": self.fill.as_ref().map(|fill| json!({
                "events": fill.events, "fill_seconds": fill.filled.as_secs_f64(), "open_ms": fill.opens_ms, "rss_mb": fill.rss_mb,
            })),
            "goals": { "events/s": EVENTS_PER_SECOND, "p99 ms": P99_MS, "open ms": OPEN_MS },
        })
    }
}

/// Median, least and most.
fn spread(figures: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let at = |at: usize| figures.get(at).copied().unwrap_or_default();
    (at(figures.len() / 2), at(0), at(figures.len().saturating_sub(1)))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        writeln!(f, "{}; {} at {}", self.machine, env!("CARGO_PKG_VERSION"), self.commit)?;
        match &self.fill {
            Some(fill) => write_fill(f, fill),
            None => self.write_load(f),
        }
    }
}

fn write_fill(f: &mut fmt::Formatter<'_>, fill: &Fill) -> fmt::Result {
    let (median, low, high) = spread(fill.opens_ms.iter().copied());
    let verdict = verdict(median <= OPEN_MS);
    writeln!(f, "filled in {:.1} s", fill.filled.as_secs_f64())?;
    writeln!(f, "opened in {median:.0} ms ({low:.0}–{high:.0}); goal {OPEN_MS:.0} ms: {verdict}")?;
    write!(f, "RSS {:.0} MB when it is open", fill.rss_mb)
}

fn verdict(kept: bool) -> &'static str {
    if kept { "kept" } else { "missed" }
}

impl Report {
    /// The repetition whose 99th percentile is the median of all.
    fn typical(&self) -> Option<&Run> {
        let mut runs: Vec<&Run> = self.ours.iter().collect();
        runs.sort_by(|a, b| a.p99_ms.total_cmp(&b.p99_ms));
        runs.get(runs.len() / 2).copied()
    }

    fn disk_p50(&self) -> (f64, f64, f64) {
        spread(self.disk.iter().map(|syncs| syncs.p50_ms))
    }

    fn disk_p99(&self) -> (f64, f64, f64) {
        spread(self.disk.iter().map(|syncs| syncs.p99_ms))
    }

    fn write_disk(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((p50, p50_low, p50_high), (p99, p99_low, p99_high)) =
            (self.disk_p50(), self.disk_p99());
        writeln!(
            f,
            "\nthe disk alone, {} KiB appended and synced at a time: p50 {p50:.2} ms ({p50_low:.2}–{p50_high:.2}), p99 {p99:.2} ms ({p99_low:.2}–{p99_high:.2})",
            disk::BYTES >> 10
        )
    }

    fn write_phases(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(run) = self.typical() else { return Ok(()) };
        writeln!(f, "\nwhere the groups' time went, in the typical repetition")?;
        writeln!(
            f,
            "{:<16}{:>8}{:>9}{:>9}{:>9}{:>10}",
            "", "groups", "% time", "p50 ms", "p99 ms", "worst ms"
        )?;
        for PhaseTime { phase, groups, share, p50_ms, p99_ms, worst_ms } in &run.phases {
            let name = format!("{phase:?}");
            writeln!(
                f,
                "{name:<16}{groups:>8}{share:>9.1}{p50_ms:>9.2}{p99_ms:>9.2}{worst_ms:>10.1}"
            )?;
        }
        let threads = run.cpu_us_by_thread.iter().filter(|(_, us)| *us >= 0.05);
        let threads: Vec<_> = threads.map(|(name, us)| format!("{name} {us:.1}")).collect();
        writeln!(f, "CPU µs/append by thread: {}", threads.join(", "))
    }

    fn write_load(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "median (min–max) of {} repetitions, interleaved\n", self.ours.len())?;
        let peer = self.peer.as_ref().map(|version| format!("Redis {version}, AOF always"));
        writeln!(f, "{:<16}{:<32}{}", "", "souk", peer.as_deref().unwrap_or_default())?;
        for (name, get) in COLUMNS {
            let show = |runs: &[Run]| {
                let (median, low, high) = spread(runs.iter().map(get));
                let places = if high >= 100.0 { 0 } else { 2 };
                // Redis' own tool does not tell everything.
                if high > 0.0 {
                    format!("{median:.places$} ({low:.places$}–{high:.places$})")
                } else {
                    "–".to_owned()
                }
            };
            let theirs = if self.redis.is_empty() { String::new() } else { show(&self.redis) };
            writeln!(f, "{name:<16}{:<32}{theirs}", show(&self.ours))?;
        }
        self.write_disk(f)?;
        self.write_phases(f)?;
        let (rate, ..) = spread(self.ours.iter().map(|run| run.events_per_second));
        let (p99, ..) = spread(self.ours.iter().map(|run| run.p99_ms));
        let kept = verdict(rate >= EVENTS_PER_SECOND && p99 <= P99_MS);
        writeln!(f, "\ngoal {EVENTS_PER_SECOND:.0} events/s with p99 ≤ {P99_MS:.0} ms: {kept}")?;
        match &self.peer {
            Some(_) => write!(
                f,
                "unlike: Redis writes one key per request over TCP and keeps all data in memory; an append checks three keys and writes event, row, message, answer and version, in process"
            ),
            None => write!(f, "redis-server and redis-benchmark are not installed: nothing beside"),
        }
    }
}

//! The load: writers in a closed loop, each append a whole command's worth.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use base_ids::{Generation, MessageId, Slot, StreamName, Version};
use base_time::{Clock as _, SystemClock, Timestamp};
use cell_embedded::{Config, Embedded, Phase};
use cell_kernel::Table;
use cell_runtime::port::{
    Append, Appended, Errand, Fence, Message, NewEvent, OutboxEntry, Reply, ReplyKey, RowWrite,
    Scope, Stores,
};
use parking_lot::Mutex;

use crate::proc;

/// A cause as commands leave them.
const CAUSE: &[u8] = br#"{"actor":"users/0190a6f2","command":{"add_line":1},"facts":null}"#;

/// What is asked of the store.
pub(crate) struct Load {
    pub(crate) writers: usize,
    pub(crate) time: Duration,
    pub(crate) events: usize,
    pub(crate) bytes: usize,
    pub(crate) one_stream: bool,
}

/// What one repetition measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Run {
    pub(crate) events_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
    pub(crate) worst_ms: f64,
    pub(crate) syncs_per_second: f64,
    pub(crate) appends_per_group: f64,
    pub(crate) cpu_us_per_append: f64,
    pub(crate) rss_mb: f64,
    /// Where the time of the groups went.
    pub(crate) phases: Vec<PhaseTime>,
    /// Microseconds of CPU per append, by the name of the thread.
    pub(crate) cpu_us_by_thread: Vec<(String, f64)>,
}

/// What one phase of a group took.
#[derive(Clone, Debug)]
pub(crate) struct PhaseTime {
    pub(crate) phase: Phase,
    pub(crate) groups: u64,
    /// Of the whole run, in percent.
    pub(crate) share: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) worst_ms: f64,
}

const GENERATION: Generation = Generation(1);
const TABLE: Table = Table { service: "carts", name: "summary" };
/// Rows that every cell would have.
pub(crate) const REPLICA: Table = Table { service: "bench", name: "told" };

/// Opens every slot.
pub(crate) async fn own_all(stores: &Stores) -> anyhow::Result<()> {
    let fences = (0..=u16::MAX).map(|slot| (Scope::Slot(Slot(slot)), Fence::Open(GENERATION)));
    stores.fences.set(fences.collect()).await?;
    Ok(())
}

/// What a closed loop gave.
pub(crate) struct Loop {
    /// Microseconds of each append, sorted.
    pub(crate) latencies_us: Vec<u32>,
    /// Seconds that it took.
    pub(crate) elapsed: f64,
}

/// Lets all writers append until the time is over. Their tenants are numbered from `first` on, so that streams are new.
pub(crate) async fn append_all(load: &Load, stores: &Stores, first: usize) -> anyhow::Result<Loop> {
    let shared_head = Arc::new(Mutex::new(0));
    let start = Instant::now();
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..load.writers {
        let writer = Writer::new(load, (first, number), stores, &shared_head)?;
        writers.spawn(writer.write_until(start + load.time));
    }
    let mut latencies_us = Vec::new();
    while let Some(writer) = writers.join_next().await {
        latencies_us.extend(writer.context("a writer panicked")??);
    }
    let elapsed = start.elapsed().as_secs_f64();
    latencies_us.sort_unstable();
    Ok(Loop { latencies_us, elapsed })
}

/// One repetition on a new store.
pub(crate) async fn run(load: &Load, config: &Config) -> anyhow::Result<Run> {
    let store = Embedded::open(config)?;
    let stores = store.stores();
    own_all(&stores).await?;
    let before = (proc::cpu()?, store.activity());
    let threads_before = proc::cpu_by_thread()?;
    let Loop { latencies_us: latencies, elapsed } = append_all(load, &stores, 0).await?;
    let (cpu, activity) = (proc::cpu()?, store.activity());
    let threads = proc::cpu_by_thread()?;
    let appends = latencies.len() as f64;
    let groups = activity.groups - before.1.groups;
    Ok(Run {
        events_per_second: appends * load.events as f64 / elapsed,
        p50_ms: quantile(&latencies, 500),
        p99_ms: quantile(&latencies, 990),
        p999_ms: quantile(&latencies, 999),
        worst_ms: quantile(&latencies, 1000),
        syncs_per_second: (activity.syncs - before.1.syncs) as f64 / elapsed,
        appends_per_group: appends / groups.max(1) as f64,
        cpu_us_per_append: (cpu - before.0) * 1e6 / appends,
        rss_mb: proc::rss_mb()?,
        phases: phases(&store, elapsed),
        cpu_us_by_thread: threads
            .into_iter()
            .map(|(name, cpu)| {
                let before = threads_before.get(&name).copied().unwrap_or_default();
                (name, (cpu - before) * 1e6 / appends)
            })
            .collect(),
    })
}

fn phases(store: &Embedded, elapsed: f64) -> Vec<PhaseTime> {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let all = Phase::ALL.into_iter().map(|phase| {
        let times = store.pace(phase);
        PhaseTime {
            phase,
            groups: times.count(),
            share: times.total().as_secs_f64() * 100.0 / elapsed,
            p50_ms: ms(times.within(500)),
            p99_ms: ms(times.within(990)),
            worst_ms: ms(times.within(1000)),
        }
    });
    all.collect()
}

pub(crate) fn quantile(sorted_us: &[u32], per_mille: usize) -> f64 {
    let at = (sorted_us.len() * per_mille / 1000).min(sorted_us.len().saturating_sub(1));
    sorted_us.get(at).map_or(0.0, |us| f64::from(*us) / 1000.0)
}

/// Writes one stream.
pub(crate) struct Writer {
    stores: Stores,
    stream: StreamName,
    name: usize,
    body: Vec<u8>,
    events: usize,
    /// The version to expect, where all write one stream.
    shared_head: Option<Arc<Mutex<u64>>>,
    head: u64,
    requests: u64,
}

impl Writer {
    fn new(
        load: &Load,
        (first, name): (usize, usize),
        stores: &Stores,
        shared_head: &Arc<Mutex<u64>>,
    ) -> anyhow::Result<Self> {
        let owner = first + if load.one_stream { 0 } else { name };
        Ok(Self {
            stores: stores.clone(),
            stream: format!("users/0190a6f2-7c3e-7b1a-9d55-{owner:012}/carts/main").parse()?,
            name,
            body: body(load.bytes),
            events: load.events,
            shared_head: load.one_stream.then(|| shared_head.clone()),
            head: 0,
            requests: 0,
        })
    }

    /// Writes a stream that is empty.
    pub(crate) fn of_stream(
        stores: &Stores,
        stream: StreamName,
        name: usize,
        body: Vec<u8>,
    ) -> Self {
        let stores = stores.clone();
        Self { stores, stream, name, body, events: 1, shared_head: None, head: 0, requests: 0 }
    }

    /// The append is done; the next one follows it.
    pub(crate) fn appended(&mut self) {
        self.head += self.events as u64;
        self.requests += 1;
    }

    /// Latencies in microseconds; with one stream they run from the first try to the one that wins.
    async fn write_until(mut self, end: Instant) -> anyhow::Result<Vec<u32>> {
        let mut latencies = Vec::new();
        while Instant::now() < end {
            let start = Instant::now();
            loop {
                if let Some(shared) = &self.shared_head {
                    self.head = *shared.lock();
                }
                let append = self.append();
                match self.stores.journal.append(append).await? {
                    Appended::Done { .. } => break,
                    Appended::Conflict { head } => self.head = head.0,
                    other => bail!("an append ended as {other:?}"),
                }
                self.told();
            }
            self.appended();
            self.told();
            latencies.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        Ok(latencies)
    }

    fn told(&self) {
        if let Some(shared) = &self.shared_head {
            let mut head = shared.lock();
            *head = self.head.max(*head);
        }
    }

    /// A command's worth: events with their cause, a row, a message, and the answer kept under a key.
    pub(crate) fn append(&self) -> Append {
        let now = SystemClock.now();
        let version = Version(self.head + self.events as u64);
        let event = |last: bool| NewEvent {
            kind: "line_added",
            body: self.body.clone(),
            cause: last.then(|| CAUSE.to_vec()),
        };
        let reply = Reply {
            request: u128::from(self.requests),
            answer: Ok(vec![7; 64]),
            version,
            until: now.after(Duration::from_hours(24)),
        };
        let key = format!("{}-{}", self.name, self.requests);
        Append {
            stream: self.stream.clone(),
            generation: GENERATION,
            expected: Version(self.head),
            at: now,
            events: (1..=self.events).map(|number| event(number == self.events)).collect(),
            rows: vec![RowWrite {
                table: TABLE,
                key: "main".to_owned(),
                row: Some(self.body.iter().copied().take(120).collect()),
                version,
            }],
            outbox: vec![entry(&self.stream, version, now)],
            public: Vec::new(),
            reply: Some((ReplyKey { caller: self.stream.tenant.to_string(), key }, reply)),
            heard: Vec::new(),
            settles: Vec::new(),
            snapshot: None,
        }
    }
}

fn entry(from: &StreamName, version: Version, at: Timestamp) -> OutboxEntry {
    let message = Message {
        id: MessageId::derived(from, version, 0),
        from: from.clone(),
        version,
        kind: "souk.carts.v1.LineAdded".to_owned(),
        body: vec![42; 96],
        at,
        trace: Some([1; 16]),
    };
    let errand =
        Errand::Deliver { to: from.tenant.clone(), service: "checkout".to_owned(), message };
    OutboxEntry { errand, due: None, tries: 0 }
}

/// A JSON document of about `bytes` bytes whose text does not compress to nothing.
pub(crate) fn body(bytes: usize) -> Vec<u8> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut letter = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        b"abcdefghijklmnopqrstuvwxyz012345"[(seed >> 59) as usize]
    };
    let mut body = br#"{"t":""#.to_vec();
    body.resize_with(bytes.saturating_sub(2).max(8), &mut letter);
    body.extend_from_slice(b"\"}");
    body
}

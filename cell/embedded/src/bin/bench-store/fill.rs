//! How long a store with many events takes to open, in a process of its own.

use std::{io::Write as _, path::Path, process::Command, time::Instant};

use anyhow::Context as _;
use base_ids::{Generation, StreamName, Version};
use base_time::{Clock as _, SystemClock};
use cell_embedded::{Config, Embedded};
use cell_runtime::port::{Append, NewEvent};

use crate::{load, proc, report::Report};

/// Streams share the events, as the carts and orders of many tenants would.
const EVENTS_PER_STREAM: u64 = 20;
/// Openings, of which the median counts.
const OPENINGS: usize = 5;

/// Fills a store with `events` events of `bytes` bytes and opens it again and again.
pub(crate) async fn measure(directory: &Path, events: u64, bytes: usize) -> anyhow::Result<Report> {
    let home = tempfile::tempdir_in(directory)?;
    let config = Config::new(home.path().join("store"));
    let start = Instant::now();
    let store = Embedded::open(&config)?;
    load::own_all(&store.stores()).await?;
    let body = load::body(bytes);
    let streams = events.div_ceil(EVENTS_PER_STREAM);
    let mut writers = tokio::task::JoinSet::new();
    for first in 0..64 {
        let (stores, body) = (store.stores(), body.clone());
        writers.spawn(async move {
            for number in (first..streams).step_by(64) {
                let count = EVENTS_PER_STREAM.min(events - number * EVENTS_PER_STREAM);
                stores.journal.append(stream_of(number, count, &body)?).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(writer) = writers.join_next().await {
        writer??;
    }
    let filled = start.elapsed();
    drop(store);
    let mut opens = Vec::new();
    let mut rss_mb = 0.0;
    for _ in 0..OPENINGS {
        // In a process of its own, as a start is.
        let mut child = Command::new(std::env::current_exe()?);
        let said = proc::first_line(child.arg("--open").arg(&config.directory));
        let said = said.context("the store did not open")?;
        let (ms, mb) = said.split_once(' ').context("an opening says two numbers")?;
        opens.push(ms.parse()?);
        rss_mb = mb.parse()?;
    }
    Ok(Report::of_fill(events, filled, opens, rss_mb))
}

/// Opens the store in `directory` once and prints how long it took, and how much memory the process has then.
pub(crate) fn open(directory: &Path) -> anyhow::Result<()> {
    let start = Instant::now();
    let store = Embedded::open(&Config::new(directory))?;
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    writeln!(std::io::stdout(), "{ms} {}", proc::rss_mb()?)?;
    drop(store);
    Ok(())
}

fn stream_of(number: u64, count: u64, body: &[u8]) -> anyhow::Result<Append> {
    let stream: StreamName = format!("users/{number:08}/orders/o1").parse()?;
    let event = NewEvent { kind: "placed", body: body.to_vec() };
    Ok(Append {
        stream,
        generation: Generation(1),
        expected: Version(0),
        at: SystemClock.now(),
        events: (0..count).map(|_| event.clone()).collect(),
        cause: b"{}".to_vec(),
        rows: Vec::new(),
        outbox: Vec::new(),
        public: Vec::new(),
        reply: None,
        heard: None,
        settles: Vec::new(),
        snapshot: None,
    })
}

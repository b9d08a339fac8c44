//! How long a store with many events takes to open, in a process of its own; and such a store, to start a cell on.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, bail};
use base_ids::{CellId, MessageId, StreamName, Version};
use cell_embedded::{Config, Embedded};
use cell_runtime::port::{Append, Appended, Errand, HeardAt, Message, OutboxKey, RowWrite, Stores};

use crate::{load, proc, report::Report};

/// Streams share the events, as the carts and orders of many tenants would.
const EVENTS_PER_STREAM: u64 = 20;
/// Writers at once.
const WRITERS: u64 = 64;
/// Openings, of which the median counts.
const OPENINGS: usize = 5;
/// The cell that the store is of: the first of a fleet that is started for a benchmark.
const CELL: &str = "cell-1";

/// What is filled in.
pub(crate) struct Fill {
    /// How many events.
    pub(crate) events: u64,
    /// How many bytes each.
    pub(crate) bytes: usize,
    /// Where the store stays; with none it is taken away after it was measured.
    pub(crate) keep: Option<PathBuf>,
}

/// Fills a store and opens it again and again.
pub(crate) async fn measure(directory: &Path, fill: &Fill) -> anyhow::Result<Report> {
    let home = tempfile::tempdir_in(directory)?;
    let place = fill.keep.clone().unwrap_or_else(|| home.path().join("store"));
    if place.exists() {
        bail!("{} is there already; take it away, or name another place", place.display());
    }
    let config = Config::new(place);
    let start = Instant::now();
    write_all(&config, fill).await?;
    let filled = start.elapsed();
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
    Ok(Report::of_fill(fill.events, filled, opens, rss_mb))
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

async fn write_all(config: &Config, fill: &Fill) -> anyhow::Result<()> {
    let store = Embedded::open(config)?;
    let stores = store.stores();
    load::own_all(&stores).await?;
    let body = load::body(fill.bytes);
    let streams = fill.events.div_ceil(EVENTS_PER_STREAM);
    let mut writers = tokio::task::JoinSet::new();
    for first in 0..WRITERS {
        let (stores, body, events) = (stores.clone(), body.clone(), fill.events);
        writers.spawn(async move {
            for number in (first..streams).step_by(WRITERS as usize) {
                let count = EVENTS_PER_STREAM.min(events - number * EVENTS_PER_STREAM);
                write_stream(&stores, number, count, &body).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(writer) = writers.join_next().await {
        writer??;
    }
    followed(&stores).await
}

/// Writes a stream as a cell does: a request with its answer, then what the request's message brings about, which settles the message;
/// and so on. The first event is told to everyone.
async fn write_stream(stores: &Stores, number: u64, count: u64, body: &[u8]) -> anyhow::Result<()> {
    let stream: StreamName = format!("vendors/{number:012}/offers/main").parse()?;
    let mut writer =
        load::Writer::of_stream(stores, stream.clone(), number as usize, body.to_vec());
    let mut told: Option<(MessageId, OutboxKey)> = None;
    for version in 1..=count {
        let mut append = writer.append();
        if version == 1 {
            append.public = vec![(stream.tenant.to_string(), public(&append)?)];
        }
        if let Some((id, place)) = told.take() {
            append = Append {
                heard: vec![HeardAt { id, version: Version(version) }],
                settles: vec![place],
                reply: None,
                outbox: Vec::new(),
                ..append
            };
        }
        let message = append.outbox.first().map(|entry| entry.errand.message().id);
        let Appended::Done { commit } = stores.journal.append(append).await? else {
            bail!("an append to a fresh stream was refused");
        };
        told = message.map(|id| (id, OutboxKey::posted(None, commit, 0)));
        writer.appended();
    }
    if let Some((_, place)) = told {
        stores.outbox.settle(vec![place]).await?;
    }
    Ok(())
}

fn public(append: &Append) -> anyhow::Result<Message> {
    let entry = append.outbox.first().context("a request tells somebody something")?;
    let (Errand::Deliver { message, .. } | Errand::Perform { message }) = &entry.errand;
    Ok(Message { kind: "souk.bench.v1.Told".to_owned(), ..message.clone() })
}

/// Folds the public messages into a replica, up to the newest, as the cell that wrote them would have by now.
async fn followed(stores: &Stores) -> anyhow::Result<()> {
    let cell: CellId = CELL.parse()?;
    let mut cursor = 0;
    loop {
        let messages = stores.public.after(cursor, 500).await?;
        let Some((to, _)) = messages.last() else { return Ok(()) };
        let row = |(position, message): &(u64, Message)| RowWrite {
            table: load::REPLICA,
            key: message.from.tenant.to_string(),
            row: Some(message.body.clone()),
            version: Version(*position),
        };
        let rows = messages.iter().map(row).collect();
        if !stores.public.apply(&cell, cursor, *to, rows).await? {
            bail!("somebody else follows into a store that is being filled");
        }
        cursor = *to;
    }
}

//! User instructions per request: a server under callgrind answers N requests and, in a second run, 3 N; the slope is what one costs.

use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::{
    closed::{Asks, Loop, Until},
    server::Server,
    wire::Wire,
};

/// Connections; few, because valgrind runs one thread at a time and each costs its set-up.
const CONNECTIONS: usize = 8;

/// Instructions per request, in thousands.
pub(crate) async fn per_request(
    server: &Server,
    wire: Wire,
    asks: Asks<'_>,
    requests: u64,
    scratch: &Path,
) -> anyhow::Result<f64> {
    let few = least(server, wire, asks, requests, scratch).await?;
    let many = least(server, wire, asks, 3 * requests, scratch).await?;
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    let slope = (many - few) / (2 * requests) as f64;
    Ok(slope / 1000.0)
}

/// Of two runs, since now and then a thread spins while another one reads a large table.
async fn least(
    server: &Server,
    wire: Wire,
    asks: Asks<'_>,
    requests: u64,
    scratch: &Path,
) -> anyhow::Result<f64> {
    let one = collected(server, wire, asks, requests, scratch).await?;
    let other = collected(server, wire, asks, requests, scratch).await?;
    Ok(one.min(other))
}

async fn collected(
    server: &Server,
    wire: Wire,
    asks: Asks<'_>,
    requests: u64,
    scratch: &Path,
) -> anyhow::Result<f64> {
    let log = scratch.join("callgrind.log");
    // With --keep, for who wants to know where the instructions went.
    let name = format!("callgrind.{}.{wire}.{requests}", server.name).replace([' ', '/'], "-");
    let out = format!("--callgrind-out-file={}", scratch.join(name).display());
    let running = server.start(&["valgrind", "--tool=callgrind", &out], &log).await?;
    let asked = Loop { asks, ..Loop::on(server, wire, CONNECTIONS) };
    let answered = asked.run(Until::Requests(requests))?;
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    let wanted = requests as f64;
    ensure!((answered - wanted).abs() < 0.5, "{answered} of {requests} were answered");
    running.stop().await?;
    let text = std::fs::read_to_string(&log)?;
    let line = text.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = line.with_context(|| format!("callgrind collected nothing: {text}"))?;
    Ok(count.trim().parse()?)
}

//! Both engines by turns in one run: the embedded one, and a cell's stores on a Cassandra that is started for it.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use cell_embedded::Embedded;
use cell_runtime::port::Stores;
use cell_scylla::{Call, Scylla};
use loadtest_engines::{Engine, Place, Set, Wanted};
use loadtest_kit::{
    figures::{Figures, Goal},
    proc, say,
};

use crate::{
    Args,
    load::{self, Load},
};

const WRITERS: [usize; 3] = [1, 16, 64];
/// Before anything counts.
const WARM_UP: Duration = Duration::from_secs(5);
/// Tenants of one repetition.
const TENANTS: usize = 100;
/// A call that is rarer than so many times an append is not told of.
const RARE: f64 = 0.005;

/// Where a repetition is, and who works for it.
struct Side<'s> {
    name: &'static str,
    stores: &'s Stores,
    /// The process of the engine, if it is another one.
    engine: Option<u32>,
}

/// Measures, prints the table and writes the JSON.
///
/// Errors: what could not be carried out; the engine has ended then.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(&args.directory)?;
    let mut set = Set::open_for_me(Place::apart(&args.home, &folder.path().join("engines"))?)?;
    say::step("a Cassandra for this run");
    set.up(&Wanted { engines: vec![Engine::Cassandra], ring: 1, members: 1, current_etcd: false })
        .await?;
    let node = set.standings().await.pop().context("no node of Cassandra was started")?;
    let pid = node.pid.context("Cassandra does not run")?;
    let measured = by_turns(args, folder.path(), node.address, pid).await;
    set.down(true).await?;
    measured?.publish(args.json.as_deref().unwrap_or("target/bench/store-real.json".as_ref()))
}

async fn by_turns(
    args: &Args,
    folder: &std::path::Path,
    node: SocketAddr,
    pid: u32,
) -> anyhow::Result<Figures> {
    let config = cell_scylla::Config {
        replication: 1,
        call_ms_max: 10_000,
        ..cell_scylla::Config::new([node.to_string()], "souk_bench")
    };
    let real = Box::pin(Scylla::open(&config)).await?;
    let stores = real.stores();
    load::own_all(&stores).await?;
    let mut figures = Figures::new(format!(
        "durable appends, {} events of {} bytes each with a row, a message and an answer, {} s a repetition: embedded, and on Cassandra",
        args.events, args.bytes, args.seconds
    ));
    let side = Side { name: "Cassandra", stores: &stores, engine: Some(pid) };
    let warm = Load { time: WARM_UP, ..load_of(args, 16, false) };
    load::append_all(&warm, &stores, 0).await?;
    let (before, mut appends, mut first) = (asked(&real), 0, TENANTS);
    for turn in 1..=args.repeat.max(1) {
        for one_stream in [false, true] {
            for writers in WRITERS {
                let load = load_of(args, writers, one_stream);
                let home = tempfile::tempdir_in(folder)?;
                let embedded = Embedded::open(&cell_embedded::Config::new(home.path()))?;
                let near = embedded.stores();
                load::own_all(&near).await?;
                let near = Side { name: "embedded", stores: &near, engine: None };
                let there = run(&mut figures, &load, &near, first).await?;
                embedded.close().await?;
                let here = run(&mut figures, &load, &side, first).await?;
                appends += here;
                first += TENANTS;
                let streams = if one_stream { "on one stream" } else { "on streams of their own" };
                say::line(format!(
                    "{turn}: {writers} writers {streams}: {there} and {here} appends"
                ));
            }
        }
    }
    for ((call, what), times) in asked(&real) {
        let since = times - before.get(&(call, what)).copied().unwrap_or_default();
        let each = since as f64 / appends as f64;
        if each >= RARE {
            let name = format!("per append on Cassandra: {}, to {what}", call.as_str());
            figures.add(&name, "1", Goal::None, each);
        }
    }
    figures.remark("by turns, a repetition each; of a run on one stream the time of an append is from the first try to the one that wins");
    figures.remark("Cassandra is one node on this machine, with one copy, `commitlog_sync: batch`, 512 MB and the first compiler only");
    drop(stores);
    real.close().await?;
    Ok(figures)
}

fn load_of(args: &Args, writers: usize, one_stream: bool) -> Load {
    let time = Duration::from_secs(args.seconds.max(1));
    Load { writers, time, events: args.events.max(1), bytes: args.bytes, one_stream }
}

/// One repetition; returns how many appends.
async fn run(
    figures: &mut Figures,
    load: &Load,
    side: &Side<'_>,
    first: usize,
) -> anyhow::Result<usize> {
    let own = std::process::id();
    let spent = |pid: Option<u32>| pid.map_or(Ok(0.0), proc::cpu_ms);
    let before = (proc::cpu_ms(own)?, spent(side.engine)?);
    let done = load::append_all(load, side.stores, first).await?;
    let after = (proc::cpu_ms(own)?, spent(side.engine)?);
    let appends = done.latencies_us.len();
    let streams = if load.one_stream { "one stream" } else { "a stream each" };
    let mut add = |measure: &str, unit, value| {
        let name = format!("{} writers, {streams}, {}: {measure}", load.writers, side.name);
        figures.add(&name, unit, Goal::None, value);
    };
    add("appends", "1/s", appends as f64 / done.elapsed);
    add("p50", "ms", load::quantile(&done.latencies_us, 500));
    add("p99", "ms", load::quantile(&done.latencies_us, 990));
    add("CPU of the process", "µs", (after.0 - before.0) * 1000.0 / appends.max(1) as f64);
    if side.engine.is_some() {
        add("CPU of Cassandra", "µs", (after.1 - before.1) * 1000.0 / appends.max(1) as f64);
    }
    Ok(appends)
}

/// How often what was asked so far.
fn asked(real: &Scylla) -> BTreeMap<(Call, &'static str), u64> {
    real.counts().all().into_iter().map(|(call, what, times)| ((call, what), times)).collect()
}

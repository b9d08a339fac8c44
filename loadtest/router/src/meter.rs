//! Reads what the kernel says of processes: time on the processor, memory; and of our own children that have ended.

use std::fs;

use anyhow::Context as _;
pub(crate) use loadtest_kit::proc::{cpu_ms, resident_mb};

/// Milliseconds on the processor of all children of this process that have ended and been waited for.
pub(crate) fn children_cpu_ms() -> anyhow::Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, behind_name) = stat.rsplit_once(") ").context("/proc/self/stat has another form")?;
    let ticks = behind_name.split(' ').skip(13).map_while(|field| field.parse::<f64>().ok());
    // A tick is 10 ms for user space, whatever the kernel's own timer does.
    Ok(ticks.take(2).sum::<f64>() * 10.0)
}

/// The core of the server under measure: the last one; generators are on the first.
pub(crate) fn server_core() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from) - 1
}

/// The core of the cells' stand-in: one of its own where there are three.
pub(crate) fn origin_core() -> usize {
    usize::from(server_core() > 1)
}

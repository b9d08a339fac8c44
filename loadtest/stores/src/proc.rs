//! What the operating system says of this process and this machine.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use anyhow::Context as _;

/// Seconds of CPU of all threads, user and system. A tick is 10 ms on every Linux that matters.
pub(crate) fn cpu() -> anyhow::Result<f64> {
    cpu_of("self")
}

/// The same of another process.
pub(crate) fn cpu_of(process: &str) -> anyhow::Result<f64> {
    cpu_in(&Path::new("/proc").join(process))
}

/// The same of this process, by the name of the thread.
pub(crate) fn cpu_by_thread() -> anyhow::Result<BTreeMap<String, f64>> {
    let mut cpu = BTreeMap::new();
    for thread in fs::read_dir("/proc/self/task")? {
        let thread = thread?.path();
        // A thread may end while it is looked at.
        if let Ok(name) = fs::read_to_string(thread.join("comm")) {
            *cpu.entry(name.trim().to_owned()).or_default() += cpu_in(&thread).unwrap_or_default();
        }
    }
    Ok(cpu)
}

fn cpu_in(task: &Path) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(task.join("stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat has another form")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |at: usize| -> anyhow::Result<u64> {
        Ok(fields.get(at).context("/proc/self/stat is short")?.parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) as f64 / 100.0)
}

/// Memory that the process really has, in MB.
pub(crate) fn rss_mb() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .context("/proc/self/status has no VmRSS")?
        .parse()?;
    Ok(kb / 1024.0)
}

/// The machine in one line.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let kernel = first_line(Command::new("uname").arg("-sr"));
    format!("{cores} cores, {}, {}", model.unwrap_or_default(), kernel.unwrap_or_default())
}

/// The commit that was measured, with `-dirty` if the tree differs from it.
pub(crate) fn commit() -> String {
    first_line(Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The first line that a command prints.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}

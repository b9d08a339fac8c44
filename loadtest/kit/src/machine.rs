//! On what was measured: the machine, the compiler, the commit.

use std::{fs, process::Command};

/// The machine in one line.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let kb: u64 = text
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))?
            .split_whitespace()
            .next()?
            .parse()
            .ok()?;
        Some(format!("{} GiB", kb >> 20))
    });
    let kernel = first_line(Command::new("uname").arg("-sr"));
    format!(
        "{cores} cores, {}, {}, {}",
        model.unwrap_or_default(),
        memory.unwrap_or_default(),
        kernel.unwrap_or_default()
    )
}

/// The compiler.
pub(crate) fn compiler() -> String {
    first_line(Command::new("rustc").arg("--version")).unwrap_or_default()
}

/// How this program was built, and those beside it.
pub(crate) fn profile() -> &'static str {
    if cfg!(debug_assertions) {
        "debug build: figures are not to be published"
    } else {
        "release build"
    }
}

/// The commit, with `-dirty` if the tree differs from it.
pub(crate) fn commit() -> String {
    let described =
        first_line(Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]));
    described.unwrap_or_else(|| "unknown".to_owned())
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}

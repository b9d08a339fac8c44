//! Files that programs leave for one another: written whole or not at all, and the ends of logs.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde::Serialize;

/// Writes a JSON file, whole or not at all, and makes its folder if that is not there.
///
/// Errors: those of the disk.
pub fn write_json(path: &Path, content: &impl Serialize) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let mut text = serde_json::to_vec_pretty(content)?;
    text.push(b'\n');
    let written = fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, path));
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// The last lines of a log; nothing if there is none.
pub fn last_lines(log: &Path, lines: usize) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

//! Conformance to HTTP/2, as the public suite `h2spec` judges it.

use std::{path::Path, process::Stdio};

use anyhow::{Context as _, ensure};
use loadtest_kit::say;
use tokio::process::Command;

use crate::Stage;

/// How many cases the suite has, strict ones too; fewer would not be all of it.
const CASES: u32 = 146;

/// What the suite said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    cases: u32,
    passed: u32,
}

/// Runs `h2spec` over TLS against the stage; true if every case passed. `rest` is passed on, such as `http2/6.9`; then fewer cases are
/// all that were asked for.
///
/// Errors: the suite cannot be run, or says nothing that can be read.
pub async fn h2spec(stage: &Stage, tool: &Path, rest: &[String]) -> anyhow::Result<bool> {
    let port = stage.addresses().https.port().to_string();
    let mut command = Command::new(tool);
    command.args(["--host", "127.0.0.1", "--port", &port, "--tls", "--insecure"]);
    command.args(["--path", "/v1/users/u1", "--strict"]).args(rest).stdin(Stdio::null());
    let output = command.output().await.context("h2spec cannot be started")?;
    let said = String::from_utf8_lossy(&output.stdout);
    // What it wrote over is left out.
    said.trim_end().lines().filter_map(|line| line.rsplit('\r').next()).for_each(say::line);
    let tally = Tally::read(&said).context("h2spec did not say how many cases passed")?;
    let whole = !rest.is_empty() || tally.cases == CASES;
    let holds = whole && tally.passed == tally.cases && tally.passed > 0;
    say::verdict(holds, format!("{} of {} cases passed over TLS", tally.passed, tally.cases));
    ensure!(output.status.success() || !holds, "h2spec says two things: {}", output.status);
    Ok(holds)
}

impl Tally {
    /// Reads `146 tests, 145 passed, 0 skipped, 1 failed`.
    fn read(said: &str) -> Option<Self> {
        let line = said.lines().rev().find(|line| line.contains(" tests, "))?;
        let count = |what: &str| {
            let part = line.split(", ").find_map(|part| part.trim().strip_suffix(what))?;
            part.trim().parse().ok()
        };
        Some(Self { cases: count("tests")?, passed: count("passed")? })
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn the_last_line_counts() {
        let said = "Finished in 1.2 seconds\n146 tests, 144 passed, 1 skipped, 1 failed\n";
        assert_eq!(Tally::read(said), Some(Tally { cases: 146, passed: 144 }));
        assert_eq!(Tally::read("Error: connection refused"), None);
    }
}

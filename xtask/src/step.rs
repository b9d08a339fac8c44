//! One program run as a step of a command: said before, timed, judged by its exit code.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::say;

/// How a step went.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) title: String,
    pub(crate) holds: bool,
    pub(crate) took: Duration,
}

/// Runs a program with our output.
pub(crate) fn run(title: &str, command: &mut Command) -> anyhow::Result<Outcome> {
    say::step(title);
    let begun = Instant::now();
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{program} cannot be started"))?;
    Ok(ended(title, status.success(), begun))
}

/// Runs a part of this program.
pub(crate) fn run_own(title: &str, own: impl FnOnce() -> anyhow::Result<bool>) -> Outcome {
    say::step(title);
    let begun = Instant::now();
    let holds = own().unwrap_or_else(|error| {
        say::bad(&format!("{error:#}"));
        false
    });
    ended(title, holds, begun)
}

fn ended(title: &str, holds: bool, begun: Instant) -> Outcome {
    let outcome = Outcome { title: title.to_owned(), holds, took: begun.elapsed() };
    let text = format!("{title} ({:.1} s)", outcome.took.as_secs_f64());
    let told = if holds { say::good } else { say::bad };
    told(&text);
    outcome
}

/// Cargo, with colours as on our own output.
pub(crate) fn cargo<'a>(
    house: &crate::house::House,
    args: impl IntoIterator<Item = &'a str>,
) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&house.root).args(args);
    command
}

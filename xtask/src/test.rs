//! `test`: everything, built once, counted, in an order in which the quick and the likely come first.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context as _;

use crate::{
    cli::Test,
    generate,
    house::House,
    real::Real,
    say,
    step::{self, Outcome},
    tidy,
};

/// What the workspace's tests came to.
#[derive(Debug, Default)]
struct Counted {
    passed: usize,
    failed: usize,
    ignored: usize,
    /// The names of those that could not run here, each with what it needs.
    skipped: Vec<String>,
}

/// A real process or a whole fleet, walked with small numbers; the full ones are in the README.
const WALKS: [(&str, &str, &[&str]); 6] = [
    ("crash points of a purchase (a sample)", "souk-sim", &["crash-points", "--quick"]),
    (
        "dev --check: ten pasted commands, receipts from three cells",
        "souk-journeys",
        &["dev", "--check", "--fresh", "--home", "target/test-dev"],
    ),
    (
        "dev --check again, going on where it was",
        "souk-journeys",
        &["dev", "--check", "--home", "target/test-dev"],
    ),
    (
        "journey: first order, with kill -9",
        "souk-journeys",
        &["first-order", "--kills", "10", "--purchases", "20"],
    ),
    ("journey: oversell", "souk-journeys", &["oversell", "--buyers", "150", "--copies", "20"]),
    ("journey: bad input", "souk-journeys", &["bad-input"]),
];

pub(crate) fn run(house: &House, asked: &Test) -> anyhow::Result<bool> {
    let begun = Instant::now();
    say::line(
        "Everything is tested: formatting, lints, walls, every crate's tests, then real processes with kill -9.",
    );
    say::line(
        "Nothing has to be installed but Rust; nothing of this machine is used but ports and a folder below target. Real engines come from their registries; without Java and Maven, or a way to get them, what needs them is skipped by name.",
    );
    let mut outcomes = Vec::new();
    let mut counted = Counted::default();
    outcomes.push(step::run("formatting", &mut step::cargo(house, ["fmt", "--all", "--check"]))?);
    outcomes.push(step::run_own("walls", || tidy::run(house)));
    let lints = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    outcomes.push(step::run("lints", &mut step::cargo(house, lints))?);
    let build = ["build", "--workspace", "--all-targets", "--quiet"];
    let built = step::run("building everything once", &mut step::cargo(house, build))?;
    let goes_on = built.holds;
    outcomes.push(built);
    if goes_on {
        let binaries = house.target.join("debug");
        outcomes.push(step::run_own("generated pages", || generate::check(house, &binaries)));
        let real = Real::new(house, &binaries)?;
        outcomes.push(step::run_own("real engines begin", || real.start()));
        let mut all = step::cargo(house, ["test", "--workspace", "--no-fail-fast"]);
        real.tell(&mut all)?;
        outcomes.push(step::run_own("tests of all crates", || count(&mut all, &mut counted)));
        counted.skipped = real.skipped();
        outcomes.push(step::run_own("real engines end", || real.stop()));
        if !asked.quick {
            for (title, program, args) in WALKS {
                outcomes.push(walk(house, &binaries, title, program, args)?);
            }
        }
    }
    Ok(tell(&outcomes, &counted, begun))
}

fn walk(
    house: &House,
    binaries: &Path,
    title: &str,
    program: &str,
    args: &[&str],
) -> anyhow::Result<Outcome> {
    let own = |arg: &&str| match arg.strip_prefix("target/") {
        Some(below) => house.target.join(below).display().to_string(),
        None => (*arg).to_owned(),
    };
    let args: Vec<String> = args.iter().map(own).collect();
    step::run(title, Command::new(binaries.join(program)).args(args).current_dir(&house.root))
}

/// Runs tests with our output, and adds up what they say.
fn count(command: &mut Command, counted: &mut Counted) -> anyhow::Result<bool> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cargo cannot be started")?;
    let output = child.stdout.take().context("cargo has no output")?;
    for line in BufReader::new(output).lines() {
        let line = line?;
        counted.add(&line);
        say::line(&line);
    }
    Ok(child.wait()?.success())
}

impl Counted {
    /// Reads `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else { return };
        for part in counts.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

fn tell(outcomes: &[Outcome], counted: &Counted, begun: Instant) -> bool {
    let broken = outcomes.iter().filter(|outcome| !outcome.holds).count();
    // A step that broke although no test of the workspace failed is one failure of its own.
    let of_tests = outcomes
        .iter()
        .filter(|outcome| !outcome.holds && outcome.title == "tests of all crates")
        .count();
    let failed = counted.failed + broken - of_tests.min(counted.failed);
    let skipped = counted.skipped.len();
    // To the test runner a test that could not run has passed.
    let passed = (counted.passed + outcomes.len() - broken).saturating_sub(skipped);
    say::line("");
    for outcome in outcomes {
        let verdict = if outcome.holds { "ok    " } else { "FAILED" };
        say::line(&format!(
            "{verdict} {:<60} {:>7.1} s",
            outcome.title,
            outcome.took.as_secs_f64()
        ));
    }
    say::line(&format!(
        "\n{:.0} s in all; a step counts as one test beside the {} of the crates",
        begun.elapsed().as_secs_f64(),
        counted.passed + counted.failed
    ));
    if counted.ignored > 0 {
        say::line(&format!("{} tests were ignored", counted.ignored));
    }
    for skipped in &counted.skipped {
        say::line(&format!("skipped: {skipped}"));
    }
    if failed == 0 {
        say::line(
            "try next: cargo xtask dev; cargo xtask journey first-order --kills 50; cargo xtask bench orders",
        );
    }
    let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    say::line(&format!("{passed} passed, {failed} failed{skipped}"));
    failed == 0
}

#[cfg(test)]
mod tests {
    use super::Counted;

    #[test]
    fn results_of_all_crates_add_up() {
        let mut counted = Counted::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 2 passed; 1 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ] {
            counted.add(line);
        }
        assert_eq!((counted.passed, counted.failed, counted.ignored), (5, 1, 4));
    }
}

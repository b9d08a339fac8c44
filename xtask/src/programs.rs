//! The processes of a platform: built once, by one call of Cargo, with progress.

use std::{path::PathBuf, time::Instant};

use anyhow::ensure;

use crate::{house::House, say, step};

/// The crates whose programs a platform needs.
const CRATES: [&str; 7] = [
    "cp-server",
    "cell-server",
    "router-server",
    "loadtest-stripe",
    "loadtest-engines",
    "cp-soukctl",
    "loadtest-journeys",
];

/// How programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// Quickly: the same artefacts as the tests.
    Dev,
    /// Optimised.
    Release,
}

/// Builds the programs; returns where they are.
pub(crate) fn build(house: &House, how: Build) -> anyhow::Result<PathBuf> {
    build_these(house, how, &CRATES)
}

/// Builds the programs of some crates; returns where they are.
pub(crate) fn build_these(house: &House, how: Build, crates: &[&str]) -> anyhow::Result<PathBuf> {
    let begun = Instant::now();
    say::step(&format!("building {}", crates.join(", ")));
    let mut command = step::cargo(house, ["build", "--bins"]);
    for name in crates {
        command.args(["--package", name]);
    }
    if how == Build::Release {
        command.arg("--release");
    }
    ensure!(command.status()?.success(), "the build failed; what Cargo said is above");
    say::good(&format!("built ({:.1} s)", begun.elapsed().as_secs_f64()));
    Ok(house.target.join(match how {
        Build::Dev => "debug",
        Build::Release => "release",
    }))
}

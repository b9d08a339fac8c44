//! `conformance`: public suites against our doors. What a suite needs is built below the build directory; without it the suite is skipped by name.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use crate::{
    cli::{Conformance, Suite},
    house::House,
    programs::{self, Build},
    say, step,
};

/// Where the versions of h2spec and of all that it needs are pinned.
const H2SPEC: &str = "loadtest/abuse/h2spec";
/// The suite's program in there.
const H2SPEC_PROGRAM: &str = "github.com/summerwind/h2spec/cmd/h2spec";

pub(crate) fn run(house: &House, asked: &Conformance) -> anyhow::Result<bool> {
    match asked.suite {
        Suite::H2 => h2(house, &asked.rest),
    }
}

fn h2(house: &House, rest: &[String]) -> anyhow::Result<bool> {
    let Some(tool) = h2spec(house)? else {
        say::line("skipped: h2spec is a Go program, and there is no `go` on this machine");
        return Ok(true);
    };
    let binaries = programs::build_these(house, Build::Dev, &["router-server", "loadtest-abuse"])?;
    let mut command = Command::new(binaries.join("souk-abuse"));
    command.arg("h2spec").arg("--tool").arg(tool).args(rest).current_dir(&house.root);
    Ok(step::run("h2spec over TLS against the router", &mut command)?.holds)
}

/// Builds h2spec; `None` if there is no Go.
fn h2spec(house: &House) -> anyhow::Result<Option<PathBuf>> {
    let Some(go) = go() else { return Ok(None) };
    let tool = house.target.join("tools/h2spec");
    say::step("building h2spec");
    let mut command = Command::new(go);
    command.current_dir(house.root.join(H2SPEC)).args(["build", "-o"]).arg(&tool);
    let built = command.arg(H2SPEC_PROGRAM).status().context("go cannot be started")?;
    ensure!(built.success(), "h2spec cannot be built; what Go said is above");
    Ok(Some(tool))
}

/// Go, as it is called or where its own packages put it.
fn go() -> Option<&'static Path> {
    let answers = |program: &&Path| {
        let mut command = Command::new(program);
        let asked = command.arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        !matches!(asked, Err(error) if error.kind() == ErrorKind::NotFound)
    };
    [Path::new("go"), Path::new("/usr/local/go/bin/go")].into_iter().find(answers)
}

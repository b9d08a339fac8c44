//! `abuse`: one router, built optimised, before stand-in cells, with clients and cells that make trouble.

use std::process::Command;

use crate::{
    house::House,
    programs::{self, Build},
    step,
};

pub(crate) fn run(house: &House, rest: &[String]) -> anyhow::Result<bool> {
    let crates = ["router-server", "loadtest-abuse"];
    let binaries = programs::build_these(house, Build::Release, &crates)?;
    let mut command = Command::new(binaries.join("souk-abuse"));
    command.arg("troubles").arg("--json").arg(house.target.join("bench/abuse.json"));
    command.args(rest).current_dir(&house.root);
    Ok(step::run("the router in trouble", &mut command)?.holds)
}

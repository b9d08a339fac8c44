//! `engines`: the real engines on this machine, by a program that is built first.

use std::process::Command;

use crate::{
    house::House,
    programs::{self, Build},
};

pub(crate) fn run(house: &House, rest: &[String]) -> anyhow::Result<bool> {
    let binaries = programs::build_these(house, Build::Dev, &["loadtest-engines"])?;
    let mut command = Command::new(binaries.join("souk-engines"));
    command.current_dir(&house.root).arg("--home").arg(house.target.join("engines")).args(rest);
    Ok(command.status()?.success())
}

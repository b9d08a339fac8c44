//! What runs whole fleets: builds their programs once and hands over to `souk-journeys` or `souk-sim`, which take our place, so that
//! a Ctrl-C is theirs alone.

use std::{os::unix::process::CommandExt as _, path::Path, process::Command};

use anyhow::Context as _;

use crate::{
    cli::{Dev, Journey},
    house::House,
    programs::{self, Build},
};

/// What walks people through a fleet.
const JOURNEYS: &str = "souk-journeys";
/// What tries a chain on a real engine.
const CHAIN: &str = "souk-chain";
/// What runs whole cells in one process.
const SIM: &str = "souk-sim";

pub(crate) fn dev(house: &House, asked: &Dev) -> anyhow::Result<bool> {
    let build = if asked.release { Build::Release } else { Build::Dev };
    let binaries = programs::build(house, build)?;
    become_program(house, &binaries, JOURNEYS, &dev_args(asked))
}

/// The arguments of `souk-journeys` for `dev`.
fn dev_args(asked: &Dev) -> Vec<String> {
    let mut args = vec!["dev".to_owned(), "--cells".to_owned(), asked.cells.to_string()];
    args.extend(["--engines".to_owned(), asked.engines.clone()]);
    if let Some(scale) = &asked.scale {
        args.extend(["--scale".to_owned(), scale.clone()]);
    }
    let flags = [("--fresh", asked.fresh), ("--check", asked.check)];
    args.extend(flags.iter().filter(|(_, set)| *set).map(|(flag, _)| (*flag).to_owned()));
    args
}

pub(crate) fn journey(house: &House, asked: &Journey) -> anyhow::Result<bool> {
    if asked.name == "list" {
        return pass_on(house, "--help", &[]);
    }
    pass_on(house, &asked.name, &asked.rest)
}

pub(crate) fn oversell(house: &House, rest: &[String]) -> anyhow::Result<bool> {
    pass_on(house, "oversell", rest)
}

/// In one process and in no time; or, with `--engines real`, a chain on a Cassandra.
pub(crate) fn crash_points(house: &House, rest: &[String]) -> anyhow::Result<bool> {
    let Some(rest) = on_real_engines(rest) else { return simulate(house, "crash-points", rest) };
    let binaries = programs::build_these(house, Build::Dev, &["loadtest-chain"])?;
    let home = house.target.join("engines").display().to_string();
    let args: Vec<String> = ["--home".to_owned(), home].into_iter().chain(rest).collect();
    become_program(house, &binaries, CHAIN, &args)
}

/// What else is asked, if real engines are.
fn on_real_engines(rest: &[String]) -> Option<Vec<String>> {
    let at = rest.windows(2).position(|two| two == ["--engines", "real"])?;
    Some([&rest[..at], &rest[at + 2..]].concat())
}

pub(crate) fn sim(house: &House, rest: &[String]) -> anyhow::Result<bool> {
    simulate(house, "seeds", rest)
}

fn pass_on(house: &House, name: &str, rest: &[String]) -> anyhow::Result<bool> {
    let binaries = programs::build(house, Build::Dev)?;
    let args: Vec<String> = std::iter::once(name.to_owned()).chain(rest.iter().cloned()).collect();
    become_program(house, &binaries, JOURNEYS, &args)
}

fn simulate(house: &House, name: &str, rest: &[String]) -> anyhow::Result<bool> {
    let binaries = programs::build_these(house, Build::Release, &["cell-sim"])?;
    let args: Vec<String> = std::iter::once(name.to_owned()).chain(rest.iter().cloned()).collect();
    become_program(house, &binaries, SIM, &args)
}

/// Turns this process into another; returns only if that fails.
fn become_program(
    house: &House,
    binaries: &Path,
    program: &str,
    args: &[String],
) -> anyhow::Result<bool> {
    let error = Command::new(binaries.join(program)).args(args).current_dir(&house.root).exec();
    Err(error).with_context(|| format!("{program} cannot be started"))
}

#[cfg(test)]
mod tests {
    use super::{dev_args, on_real_engines};
    use crate::cli::Dev;

    #[test]
    fn real_engines_are_asked_for_anywhere_among_the_words() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(on_real_engines(&words("--quick --engines real")), Some(words("--quick")));
        assert_eq!(on_real_engines(&words("--scenario card")), None);
    }

    #[test]
    fn what_dev_is_asked_is_passed_on() {
        let (scale, engines) = (Some("1".into()), "real".into());
        let asked = Dev { scale, fresh: true, check: false, cells: 3, engines, release: true };
        assert_eq!(dev_args(&asked).join(" "), "dev --cells 3 --engines real --scale 1 --fresh");
    }
}

//! The project's commands, all under `cargo xtask`; nothing to install.

mod check;
mod cli;
mod doc;

mod house;

mod say;
mod source;
mod step;

mod tidy;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{cli::Verb, house::House};

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let outcome = House::here().and_then(|house| run(&house, cli.verb));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say::bad(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs a verb; false if what it checked does not hold.
fn run(house: &House, verb: Verb) -> anyhow::Result<bool> {
    match verb {
        Verb::Check => check::run(house),
        Verb::Tidy => tidy::run(house),
        _ => doc::run(house),
    }
}

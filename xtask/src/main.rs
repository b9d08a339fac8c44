//! The project's commands, all under `cargo xtask`; nothing to install.

mod abuse;
mod bad_days;
mod bench;
mod check;
mod cli;
mod conformance;
mod doc;
mod engines;
mod generate;
mod house;
mod journeys;
mod new_service;
mod programs;
mod real;
mod say;
mod settings;
mod source;
mod step;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{cli::Verb, house::House};

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let outcome = House::here().and_then(|house| run(&house, &cli.verb));
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
fn run(house: &House, verb: &Verb) -> anyhow::Result<bool> {
    match verb {
        Verb::Dev(asked) => journeys::dev(house, asked),
        Verb::Test(asked) => test::run(house, asked),
        Verb::Check => check::run(house),
        Verb::Tidy => tidy::run(house),
        Verb::Journey(asked) => journeys::journey(house, asked),
        Verb::CrashPoints(asked) => journeys::crash_points(house, &asked.rest),
        Verb::Oversell(asked) => journeys::oversell(house, &asked.rest),
        Verb::Sim(asked) => journeys::sim(house, &asked.rest),
        Verb::Bench(asked) => bench::run(house, asked),
        Verb::BadDays => bad_days::run(house),
        Verb::Engines(asked) => engines::run(house, &asked.rest),
        Verb::Abuse(asked) => abuse::run(house, &asked.rest),
        Verb::Conformance(asked) => conformance::run(house, asked),
        Verb::Gen(asked) => generate::run(house, asked.check),
        Verb::NewService(asked) => new_service::run(house, asked),
        Verb::Doc => doc::run(house),
    }
}

//! `souk-sim`: crash points, the oversell storm and seeds from the command line; exits with 1 if anything is broken.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use cell_sim::{
    crash_points::{self, Wanted},
    days::Injection,
    open_market,
    oversell::{self, Storm},
    scenario::Scenario,
    seeds,
    trial::Trial,
};
use clap::{Parser, Subcommand};
use strum::IntoEnumIterator as _;

/// Whole cells in one process under a seeded schedule of faults, and the invariants they must keep.
#[derive(Parser)]
#[command(name = "souk-sim", version)]
struct Cli {
    /// How chance falls.
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Every write, message and provider's call of a purchase, each with everything that it may meet; then pairs by chance.
    #[command(
        after_help = "Examples:\n  cargo xtask crash-points\n  cargo xtask crash-points --scenario card --at cell-1:17:crash-after"
    )]
    CrashPoints {
        /// Only these scenarios.
        #[arg(long)]
        scenario: Vec<Scenario>,
        /// Exactly these bad days, together, and tell what happens: cell-1:17:crash-after, wire:12:late, call:3:timed-out.
        #[arg(long)]
        at: Vec<Injection>,
        /// One in forty, for a first look.
        #[arg(long)]
        quick: bool,
        /// Pairs of bad days by chance, for each scenario.
        #[arg(long, default_value_t = 100)]
        pairs: u64,
    },
    /// Many more buyers than units of one offer.
    #[command(after_help = "Example:\n  cargo xtask oversell --buyers 1000 --units 100")]
    Oversell {
        /// Buyers, over three cells.
        #[arg(long, default_value_t = 1_000)]
        buyers: usize,
        /// Units; 8 at least.
        #[arg(long, default_value_t = 100)]
        units: i64,
    },
    /// Several purchases at once under faults by chance, seed after seed.
    #[command(after_help = "Example:\n  cargo xtask sim --from 1 --count 200")]
    Seeds {
        /// The first seed.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// How many.
        #[arg(long, default_value_t = 200)]
        count: u64,
        /// Tell what happens in each.
        #[arg(long)]
        tell: bool,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let Cli { seed, verb } = Cli::parse();
    let market = open_market(seed).context("the market could not be opened")?;
    let mut out = io::stdout().lock();
    let sound = match verb {
        Verb::CrashPoints { scenario, at, .. } if !at.is_empty() => {
            let scenario = *scenario.first().context("name the scenario: --scenario card")?;
            let trial = Trial { scenario, days: at };
            let verdict = trial.run(&market, seed, true);
            for line in &verdict.story {
                writeln!(out, "{line}")?;
            }
            for broken in &verdict.broken {
                writeln!(out, "broken: {broken}")?;
            }
            writeln!(out, "{}: {} broken", trial.command(seed), verdict.broken.len())?;
            verdict.broken.is_empty()
        }
        Verb::CrashPoints { scenario, quick, pairs, .. } => {
            let all = || Scenario::iter().collect();
            let scenarios = if scenario.is_empty() { all() } else { scenario };
            let (one_in, pairs) = if quick { (40, pairs.min(5)) } else { (1, pairs) };
            let report = crash_points::run(&market, &Wanted { scenarios, one_in, pairs, seed });
            writeln!(out, "{report}")?;
            report.broken() == 0
        }
        Verb::Oversell { buyers, units } => {
            let report = oversell::run(&market, Storm { buyers, units, seed })?;
            writeln!(out, "{report}")?;
            report.broken().is_empty()
        }
        Verb::Seeds { from, count, tell } => {
            if tell {
                for seed in from..from.saturating_add(count) {
                    for line in seeds::one(&market, seed, true).story {
                        writeln!(out, "{line}")?;
                    }
                }
            }
            let report = seeds::run(&market, from, count);
            writeln!(out, "{report}")?;
            report.failed() == 0
        }
    };
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

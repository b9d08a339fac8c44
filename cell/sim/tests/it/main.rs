//! Whole cells under bad days, as a sample: the full enumeration is a command of its own.

use std::sync::LazyLock;

use cell_sim::{
    Market,
    crash_points::{self, Wanted},
    open_market,
    oversell::{self, Storm},
    scenario::Scenario,
    seeds,
    trial::Trial,
};
use strum::IntoEnumIterator as _;

const SEED: u64 = 1;

/// Opened once; every trial runs on a copy.
static MARKET: LazyLock<Market> = LazyLock::new(|| open_market(SEED).expect("the market opens"));

#[test]
fn every_scenario_keeps_the_accounts_through_a_sample_of_crash_points() {
    let scenarios: Vec<Scenario> = Scenario::iter().collect();
    let wanted = Wanted { scenarios, one_in: 60, pairs: 2, seed: SEED };
    let report = crash_points::run(&MARKET, &wanted);
    assert_eq!(report.broken(), 0, "{report}");
    assert!(report.trials() > 60, "{report}");
}

#[test]
fn the_same_trial_goes_the_same_way_twice() {
    let days = vec!["cell-0:12:crash-after".parse().unwrap(), "wire:5:late".parse().unwrap()];
    let trial = Trial { scenario: Scenario::VendorRejects, days };
    let (one, other) = (trial.run(&MARKET, SEED, true), trial.run(&MARKET, SEED, true));
    assert_eq!(one.story, other.story);
    assert_eq!((one.counts, one.broken), (other.counts, other.broken));
}

#[test]
fn a_rush_sells_exactly_what_there_is() {
    let report = oversell::run(&MARKET, Storm { buyers: 60, units: 10, seed: SEED }).unwrap();
    assert!(report.broken().is_empty(), "{report}");
}

#[test]
fn twenty_seeds_of_mixed_purchases_keep_the_accounts() {
    let report = seeds::run(&MARKET, 1, 20);
    assert_eq!(report.failed(), 0, "{report}");
}

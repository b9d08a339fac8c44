//! What the demo catalogue promises: the same bytes always, right shares, numbers that check.

use std::str::FromStr;

use loadtest_demo::{Catalogue, Scale};

mod checks;
mod first_of_each;
mod same_bytes;
mod shares;

/// The full catalogue of seed 1.
fn full() -> Catalogue {
    Catalogue::generate(1, Scale::FULL)
}

/// A catalogue of seed 1 of some size.
fn sized(scale: &str) -> Catalogue {
    Catalogue::generate(1, Scale::from_str(scale).expect("a size of the test"))
}

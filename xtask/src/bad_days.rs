//! `bad-days`: what befalls engines of the tests' own and takes longer than a test may.

use crate::{
    house::House,
    programs::{self, Build},
    real::Real,
    say, step,
};

/// The tests, by crate and room; `cargo xtask test` skips them by name.
const DAYS: [(&str, &str); 1] = [("cell-scylla", "ring::")];

pub(crate) fn run(house: &House) -> anyhow::Result<bool> {
    say::line(
        "Engines are installed, started, killed and started again; each test has its own. It takes some minutes.",
    );
    let binaries = programs::build_these(house, Build::Dev, &["loadtest-engines"])?;
    let real = Real::new(house, &binaries)?;
    let mut all = true;
    for (package, room) in DAYS {
        let mut tests =
            step::cargo(house, ["test", "--package", package, "--test", "it", "--", room]);
        real.tell(&mut tests)?;
        tests.env("SOUK_TEST_BAD_DAYS", "1");
        all &= step::run(&format!("{package}, {room}"), &mut tests)?.holds;
    }
    for skipped in real.skipped() {
        say::line(&format!("skipped: {skipped}"));
        all = false;
    }
    Ok(all)
}

//! Real engines for tests: where they are, if whoever runs the tests has started them; else the test is skipped by name.

use std::{fs::OpenOptions, io::Write as _};

/// An engine that a test may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestEngine {
    /// Cassandra or ScyllaDB, as `host:port`, in `SOUK_TEST_CASSANDRA`.
    Cassandra,
}

/// Names the file in which skipped tests are listed.
const SKIPPED: &str = "SOUK_TEST_SKIPPED";

impl TestEngine {
    fn name(self) -> &'static str {
        match self {
            Self::Cassandra => "Cassandra",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Cassandra => "SOUK_TEST_CASSANDRA",
        }
    }

    /// Where the engine is. Without it `test` is said to be skipped, and noted where whoever runs the tests counts it.
    pub fn address(self, test: &str) -> Option<String> {
        let address = read(self.variable());
        if address.is_none() {
            let line = format!("{test}: needs {}; cargo xtask engines up", self.name());
            eprintln!("skipped: {line}");
            if let Some(path) = read(SKIPPED) {
                let file = OpenOptions::new().create(true).append(true).open(path);
                // A list that cannot be written is no reason for a test to fail.
                let _ = file.and_then(|mut file| writeln!(file, "{line}"));
            }
        }
        address
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line; whoever runs it says through the environment where engines are"
)]
fn read(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

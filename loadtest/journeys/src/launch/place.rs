//! Where a fleet keeps what it keeps: data, logs, mail, and the file that says where everybody is.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use loadtest_kit::files::{last_lines, write_json};
use serde::{Serialize, de::DeserializeOwned};

/// A fleet's directory.
#[derive(Clone, Debug)]
pub struct Place {
    root: PathBuf,
}

impl Place {
    /// The place at `root`; its folders are made.
    ///
    /// Errors: a folder that cannot be made, by its path.
    pub fn at(root: &Path) -> anyhow::Result<Self> {
        let place = Self { root: std::path::absolute(root)? };
        for folder in [place.logs(), place.mail(), place.root.join("data")] {
            fs::create_dir_all(&folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(place)
    }

    /// Forgets everything that an earlier run left at `root`. A directory that holds something else is left alone.
    ///
    /// Errors: a directory that no fleet has made, and those of taking it away.
    pub fn clear(root: &Path) -> anyhow::Result<()> {
        if !root.exists() {
            return Ok(());
        }
        let ours = root.join("data").is_dir() && root.join("logs").is_dir();
        anyhow::ensure!(ours, "{} was not made by a fleet; it is left alone", root.display());
        fs::remove_dir_all(root).with_context(|| format!("cannot take {} away", root.display()))
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a process keeps its data.
    pub fn data(&self, who: &str) -> PathBuf {
        self.root.join("data").join(who)
    }

    /// Where all logs are.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The log of a process.
    pub fn log(&self, who: &str) -> PathBuf {
        self.logs().join(format!("{who}.log"))
    }

    /// Where mail goes instead of to mailboxes.
    pub fn mail(&self) -> PathBuf {
        self.root.join("mail")
    }

    /// Says where everybody is; `soukctl` reads it.
    pub fn fleet_file(&self) -> PathBuf {
        self.root.join("fleet.json")
    }

    /// Reads a JSON file of the place; `None` if it is not there or not readable as a `T`.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = fs::read(self.root.join(name)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes a JSON file of the place, whole or not at all.
    ///
    /// Errors: those of the disk.
    pub fn write(&self, name: &str, content: &impl Serialize) -> anyhow::Result<()> {
        write_json(&self.root.join(name), content)
    }

    /// Takes a file of the place away, if it is there.
    ///
    /// Errors: those of the disk.
    pub fn remove(&self, name: &str) -> anyhow::Result<()> {
        let path = self.root.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot take {} away", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// The platform's secret, made once. Every cell has the same.
    ///
    /// Errors: those of the disk.
    pub fn secret_file(&self) -> anyhow::Result<PathBuf> {
        let path = self.root.join("platform.secret");
        if !path.exists() {
            let bytes: [u8; 32] = rand::random();
            let text = hex::encode(bytes);
            let mut options = fs::OpenOptions::new();
            std::os::unix::fs::OpenOptionsExt::mode(options.write(true).create_new(true), 0o600);
            let mut file =
                options.open(&path).with_context(|| format!("cannot make {}", path.display()))?;
            writeln!(file, "{text}")?;
        }
        Ok(path)
    }

    /// The last lines of a process's log.
    pub fn last_words(&self, who: &str, lines: usize) -> String {
        last_lines(&self.log(who), lines)
    }
}

//! Where everything lies: what was installed, and the nodes of a set with their data and logs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use loadtest_kit::files::{last_lines, write_json};
use serde::{Serialize, de::DeserializeOwned};

use crate::engine::NodeName;

/// The folders of a set of engines.
#[derive(Clone, Debug)]
pub struct Place {
    installed: PathBuf,
    folder: PathBuf,
}

impl Place {
    /// The set of this name below `home`. What is installed there is shared by all sets.
    ///
    /// Errors: the folders cannot be made.
    pub fn at(home: &Path, set: &str) -> anyhow::Result<Self> {
        Self::apart(home, &home.join(set))
    }

    /// A set in a folder somewhere else, of what is installed below `home`.
    ///
    /// Errors: the folders cannot be made.
    pub fn apart(home: &Path, folder: &Path) -> anyhow::Result<Self> {
        let installed = std::path::absolute(home)?.join("installed");
        let place = Self { installed, folder: std::path::absolute(folder)? };
        for folder in [&place.installed, &place.folder] {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(place)
    }

    /// What was installed, for all sets.
    pub(crate) fn installed(&self) -> &Path {
        &self.installed
    }

    /// The set's own folder.
    pub fn set_folder(&self) -> PathBuf {
        self.folder.clone()
    }

    /// A node's own folder.
    pub(crate) fn node(&self, node: NodeName) -> PathBuf {
        self.set_folder().join(node.to_string())
    }

    /// A node's data.
    pub(crate) fn data(&self, node: NodeName) -> PathBuf {
        self.node(node).join("data")
    }

    /// What a node has said.
    pub fn log(&self, node: NodeName) -> PathBuf {
        self.node(node).join("log")
    }

    /// The last lines of what a node has said.
    pub fn last_words(&self, node: NodeName, lines: usize) -> String {
        last_lines(&self.log(node), lines)
    }

    /// Reads a JSON file of the set; `None` if there is none.
    ///
    /// Errors: it cannot be read.
    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<Option<T>> {
        let path = self.set_folder().join(name);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let read = serde_json::from_slice(&bytes);
        read.map(Some).with_context(|| format!("{} is damaged; delete it", path.display()))
    }

    /// Writes a JSON file of the set, whole or not at all.
    ///
    /// Errors: those of the disk.
    pub(crate) fn write(&self, name: &str, content: &impl Serialize) -> anyhow::Result<PathBuf> {
        let path = self.set_folder().join(name);
        write_json(&path, content)?;
        Ok(path)
    }

    /// Takes the set away with all its data.
    ///
    /// Errors: those of the disk.
    pub(crate) fn wipe(&self) -> anyhow::Result<()> {
        let folder = self.set_folder();
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot take {} away", folder.display()))
            }
            _ => Ok(()),
        }
    }
}

//! The last known good table on a disk, so that a router or a cell starts while the control plane is away.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{Damaged, Table};

/// The file that holds the last known good table.
#[derive(Clone, Debug)]
pub struct LastGood {
    path: PathBuf,
}

/// Why the last known good table cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LastGoodError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The file holds something else than what was written.
    #[error("{path} does not hold a sound routing table")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: Damaged,
    },
}

impl LastGood {
    /// The file at `path`; it need not exist yet, its directory must.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The table, or `None` if none was ever saved.
    pub fn load(&self) -> Result<Option<Table>, LastGoodError> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => {
                return Err(LastGoodError::Unreadable { path: self.path.clone(), cause });
            }
        };
        (Table::from_bytes(&bytes).map(Some))
            .map_err(|cause| LastGoodError::Damaged { path: self.path.clone(), cause })
    }

    /// Puts `table` in the place of what was there: a reader, or a process after a crash, sees the one or the other, whole.
    pub fn save(&self, table: &Table) -> io::Result<()> {
        // A process and the one that follows it may write at the same time.
        let mut fresh = self.path.clone().into_os_string();
        fresh.push(format!(".{}.new", std::process::id()));
        let mut file = File::create(&fresh)?;
        file.write_all(&table.to_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        // The rename itself must survive a power loss too.
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
    }
}

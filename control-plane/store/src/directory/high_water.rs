//! The last acknowledged commit, in a small file outside the database.
//!
//! The database drops a torn tail without a word, and an emptied directory opens as a new one. The mark turns both into a loud
//! refusal to start.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::xxh3_64;

/// The file that holds the mark: `commit 17 check 9f…`.
pub(crate) struct HighWater {
    path: PathBuf,
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Commit(u64),
    /// There is no file.
    Missing,
    /// The file holds something else.
    Unreadable,
}

impl HighWater {
    pub(crate) fn in_directory(directory: &Path) -> Self {
        Self { path: directory.join("high-water") }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn read(&self) -> io::Result<Mark> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Mark::Missing),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8_lossy(&bytes);
        let commit = text.split(' ').nth(1).and_then(|number| number.parse().ok());
        // Written again, it must be the same: that checks form and checksum at once.
        let same = commit.filter(|commit| line(*commit) == text);
        Ok(same.map_or(Mark::Unreadable, Mark::Commit))
    }

    /// Puts `commit` in the place of the old mark, durably, whole or not at all.
    pub(crate) fn write(&self, commit: u64) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let mut file = File::create(&fresh)?;
        file.write_all(line(commit).as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        let directory = self.path.parent().unwrap_or(Path::new("."));
        File::open(directory)?.sync_all()
    }
}

fn line(commit: u64) -> String {
    format!("commit {commit} check {:016x}\n", xxh3_64(&commit.to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{HighWater, Mark};

    #[test]
    fn a_mark_that_was_tampered_with_is_not_believed() {
        let directory = tempfile::tempdir().unwrap();
        let mark = HighWater::in_directory(directory.path());
        assert_eq!(mark.read().unwrap(), Mark::Missing);
        mark.write(17).unwrap();
        assert_eq!(mark.read().unwrap(), Mark::Commit(17));
        let text = std::fs::read_to_string(mark.path()).unwrap();
        for spoilt in [text.replace("17", "16"), String::new(), "commit".into(), text + "more"] {
            std::fs::write(mark.path(), spoilt).unwrap();
            assert_eq!(mark.read().unwrap(), Mark::Unreadable);
        }
    }
}

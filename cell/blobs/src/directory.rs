//! A directory of this process: what it takes beyond `object_store` to have on disk what was acknowledged, and nothing half done.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use object_store::{local::LocalFileSystem, path::Path as Key};

use crate::refusal::OpenRefusal;

/// After how long what a process left behind in the middle of writing is certainly not written on any more.
const LEFT_BEHIND: Duration = Duration::from_hours(1);

/// Where the directory is.
#[derive(Clone, Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// Makes it if it is missing, and takes away what was left half written.
    ///
    /// Errors: it cannot be made, written or synced.
    pub(crate) fn open(path: &Path) -> Result<(Self, LocalFileSystem), OpenRefusal> {
        let refused = |cause| OpenRefusal::Directory { path: path.to_owned(), cause };
        make(path).map_err(refused)?;
        sweep(path, SystemTime::now() - LEFT_BEHIND).map_err(refused)?;
        let store = LocalFileSystem::new_with_prefix(path)
            .map_err(|error| refused(io::Error::other(error)))?;
        Ok((Self(path.to_owned()), store.with_fsync(true)))
    }

    /// Has on disk that an entry is there, or is not: of two who make it at once the slower one finds it before it is.
    pub(crate) async fn settle(&self, key: &Key) -> io::Result<()> {
        let path = self.0.join(key.as_ref());
        let settled = tokio::task::spawn_blocking(move || match path.parent() {
            Some(folder) if folder.exists() => sync(folder),
            _ => Ok(()),
        });
        settled.await.map_err(io::Error::other)?
    }
}

/// Makes a directory with those above it, each entry on disk.
fn make(path: &Path) -> io::Result<()> {
    if !path.is_dir() {
        let above = path.parent().filter(|above| !above.as_os_str().is_empty());
        let above = above.unwrap_or(Path::new("."));
        make(above)?;
        match fs::create_dir(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => sync(above)?,
        }
    }
    Ok(())
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Takes away files that were being written before `since`: `object_store` calls them after their blob, with `#` and a number.
fn sweep(folder: &Path, since: SystemTime) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            sweep(&entry.path(), since)?;
        } else if entry.file_name().to_string_lossy().contains('#') && metadata.modified()? < since
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        time::{Duration, SystemTime},
    };

    use base_testkit::Scratch;

    use super::{Directory, sweep};

    #[test]
    fn what_was_left_half_written_is_taken_away_and_nothing_else() {
        let home = Scratch::new("blobs").unwrap();
        let folder = home.path().join("blobs/vendors/atlas");
        fs::create_dir_all(&folder).unwrap();
        for file in ["5e", "5e#1", "5f#12"] {
            fs::write(folder.join(file), "x").unwrap();
        }
        Directory::open(&home.path().join("blobs")).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3, "somebody may still write them");
        sweep(home.path(), SystemTime::now() + Duration::from_secs(1)).unwrap();
        let left: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["5e"]);
    }

    #[test]
    fn a_directory_that_cannot_be_is_named_with_what_to_check() {
        let home = Scratch::new("blobs").unwrap();
        let taken = home.path().join("taken");
        fs::write(&taken, "a file").unwrap();
        let path = taken.join("blobs");
        let refusal = Directory::open(&path).err().unwrap().to_string();
        assert!(
            refusal.contains(path.to_str().unwrap()) && refusal.contains("check that"),
            "{refusal}"
        );
    }
}

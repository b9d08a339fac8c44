//! The files of a store, and the lock that keeps a second process out.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::refusal::OpenRefusal;

/// Where things lie in a store's directory.
pub(super) struct Files {
    pub(super) database: PathBuf,
    /// A database that is being made.
    pub(super) unborn: PathBuf,
    pub(super) mark: PathBuf,
    /// An operator's consent to a loss.
    pub(super) accept_loss: PathBuf,
}

impl Files {
    pub(super) fn of(directory: &Path) -> Self {
        Self {
            database: directory.join("database"),
            unborn: directory.join("database.new"),
            mark: directory.join("commit.high"),
            accept_loss: directory.join("accept-loss"),
        }
    }
}

/// Holds the directory for this process; let go when dropped, or by the system when the process dies.
pub(crate) struct Hold {
    _lock: File,
}

impl Hold {
    /// Makes the directory if it is missing, and takes it.
    pub(super) fn take(directory: &Path) -> Result<Self, OpenRefusal> {
        let io = |error| OpenRefusal::io(directory, error);
        std::fs::create_dir_all(directory).map_err(io)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(directory.join("lock"))
            .map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(io(error)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = lock.read_to_string(&mut holder);
                let known = read.is_ok() && !holder.trim().is_empty();
                return Err(OpenRefusal::InUse {
                    directory: directory.to_owned(),
                    holder: if known { holder.trim().to_owned() } else { "unknown".to_owned() },
                });
            }
        }
        lock.set_len(0).map_err(io)?;
        writeln!(lock, "{}", std::process::id()).map_err(io)?;
        Ok(Self { _lock: lock })
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

//! Opens the store, and refuses anything that is not exactly what was acknowledged.

use std::{
    fs::{self, File},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use cp_model::Fleet;

use crate::{
    OpenError,
    directory::{
        high_water::{HighWater, Mark},
        rows::{ReadError, Rows},
    },
};

/// What an opened directory holds.
pub(crate) struct Opened {
    pub(crate) rows: Rows,
    pub(crate) commit: u64,
    pub(crate) fleet: Fleet,
    pub(crate) mark: HighWater,
}

pub(crate) fn open(directory: &Path) -> Result<Opened, OpenError> {
    prove_writable(directory).map_err(|cause| unusable(directory, cause))?;
    let mark = HighWater::in_directory(directory);
    // The database panics on some damaged files instead of returning an error.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let rows = Rows::open(&directory.join("store"))?;
        let (commit, fleet) = rows.read()?;
        Ok((rows, commit, fleet))
    }));
    let panicked = |panic| Err(ReadError::Panicked(panic_text(panic)));
    let (rows, commit, fleet) =
        opened.unwrap_or_else(panicked).map_err(|error| refuse(directory, error))?;
    let acknowledged = mark.read().map_err(|cause| unusable(directory, cause))?;
    match acknowledged {
        Mark::Commit(acknowledged) if commit < acknowledged => {
            return Err(OpenError::LostCommits {
                path: directory.to_owned(),
                found: commit,
                acknowledged,
            });
        }
        Mark::Missing | Mark::Unreadable if commit > 0 => {
            return Err(OpenError::MarkLost { path: mark.path().to_owned(), found: commit });
        }
        // A crash between a commit and its mark leaves the mark behind: the commit is whole, it counts.
        Mark::Commit(_) | Mark::Missing | Mark::Unreadable => {}
    }
    mark.write(commit).map_err(|cause| unusable(directory, cause))?;
    Ok(Opened { rows, commit, fleet, mark })
}

fn prove_writable(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let probe = directory.join(".writable");
    File::create(&probe)?.sync_all()?;
    fs::remove_file(&probe)
}

fn unusable(directory: &Path, cause: io::Error) -> OpenError {
    OpenError::Directory { path: directory.to_owned(), cause }
}

fn refuse(directory: &Path, error: ReadError) -> OpenError {
    match error {
        ReadError::Database(fjall::Error::Locked) => OpenError::Locked(directory.to_owned()),
        ReadError::Database(fjall::Error::Io(cause)) if about_the_directory(cause.kind()) => {
            unusable(directory, cause)
        }
        error => OpenError::Damaged { path: directory.to_owned(), cause: Box::new(error) },
    }
}

/// Whether an error speaks of the place and not of what lies there.
fn about_the_directory(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as K;
    matches!(kind, K::PermissionDenied | K::ReadOnlyFilesystem | K::StorageFull | K::QuotaExceeded)
}

#[expect(clippy::needless_pass_by_value, reason = "the panic is used up")]
fn panic_text(panic: Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text").to_owned()
}

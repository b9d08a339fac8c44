//! Why a store does not open, in words that say what to do.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenRefusal {
    /// Another process has it.
    #[error(
        "the store directory {directory} is in use by process {holder}; stop that process or give this one another directory"
    )]
    InUse {
        /// Which directory.
        directory: PathBuf,
        /// The process id that its holder left, or `unknown`.
        holder: String,
    },
    /// The operating system refuses.
    #[error("the store directory {directory} cannot be used: {advice}")]
    Directory {
        /// Which directory.
        directory: PathBuf,
        /// What to do.
        advice: &'static str,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
    /// The database's files are damaged.
    #[error(
        "the store in {directory} is damaged ({damage}); restore the directory from a backup. Nothing was started and nothing acknowledged is hidden: the cell refuses rather than serve what is left"
    )]
    Damaged {
        /// Which directory.
        directory: PathBuf,
        /// What was found.
        damage: String,
    },
    /// The database opens, but what it promised is not all there.
    #[error(
        "the store in {directory} has lost acknowledged writes ({loss}); restore the directory from a backup. To go on without them on purpose, write the number {accept} into the file {directory}/accept-loss and start again"
    )]
    Lost {
        /// Which directory.
        directory: PathBuf,
        /// What is missing.
        loss: String,
        /// What an operator writes into `accept-loss` to go on without.
        accept: u64,
    },
}

impl OpenRefusal {
    pub(crate) fn io(directory: &Path, cause: io::Error) -> Self {
        Self::Directory { directory: directory.to_owned(), advice: advice(&cause), cause }
    }

    pub(crate) fn engine(directory: &Path, error: fjall::Error) -> Self {
        match error {
            fjall::Error::Io(cause) if is_environment(&cause) => Self::io(directory, cause),
            fjall::Error::Storage(fjall::LsmError::Io(cause)) if is_environment(&cause) => {
                Self::io(directory, cause)
            }
            fjall::Error::Locked => {
                Self::InUse { directory: directory.to_owned(), holder: "unknown".to_owned() }
            }
            error => Self::damaged(directory, &error),
        }
    }

    pub(crate) fn damaged(directory: &Path, damage: &dyn std::fmt::Display) -> Self {
        Self::Damaged { directory: directory.to_owned(), damage: damage.to_string() }
    }
}

/// Whether an error speaks of where the store lies and not of what is in it.
fn is_environment(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::NotADirectory
    )
}

/// What to do about an error of the operating system.
pub(crate) fn advice(cause: &io::Error) -> &'static str {
    match cause.kind() {
        ErrorKind::PermissionDenied => {
            "make it readable and writable for the user that runs the cell"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "it lies on a read-only file system; mount it writable or choose another directory"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk is full; free some space and start again, nothing acknowledged is lost"
        }
        ErrorKind::FileTooLarge => {
            "a limit on the size of files stops the writes; raise it and start again, nothing acknowledged is lost"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "its path leads to a file; choose a directory"
        }
        _ => "see the cause",
    }
}

#[cfg(test)]
mod tests {
    use std::{io::ErrorKind, path::Path};

    use super::OpenRefusal;

    #[test]
    fn every_refusal_names_the_directory_and_what_to_do() {
        for (kind, word) in [
            (ErrorKind::PermissionDenied, "writable for the user"),
            (ErrorKind::ReadOnlyFilesystem, "read-only"),
            (ErrorKind::StorageFull, "disk is full"),
        ] {
            let text = OpenRefusal::engine(Path::new("/cell/a"), fjall::Error::Io(kind.into()));
            let text = text.to_string();
            assert!(text.contains("/cell/a") && text.contains(word), "{text}");
        }
    }
}

//! Why a store does not open, and why a change does not happen.

use std::{io, path::PathBuf};

use base_fault::Fault;
use cp_model::Refusal;

/// Why the store does not open. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made, read or written.
    #[error(
        "cannot write to the data directory {path}; it must exist or be creatable, be writable, and have space left"
    )]
    Directory {
        /// The data directory.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// Another process has it open.
    #[error(
        "another control plane already uses the data directory {0}; stop it, or choose another directory"
    )]
    Locked(PathBuf),
    /// What is stored cannot be read.
    #[error("the store in {path} is damaged; put the whole directory back from a copy")]
    Damaged {
        /// The data directory.
        path: PathBuf,
        /// What was found.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store ends before a change that was acknowledged.
    #[error(
        "the store in {path} ends at commit {found}, but commit {acknowledged} was acknowledged: its tail is lost; put the \
         whole directory back from a copy"
    )]
    LostCommits {
        /// The data directory.
        path: PathBuf,
        /// Last commit in the database.
        found: u64,
        /// Last commit that was acknowledged.
        acknowledged: u64,
    },
    /// The high-water mark is missing or cannot be read, though the store holds commits.
    #[error(
        "{path} does not say which commit was acknowledged last, but the store ends at commit {found}; put the whole \
         directory back from a copy"
    )]
    MarkLost {
        /// The file with the mark.
        path: PathBuf,
        /// Last commit in the database.
        found: u64,
    },
}

/// Why a change does not happen.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed. Whether the change will be there after a restart is not known, and no other one is taken until then.
    #[error(transparent)]
    Broken(Fault),
}

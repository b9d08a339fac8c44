//! Why a store does not open, and why a change does not happen.

use std::{io, path::PathBuf};

use base_fault::Fault;
use cp_etcd::EtcdError;
use cp_model::Refusal;

use crate::Leader;

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
    /// etcd does not answer, or says no.
    #[error("the control plane's state cannot be read")]
    Etcd(#[source] EtcdError),
    /// What lies in etcd cannot be read.
    #[error(
        "the control plane's state in etcd ({at}) below {prefix} cannot be read; run the version that wrote it, or put it back from \
         a copy"
    )]
    Unreadable {
        /// Which members.
        at: String,
        /// How its keys begin.
        prefix: String,
        /// What was found.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
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
    /// This process does not lead the control plane, and only the leader changes anything.
    #[error("{}", not_leading(leader.as_ref()))]
    NotLeading {
        /// Who does, as far as it knows.
        leader: Option<Leader>,
    },
    /// The engine cannot be asked at present. Nothing is broken, and a later try may succeed; the fault's code says whether the change
    /// may have been made nevertheless.
    #[error(transparent)]
    Away(Fault),
}

fn not_leading(leader: Option<&Leader>) -> String {
    match leader {
        Some(leader) => format!("only the leading control plane changes anything: {leader} leads"),
        None => {
            "only the leading control plane changes anything, and at present none leads; try again"
                .to_owned()
        }
    }
}

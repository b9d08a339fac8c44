//! Why blobs cannot be reached, kept or read, in words that say which place, what was tried and what to check.

use std::{error::Error as _, io, path::PathBuf, time::Duration};

use base_fault::{Code, Fault};
use object_store::Error;

use crate::line::Refused;

/// When to try again what may be over soon.
const SOON: Duration = Duration::from_secs(2);
/// When to try again what only an operator can put right.
const LATER: Duration = Duration::from_mins(1);

/// Why the place of the blobs does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenRefusal {
    /// A setting is wrong.
    #[error("the place of the blobs is not set up right: {0}")]
    Settings(String),
    /// The directory cannot be used.
    #[error("the directory of the blobs, {}, cannot be used; check that it may be made, written and synced", .path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// The store answers, and refuses.
    #[error("blobs cannot be kept as it is set up")]
    Refused(#[source] Box<Trouble>),
}

/// What went wrong, for whoever is on duty.
#[derive(Debug, thiserror::Error)]
#[error("{tried} failed at {place}; check {check}")]
pub struct Trouble {
    place: String,
    tried: &'static str,
    check: &'static str,
    #[source]
    cause: Error,
}

/// What kind of trouble it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Credentials,
    Bucket,
    Full,
    Directory,
    Silent,
}

impl Trouble {
    pub(crate) fn new(place: &str, tried: &'static str, cause: Error) -> (Kind, Self) {
        let kind = Kind::of(&cause);
        (kind, Self { place: place.to_owned(), tried, check: kind.check(), cause })
    }
}

impl Kind {
    fn of(error: &Error) -> Self {
        if let Some(refused) = within::<Refused>(error) {
            return match refused {
                Refused::Credentials => Self::Credentials,
                Refused::Bucket => Self::Bucket,
            };
        }
        match within::<io::Error>(error).map(io::Error::kind) {
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => Self::Full,
            Some(_) if matches!(error, Error::Generic { store: "LocalFileSystem", .. }) => {
                Self::Directory
            }
            _ => Self::Silent,
        }
    }

    fn check(self) -> &'static str {
        match self {
            Self::Credentials => {
                "access_key, its secret, the clock, and that the key may read and write the prefix"
            }
            Self::Bucket => "that the bucket is there, and that its name is right",
            Self::Full => "how much room is left; it goes on by itself when there is some",
            Self::Directory => "that the directory may be written, and its disk",
            Self::Silent => "that the store runs, its address, and that no firewall is between",
        }
    }

    /// Whether the place answers, and waiting will not help.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Credentials | Self::Bucket)
    }
}

/// What of this type caused it.
fn within<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// A call to the place that failed, as a fault; clients hear no more than that it did.
pub(crate) fn failed(place: &str, tried: &'static str, error: Error) -> Fault {
    let (kind, trouble) = Trouble::new(place, tried, error);
    let after = if kind == Kind::Silent { SOON } else { LATER };
    let text = "the place of such files cannot be reached now; send the same request again in a while, which is harmless";
    Fault::downstream(Code::Unavailable, after, text).because(trouble)
}

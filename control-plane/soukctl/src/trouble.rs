//! Why a command could not do what it was asked, and the exit code that says so to scripts.

use tonic::{Code, Status};

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Somebody said no, or there is no such thing.
    Refused(String),
    /// The command line makes no sense.
    Usage(String),
    /// Somebody does not answer.
    Unreachable(String),
}

impl Trouble {
    pub(crate) const EXIT_REFUSED: u8 = 1;
    pub(crate) const EXIT_USAGE: u8 = 2;
    pub(crate) const EXIT_UNREACHABLE: u8 = 3;

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => Self::EXIT_REFUSED,
            Self::Usage(_) => Self::EXIT_USAGE,
            Self::Unreachable(_) => Self::EXIT_UNREACHABLE,
        }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Refused(text) | Self::Usage(text) | Self::Unreachable(text) => text,
        }
    }

    /// What went wrong without anybody being asked.
    pub(crate) fn of_fault(fault: &base_fault::Fault) -> Self {
        Self::Refused(base_fault::chain(fault))
    }

    /// What `who` answered when it did not answer well.
    pub(crate) fn of_status(who: &str, status: &Status) -> Self {
        let text = format!("{who}: {}", status.message());
        match status.code() {
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => {
                Self::Unreachable(format!("{who} cannot be reached: {}", root_cause(status)))
            }
            Code::InvalidArgument => Self::Usage(text),
            Code::Unimplemented => {
                Self::Refused(format!("{who} does not know this call; is it of an older version?"))
            }
            _ => Self::Refused(text),
        }
    }
}

/// Why the transport failed: its last word says the most, such as `Connection refused`.
fn root_cause(status: &Status) -> String {
    let Some(mut error) = std::error::Error::source(status) else {
        return status.message().to_owned();
    };
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

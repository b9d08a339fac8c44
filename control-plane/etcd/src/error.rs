//! What went wrong with etcd: which one, what was tried, why not, and what is to be looked at.

use tonic::{Code, Status};

/// Something that etcd did not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} failed at etcd ({at}): {why}; {}", kind.remedy())]
pub struct EtcdError {
    /// What sort of thing went wrong.
    pub kind: Kind,
    /// Which members were asked.
    pub at: String,
    /// What was tried.
    pub what: String,
    /// What was said or seen.
    pub why: String,
}

/// What sort of thing went wrong, as far as it matters for what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No answer, or none that counts: nobody can be reached, or there is no majority. A write may have happened.
    Away,
    /// Who asks is not let in, or may not do this.
    Denied,
    /// What was signed in with has run out; signing in again helps.
    SignedOut,
    /// The revision that was asked for is not kept any more.
    Compacted,
    /// Its database is full.
    Full,
    /// There is no such lease.
    NoLease,
    /// It will not do this, whoever asks.
    Refused,
    /// The settings cannot be used.
    Settings,
}

impl Kind {
    /// Whether another try, or another member, may do it.
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Away | Self::SignedOut)
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Away => {
                "see that it runs, that a majority of its members is up, and that these addresses can be reached from here"
            }
            Self::Denied => {
                "see that user and password_file are right and that the user's role may read and write the prefix"
            }
            Self::SignedOut => "signing in again should help; see that the user still exists",
            Self::Compacted => "read everything anew",
            Self::Full => {
                "compact and defragment it, raise its quota, then disarm the alarm (docs/operations/engines.md)"
            }
            Self::NoLease => "ask for another lease",
            Self::Refused => "see etcd's own log",
            Self::Settings => "see the section etcd of the settings",
        }
    }

    /// What etcd means by a status. Its texts are part of its protocol: clients of its own tell its errors apart by them.
    fn of(status: &Status) -> Self {
        let text = status.message();
        let says = |part: &str| text.contains(part);
        match status.code() {
            _ if says("compacted") => Self::Compacted,
            _ if says("database space exceeded") => Self::Full,
            _ if says("invalid auth token") || says("auth store is old") => Self::SignedOut,
            _ if says("requested lease not found") => Self::NoLease,
            _ if says("user ID or password") || says("user name is empty") => Self::Denied,
            _ if says("authentication is not enabled") => Self::Denied,
            Code::PermissionDenied | Code::Unauthenticated => Self::Denied,
            Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::NotFound
            | Code::AlreadyExists
            | Code::Unimplemented => Self::Refused,
            _ => Self::Away,
        }
    }
}

impl EtcdError {
    pub(crate) fn of(status: &Status, what: &str, at: &str) -> Self {
        Self {
            kind: Kind::of(status),
            at: at.to_owned(),
            what: what.to_owned(),
            why: chain(status),
        }
    }

    pub(crate) fn settings(at: &str, why: impl Into<String>) -> Self {
        let what = "setting up the line".to_owned();
        Self { kind: Kind::Settings, at: at.to_owned(), what, why: why.into() }
    }
}

/// What a status says, with the cause that the transport knows.
fn chain(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut cause = std::error::Error::source(status);
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Status};

    use super::{EtcdError, Kind};

    #[test]
    fn an_error_says_which_etcd_what_was_tried_why_not_and_what_to_check() {
        let status = Status::unavailable("tcp connect error");
        let error = EtcdError::of(&status, "a read", "10.0.0.1:2379, 10.0.0.2:2379");
        let text = error.to_string();
        let begin = "a read failed at etcd (10.0.0.1:2379, 10.0.0.2:2379): tcp connect error; see that it runs";
        assert!(text.starts_with(begin), "{text}");
    }

    #[test]
    fn what_etcd_says_is_told_apart() {
        let kind = |code, text: &str| Kind::of(&Status::new(code, text));
        let compacted = "etcdserver: mvcc: required revision has been compacted";
        assert_eq!(kind(Code::OutOfRange, compacted), Kind::Compacted);
        let full = "etcdserver: mvcc: database space exceeded";
        assert_eq!(kind(Code::ResourceExhausted, full), Kind::Full);
        assert_eq!(kind(Code::ResourceExhausted, "etcdserver: too many requests"), Kind::Away);
        let wrong = "etcdserver: authentication failed, invalid user ID or password";
        assert_eq!(kind(Code::InvalidArgument, wrong), Kind::Denied);
        assert_eq!(kind(Code::Unauthenticated, "etcdserver: invalid auth token"), Kind::SignedOut);
        assert_eq!(kind(Code::Unavailable, "etcdserver: no leader"), Kind::Away);
        assert_eq!(kind(Code::NotFound, "etcdserver: requested lease not found"), Kind::NoLease);
        assert!(Kind::Away.may_pass() && !Kind::Denied.may_pass());
    }
}

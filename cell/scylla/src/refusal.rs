//! Why a keyspace does not open, in words that say what to check.

use base_fault::Retry;
use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError,
    MetadataError, NewSessionError,
};

use crate::outcome;

/// Why a keyspace does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenRefusal {
    /// A setting is wrong.
    #[error("the engine is not set up right: {0}")]
    Settings(String),
    /// No node answers.
    #[error(
        "no node of ScyllaDB or Cassandra answers at {nodes}; check that the engine runs, that the addresses are right and that no firewall is between"
    )]
    Unreachable {
        /// Which were tried.
        nodes: String,
        /// What the driver said.
        #[source]
        cause: Box<NewSessionError>,
    },
    /// The user or the password is wrong.
    #[error("ScyllaDB or Cassandra at {nodes} refuses {who}; check `user` and `password`")]
    Credentials {
        /// Which were tried.
        nodes: String,
        /// As whom.
        who: String,
        /// What the driver said.
        #[source]
        cause: Box<NewSessionError>,
    },
    /// The keyspace was laid out by a newer build.
    #[error(
        "the keyspace {keyspace} at {nodes} has schema {found} and this build knows {known}; start a build that is at least as new as the one that ran before"
    )]
    Newer {
        /// Which.
        keyspace: String,
        /// Where.
        nodes: String,
        /// What is there.
        found: i32,
        /// What this build knows.
        known: i32,
    },
    /// The keyspace cannot be laid out.
    #[error(
        "the keyspace {keyspace} at {nodes} cannot be {what}; check that the user may and that enough nodes live"
    )]
    Schema {
        /// Which.
        keyspace: String,
        /// Where.
        nodes: String,
        /// What was tried.
        what: &'static str,
        /// Why not.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// All numbers of pods are taken.
    #[error(
        "all {0} places for processes of this cell are taken; is the keyspace shared by several cells?"
    )]
    Crowded(i32),
    /// A first step failed.
    #[error(transparent)]
    Fault(#[from] base_fault::Fault),
}

impl OpenRefusal {
    /// Whether a start a moment later may go well: the engine is not there, or has too much to do.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Schema { cause, .. } => {
                cause.downcast_ref::<ExecutionError>().is_some_and(outcome::is_passing)
            }
            Self::Fault(fault) => fault.retry() != Retry::Never,
            _ => false,
        }
    }

    pub(crate) fn session(nodes: &str, user: Option<&str>, cause: NewSessionError) -> Self {
        let (nodes, cause_says) = (nodes.to_owned(), is_about_credentials(&cause));
        let cause = Box::new(cause);
        if cause_says {
            let who = user.map_or("whoever has no user".to_owned(), |user| format!("user {user}"));
            Self::Credentials { nodes, who, cause }
        } else {
            Self::Unreachable { nodes, cause }
        }
    }
}

/// Whether the engine answered, but not to this user.
fn is_about_credentials(error: &NewSessionError) -> bool {
    let NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
        ConnectionPoolError::Broken { last_connection_error },
    )) = error
    else {
        return false;
    };
    let ConnectionError::ConnectionSetupRequestError(setup) = last_connection_error else {
        return false;
    };
    matches!(
        setup.error,
        ConnectionSetupRequestErrorKind::DbError(
            DbError::AuthenticationError | DbError::Unauthorized,
            _
        ) | ConnectionSetupRequestErrorKind::StartAuthSessionError(_)
            | ConnectionSetupRequestErrorKind::MissingAuthentication
            | ConnectionSetupRequestErrorKind::AuthFinishError(_)
    )
}

#[cfg(test)]
mod tests {
    use scylla::{
        errors::{DbError, ExecutionError, RequestAttemptError, WriteType},
        statement::Consistency,
    };

    use super::OpenRefusal;

    fn says(error: DbError) -> OpenRefusal {
        let error: ExecutionError = RequestAttemptError::DbError(error, String::new()).into();
        OpenRefusal::Schema {
            keyspace: "souk".to_owned(),
            nodes: "a:1".to_owned(),
            what: "laid out",
            cause: Box::new(error),
        }
    }

    #[test]
    fn an_engine_that_is_late_passes_and_one_that_says_no_does_not() {
        let late = DbError::WriteTimeout {
            consistency: Consistency::LocalSerial,
            received: 0,
            required: 1,
            write_type: WriteType::Cas,
        };
        assert!(says(late).is_passing() && says(DbError::IsBootstrapping).is_passing());
        assert!(!says(DbError::Unauthorized).is_passing() && !says(DbError::Invalid).is_passing());
        assert!(!OpenRefusal::Crowded(1).is_passing());
    }
}

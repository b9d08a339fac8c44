//! How a call to the engine ended, when it did not end well: not applied for certain, or nobody knows.

use scylla::errors::{DbError, ExecutionError, RequestAttemptError};

/// What is known of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing of it was or will be applied.
    NotApplied,
    /// It may have been applied, or may still be.
    Unknown,
}

/// Reads an error. Whatever is not known to leave nothing behind is unknown.
pub(crate) fn of(error: &ExecutionError) -> Ended {
    match error {
        ExecutionError::BadQuery(_)
        | ExecutionError::EmptyPlan
        | ExecutionError::PrepareError(_)
        | ExecutionError::ConnectionPoolError(_) => Ended::NotApplied,
        ExecutionError::LastAttemptError(attempt) => of_attempt(attempt),
        _ => Ended::Unknown,
    }
}

/// Whether the same may succeed a moment later.
pub(crate) fn is_passing(error: &ExecutionError) -> bool {
    let says = match error {
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(says, _)) => Some(says),
        _ => None,
    };
    of(error) == Ended::Unknown
        || matches!(error, ExecutionError::ConnectionPoolError(_))
        || matches!(says, Some(DbError::Unavailable { .. } | DbError::IsBootstrapping))
}

fn of_attempt(error: &RequestAttemptError) -> Ended {
    match error {
        RequestAttemptError::SerializationError(_)
        | RequestAttemptError::CqlRequestSerialization(_)
        | RequestAttemptError::UnableToAllocStreamId => Ended::NotApplied,
        RequestAttemptError::DbError(error, _) => of_server(error),
        _ => Ended::Unknown,
    }
}

/// `Unavailable` is said before anything is sent to a replica; a time-out or a failure only after.
fn of_server(error: &DbError) -> Ended {
    match error {
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::AuthenticationError
        | DbError::Unauthorized
        | DbError::ConfigError
        | DbError::IsBootstrapping
        | DbError::Unavailable { .. }
        | DbError::Unprepared { .. }
        | DbError::ProtocolError => Ended::NotApplied,
        _ => Ended::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use scylla::{
        errors::{DbError, ExecutionError, RequestAttemptError, WriteType},
        statement::Consistency,
    };

    use super::{Ended, of};

    fn said(error: DbError) -> ExecutionError {
        RequestAttemptError::DbError(error, "in the engine's words".to_owned()).into()
    }

    #[test]
    fn a_time_out_is_unknown_and_a_refusal_is_not() {
        let consistency = Consistency::LocalQuorum;
        let (received, required) = (1, 2);
        let timed_out =
            |write_type| DbError::WriteTimeout { consistency, received, required, write_type };
        let failed = DbError::WriteFailure {
            consistency,
            received,
            required,
            numfailures: 1,
            write_type: WriteType::Cas,
        };
        let read = DbError::ReadTimeout { consistency, received, required, data_present: false };
        let away = DbError::Unavailable { consistency, required, alive: 1 };
        for (error, ended) in [
            (said(timed_out(WriteType::Cas)), Ended::Unknown),
            (said(timed_out(WriteType::Simple)), Ended::Unknown),
            (said(failed), Ended::Unknown),
            (said(read), Ended::Unknown),
            (said(DbError::ServerError), Ended::Unknown),
            (said(DbError::Overloaded), Ended::Unknown),
            (ExecutionError::RequestTimeout(Duration::from_secs(1)), Ended::Unknown),
            (said(away), Ended::NotApplied),
            (said(DbError::Invalid), Ended::NotApplied),
            (said(DbError::Unauthorized), Ended::NotApplied),
            (said(DbError::IsBootstrapping), Ended::NotApplied),
            (RequestAttemptError::UnableToAllocStreamId.into(), Ended::NotApplied),
            (ExecutionError::EmptyPlan, Ended::NotApplied),
        ] {
            assert_eq!(of(&error), ended, "{error}");
        }
    }
}

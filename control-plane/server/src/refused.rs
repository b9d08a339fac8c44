//! Why nothing changes, as a status of gRPC.

use cp_model::Refusal;
use cp_store::ChangeError;
use tonic::Status;

/// The status that says so, with the whole chain of reasons.
pub(crate) fn refused(error: &ChangeError) -> Status {
    let text = base_fault::chain(error);
    match error {
        ChangeError::Refused(Refusal::Lost { .. }) => Status::aborted(text),
        ChangeError::Refused(Refusal::AlreadyHeld { .. }) => Status::already_exists(text),
        ChangeError::Refused(
            Refusal::UnknownCell(_) | Refusal::NotHeld(_) | Refusal::NobodyOwns(_),
        ) => Status::failed_precondition(text),
        ChangeError::Refused(Refusal::KeyTwice { .. }) => Status::invalid_argument(text),
        ChangeError::Refused(Refusal::TooManyCells(_)) => Status::resource_exhausted(text),
        ChangeError::Broken(_) => Status::internal(text),
    }
}

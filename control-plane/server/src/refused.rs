//! Why nothing changes, as a status of gRPC.

use cp_model::Refusal;
use cp_store::ChangeError;
use souk_proto_fleet::not_leading;
use tonic::{Code, Status};

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
        ChangeError::Refused(Refusal::TooManyCells(_) | Refusal::TooManyPods { .. }) => {
            Status::resource_exhausted(text)
        }
        ChangeError::Broken(_) => Status::internal(text),
        ChangeError::NotLeading { leader: Some(leader) } => not_leading(&leader.address, text),
        ChangeError::NotLeading { leader: None } => Status::unavailable(text),
        ChangeError::Away(fault) => Status::new(Code::from_i32(fault.code().status().grpc()), text),
    }
}

//! May a payment be opened, taken, let go? And what then happens.

mod ask;
mod follow;

use base_fault::Status as Class;
use base_ids::ResourceId;
use cell_kernel::Asked;

use crate::{command::Command, event::Event, state::State};

type Decided = Result<Vec<Event>, Refusal>;

/// Payments saying no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such payment.
    #[error("there is no payment `{0}` here")]
    PaymentUnknown(ResourceId),
    /// The payment has no such share.
    #[error("the payment has no share of `{0}`")]
    ShareUnknown(ResourceId),
}

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::PaymentUnknown(_) => "payment_unknown",
            Self::ShareUnknown(_) => "payment_share_unknown",
        }
    }

    fn status(&self) -> Class {
        Class::NotFound
    }
}

/// What was asked happens, and then whatever follows from how things stand: the same whichever of two words came first.
pub(crate) fn decide(state: &State, command: &Command, asked: &Asked) -> Decided {
    let events = ask::decide(state, &command.payment, &command.ask, asked.at)?;
    if events.is_empty() {
        return Ok(events);
    }
    Ok(follow::follow(state.clone(), events, asked.at))
}

//! May a group or a child order change, and what then happens?

mod child;
mod group;

use base_fault::Status as Class;
use base_ids::ResourceId;
use cell_kernel::{Asked, Problem};

use crate::{
    command::{Command, Status},
    event::Event,
    facts::Config,
    state::State,
};

/// Orders saying no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such order.
    #[error("there is no order `{0}` here")]
    OrderUnknown(ResourceId),
    /// The order has no such part.
    #[error("the order has no part `{0}`")]
    PartUnknown(ResourceId),
    /// The payment is still being settled.
    #[error("the order is still being paid for; cancel its checkout instead")]
    OrderBeingPlaced,
    /// What was asked does not follow on what the order is.
    #[error("the order is {}; {wanted} is possible only while it is {}", status.as_str(), names(from))]
    StatusConflict {
        /// What the order is.
        status: Status,
        /// What was asked.
        wanted: &'static str,
        /// What it would have to be.
        from: &'static [Status],
    },
    /// Some parts have left.
    #[error("{} of the parts cannot be cancelled any more", .0.len())]
    PartsLeft(Vec<(ResourceId, Status)>),
}

fn names(statuses: &[Status]) -> String {
    statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(" or ")
}

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::OrderUnknown(_) => "order_unknown",
            Self::PartUnknown(_) => "order_part_unknown",
            Self::OrderBeingPlaced => "order_being_placed",
            Self::StatusConflict { .. } => "order_status_conflict",
            Self::PartsLeft(_) => "order_not_cancellable",
        }
    }

    fn status(&self) -> Class {
        match self {
            Self::OrderUnknown(_) | Self::PartUnknown(_) => Class::NotFound,
            _ => Class::FailedPrecondition,
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let Self::PartsLeft(parts) = self else { return Vec::new() };
        let problem = |(order, status): &(ResourceId, Status)| Problem {
            code: self.code().to_owned(),
            subject: order.to_string(),
            text: format!("it is {} and stays so", status.as_str()),
        };
        parts.iter().map(problem).collect()
    }
}

pub(crate) fn decide(
    state: &State,
    command: &Command,
    terms: Config,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Group { group, ask } => group::decide(state, group, ask, terms, asked.at),
        Command::Child { order, ask } => child::decide(state, order, ask, asked.at),
    }
}

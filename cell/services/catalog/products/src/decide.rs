//! May a record, an offer, an import change, may a vendor sell so? And what then happens.

mod import;
mod offer;
mod product;
mod quote;

use base_fault::Status;
use base_ids::{ResourceId, Tenant};
use cell_kernel::Asked;

use crate::{
    command::{Command, ProductId},
    event::Event,
    facts::Facts,
    state::{ChangeStage, Stage, State},
};

/// Products saying no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody has said what the product is.
    #[error("nobody has proposed the product {0} yet; send its details")]
    ProductUnknown(ProductId),
    /// The record lives in another shard.
    #[error("the record of {product} lives at `{shard}`")]
    ProductElsewhere {
        /// Which.
        product: ProductId,
        /// Where.
        shard: Tenant,
    },
    /// What was asked does not follow on what the record is.
    #[error("the product is {}; {wanted} is possible only while it is {from}", stage.as_str())]
    ProductStage {
        /// What the record is.
        stage: Stage,
        /// What was asked.
        wanted: &'static str,
        /// What it would have to be.
        from: &'static str,
    },
    /// The change is based on an older revision.
    #[error("the record has revision {0}; read it again, and base the change on that")]
    ProductChanged(u64),
    /// Too many changes wait for an answer.
    #[error("{max} changes of the record wait for an answer already", max = CHANGES_MAX)]
    ChangesFull,
    /// There is no such change.
    #[error("the record has no change `{0}`")]
    ChangeUnknown(ResourceId),
    /// The change has ended.
    #[error("the change is {}", .0.as_str())]
    ChangeEnded(ChangeStage),
    /// There is no such offer.
    #[error("there is no offer `{0}`")]
    OfferUnknown(ResourceId),
    /// There is one already.
    #[error("there is an offer `{0}` already; change it, or use another SKU")]
    OfferExists(ResourceId),
    /// It has ended.
    #[error("the offer `{0}` was withdrawn; make another one")]
    OfferWithdrawn(ResourceId),
}

/// Most changes of one record that wait for an answer.
pub(crate) const CHANGES_MAX: usize = 20;

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::ProductUnknown(_) => "product_unknown",
            Self::ProductElsewhere { .. } => "product_elsewhere",
            Self::ProductStage { .. } => "product_state_conflict",
            Self::ProductChanged(_) => "product_changed",
            Self::ChangesFull => "product_changes_full",
            Self::ChangeUnknown(_) => "product_change_unknown",
            Self::ChangeEnded(_) => "product_change_ended",
            Self::OfferUnknown(_) => "offer_unknown",
            Self::OfferExists(_) => "offer_exists",
            Self::OfferWithdrawn(_) => "offer_withdrawn",
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::ProductUnknown(_) | Self::ChangeUnknown(_) | Self::OfferUnknown(_) => {
                Status::NotFound
            }
            Self::ProductElsewhere { .. } => Status::InvalidArgument,
            Self::ProductChanged(_) => Status::Aborted,
            Self::OfferExists(_) => Status::AlreadyExists,
            Self::ProductStage { .. } | Self::ChangeEnded(_) | Self::OfferWithdrawn(_) => {
                Status::FailedPrecondition
            }
            Self::ChangesFull => Status::ResourceExhausted,
        }
    }
}

pub(crate) fn decide(
    state: &State,
    command: &Command,
    facts: &Facts,
    asked: &Asked,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Product { product, ask } => product::decide(state, product, ask, asked),
        Command::Offer { offer, ask } => offer::decide(state, offer, ask, facts.product_known),
        Command::Import { import, ask } => Ok(import::decide(state, import, ask, asked.at)),
        Command::Quote { quote, reply, lines } => {
            Ok(quote::decide(state, (quote, reply), lines, facts, asked))
        }
    }
}

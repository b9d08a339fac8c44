//! May an offer change, may a vendor sell so? And what then happens.

mod offer;
mod quote;

use base_fault::Status;
use base_ids::ResourceId;
use cell_kernel::Asked;
use cell_words::ProductId;

use crate::{command::Command, event::Event, facts::Facts, state::State};

/// Offers saying no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody has said what the product is.
    #[error("nobody has proposed the product {0} yet; send its details")]
    ProductUnknown(ProductId),
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

impl cell_kernel::Refusal for Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::ProductUnknown(_) => "product_unknown",
            Self::OfferUnknown(_) => "offer_unknown",
            Self::OfferExists(_) => "offer_exists",
            Self::OfferWithdrawn(_) => "offer_withdrawn",
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::ProductUnknown(_) | Self::OfferUnknown(_) => Status::NotFound,
            Self::OfferExists(_) => Status::AlreadyExists,
            Self::OfferWithdrawn(_) => Status::FailedPrecondition,
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
        Command::Offer { offer, ask } => offer::decide(state, offer, ask, facts.product_known),
        Command::Quote { quote, reply, lines } => {
            Ok(quote::decide(state, (quote, reply), lines, facts, asked))
        }
    }
}

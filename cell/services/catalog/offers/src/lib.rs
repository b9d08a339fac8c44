//! Offers: what a vendor sells and for how much, and what it quotes to a checkout.
//!
//! # Owns
//! At a vendor two kinds of streams, told apart by their key: `offer-<sku>`, what it sells of one product; `quote-<id>`, what it has
//! told one checkout. They are one service because a quote is made of offers as they are at that moment.
//!
//! # Promises
//! - Invariant offer-1: a price is more than nothing, and its version grows by one with each change.
//! - Invariant offer-2: only an active offer of an open seller on a published product is quoted, at exactly its price.
//! - Invariant seller-1: while its seller is closed, nothing is quoted.
//! - A line of an import always ends, and the import is told how.
//!
//! # Hears
//! From checkout `QuoteOffers`; from the vendor's imports `CarryOutLine`.
//!
//! # Tells
//! Everyone: `OfferPublished`. Checkout: `OffersQuoted` or `OffersNotQuoted`. The product's shard: `ProposeProduct`, with the first
//! offer of what nobody knows. Inventory: `BookStock`. The import: `LineCarriedOut`.
//!
//! # Never
//! Changes a price that a quote has frozen. Says what a product is, where somebody has said so before.

mod announce;
pub mod api;
pub mod command;
mod decide;
pub mod event;
pub mod facts;
mod listen;
pub mod state;
#[cfg(test)]
mod tests;
pub mod view;
pub mod wire;

use std::sync::Arc;

use cell_kernel::{Asked, Decider, Reading, ServiceSpec};

pub use command::Command;
pub use decide::Refusal;
pub use event::Event;
pub use facts::{Facts, ProductNow, ProductOf, SellerTerms, Terms};
pub use state::State;

/// The service's rules.
pub struct Offers;

impl Offers {
    /// What the keys of offers' streams begin with.
    const OFFER: &'static str = "offer-";
    /// What the keys of quotes' streams begin with.
    const QUOTE: &'static str = "quote-";
}

impl Decider for Offers {
    const SERVICE: &'static str = "offers";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = Facts;
    type Refusal = Refusal;

    fn stream(command: &Command) -> String {
        match command {
            Command::Offer { offer, .. } => format!("{}{offer}", Self::OFFER),
            Command::Quote { quote, .. } => format!("{}{quote}", Self::QUOTE),
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        state.evolve(event);
    }

    fn decide(
        state: &State,
        command: &Command,
        facts: &Facts,
        asked: &Asked,
    ) -> Result<Vec<Event>, Refusal> {
        decide::decide(state, command, facts, asked)
    }
}

/// The service, ready to run; `reading` reads the cell's rows, `products` knows the catalogue, `terms` on which terms a vendor sells.
pub fn spec(
    reading: Reading,
    products: Arc<dyn ProductOf>,
    terms: Arc<dyn SellerTerms>,
) -> ServiceSpec<Offers> {
    ServiceSpec::new(facts::Ports { reading, products, terms }, api::api())
        .view::<view::Offers>()
        .announce(announce::announce)
        .listen(listen::listener())
}

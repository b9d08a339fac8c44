//! Products: one shared record per ISBN or EAN, and the offers of many vendors on it.
//!
//! # Owns
//! Four kinds of streams, told apart by their key. At a shard of the catalogue (`platform/catalog-…`) `product-<ean>`, the shared
//! record. At a vendor `offer-<sku>`, what it sells and for how much; `import-<id>`, a file of offers on its way; `quote-<id>`,
//! what it has told one checkout. They are one service because they speak one language and share what a product is; a stream is one
//! kind for ever, and none reads another's state.
//!
//! # Promises
//! - Invariant product-1: one record per EAN, whoever proposes it and however often.
//! - Invariant product-2: a record changes only by an approved change of the revision that it has; of two that are based on one
//!   revision, at most one is approved, and the other is told so.
//! - Invariant offer-1: a price is more than nothing, and its version grows by one with each change.
//! - Invariant offer-2: only an active offer of an open seller on a published product is quoted, at exactly its price.
//! - Invariant import-1: each line of an import ends exactly once: created, updated, unchanged or failed. None stops another.
//!
//! # Hears
//! From checkout `QuoteOffers`; a shard from vendors `ProposeProduct`; from itself `CarryOutLine`, `LineCarriedOut`.
//!
//! # Tells
//! Everyone: `ProductPublished`, `OfferPublished`. Checkout: `OffersQuoted` or `OffersNotQuoted`. Inventory: `BookStock`.
//!
//! # Never
//! Lets a vendor write a shared record. Changes a price that a quote has frozen.

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
pub use facts::{Facts, SellerTerms, Terms};
pub use state::State;
pub use view::snapshot::{Availability, OfferSnapshot, offer_snapshot};

/// The service's rules.
pub struct Products;

impl Decider for Products {
    const SERVICE: &'static str = "products";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = Facts;
    type Refusal = Refusal;

    fn stream(command: &Command) -> String {
        match command {
            Command::Product { product, .. } => format!("product-{product}"),
            Command::Offer { offer, .. } => format!("offer-{offer}"),
            Command::Import { import, .. } => format!("import-{import}"),
            Command::Quote { quote, .. } => format!("quote-{quote}"),
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

/// The service, ready to run; `reading` reads the cell's rows, `terms` says on which terms a vendor sells.
pub fn spec(reading: Reading, terms: Arc<dyn SellerTerms>) -> ServiceSpec<Products> {
    ServiceSpec::new(facts::Ports::new(reading, terms), api::api())
        .view::<view::Records>()
        .view::<view::Changes>()
        .view::<view::Offers>()
        .view::<view::Imports>()
        .view::<view::ImportLines>()
        .replica::<view::everywhere::ProductsEverywhere>()
        .replica::<view::everywhere::ProductIndex>()
        .replica::<view::everywhere::OffersEverywhere>()
        .replica::<view::everywhere::SellersEverywhere>()
        .replica::<view::everywhere::StockEverywhere>()
        .announce(announce::announce)
        .listen(listen::listener())
}

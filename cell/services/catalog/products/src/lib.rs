//! Products: one shared record per ISBN or EAN, and the catalogue that every cell has of them.
//!
//! # Owns
//! At a shard of the catalogue (`platform/catalog-…`) the streams `product-<ean>`: what a product is, whether it may be sold, and the
//! changes that were proposed. In every cell the catalogue: all products with the offers on them, their sellers and their stock, as
//! far as those have been told; `offers`, `sellers` and `inventory` own the truth of it.
//!
//! # Promises
//! - Invariant product-1: one record per EAN, whoever proposes it and however often.
//! - Invariant product-2: a record changes only by an approved change of the revision that it has; of two that are based on one
//!   revision, at most one is approved, and the other is told so.
//! - News that comes late or twice changes nothing in the catalogue.
//!
//! # Hears
//! A shard from vendors' offers `ProposeProduct`. Every cell `ProductPublished`, `OfferPublished`, `SellerPublished`,
//! `AvailabilityChanged`.
//!
//! # Tells
//! Everyone: `ProductPublished`.
//!
//! # Never
//! Lets a vendor write a shared record.

mod announce;
pub mod api;
pub mod command;
mod decide;
pub mod event;
mod listen;
pub mod state;
#[cfg(test)]
mod tests;
pub mod view;
pub mod wire;

use cell_kernel::{Asked, Decider, NoFacts, ServiceSpec};

pub use command::Command;
pub use decide::Refusal;
pub use event::Event;
pub use state::State;
pub use view::{
    ProductRow,
    everywhere::Availability,
    snapshot::{OfferSnapshot, offer_snapshot, product},
};

/// The service's rules.
pub struct Products;

impl Decider for Products {
    const SERVICE: &'static str = "products";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = ();
    type Refusal = Refusal;

    fn stream(command: &Command) -> String {
        format!("product-{}", command.product)
    }

    fn evolve(state: &mut State, event: &Event) {
        state.evolve(event);
    }

    fn decide(
        state: &State,
        command: &Command,
        (): &(),
        asked: &Asked,
    ) -> Result<Vec<Event>, Refusal> {
        decide::decide(state, command, asked)
    }
}

/// The service, ready to run.
pub fn spec() -> ServiceSpec<Products> {
    ServiceSpec::new(NoFacts, api::api())
        .view::<view::Records>()
        .view::<view::Changes>()
        .replica::<view::everywhere::ProductsEverywhere>()
        .replica::<view::everywhere::ProductIndex>()
        .replica::<view::everywhere::OffersEverywhere>()
        .replica::<view::everywhere::SellersEverywhere>()
        .replica::<view::everywhere::StockEverywhere>()
        .announce(announce::announce)
        .listen(listen::listener())
}

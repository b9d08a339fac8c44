//! Carts: a basket over many vendors that tells the truth about price and stock.
//!
//! # Owns
//! Per user (guest or registered) and cart, one stream: rounds of lines. A round that was bought or handed over is history; the
//! next line opens a new one. The usual cart is `main`.
//!
//! # Promises
//! - Invariant cart-1: an offer is in a round at most once, with a quantity of 1 to 99; a round has at most 100 lines of at most
//!   30 vendors, in one currency.
//! - Invariant cart-2: a price in a cart was read from its offer, never sent by a client.
//! - Invariant cart-3: one checkout at a time may buy a cart, and exactly the revision that its buyer saw.
//! - Invariant cart-4: a guest's round is merged at most once, whatever is asked twice or arrives late.
//!
//! # Hears
//! From the user's checkouts: `ClaimCart`, `ReleaseCart`, `ConvertCart`. From another cart: `HandOverCart`, `CartHandedOver`.
//!
//! # Tells
//! The checkout that asked: `CartClaimed` or `CartRefused`. A guest's cart: `HandOverCart`. The user's cart: `CartHandedOver`.
//!
//! # Never
//! Changes while a checkout is buying it. Forgets a line because its offer is gone: it says so.

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

use cell_kernel::{Asked, Decider, ServiceSpec};

pub use command::Command;
pub use decide::Refusal;
pub use event::Event;
pub use facts::{Facts, OfferNow, OffersOf};
pub use state::State;

/// The service's rules.
pub struct Carts;

impl Decider for Carts {
    const SERVICE: &'static str = "carts";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = Facts;
    type Refusal = Refusal;

    fn stream(command: &Command) -> String {
        command.cart().to_string()
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

/// The service, ready to run; `offers` says how offers are today.
pub fn spec(offers: Arc<dyn OffersOf>) -> ServiceSpec<Carts> {
    ServiceSpec::new(facts::Ports::new(Arc::clone(&offers)), api::api(offers))
        .view::<view::Carts>()
        .view::<view::Rounds>()
        .announce(announce::announce)
        .listen(listen::listener())
}

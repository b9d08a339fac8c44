//! Checkout: the durable saga from cart to paid, split orders.
//!
//! # Owns
//! Per buyer and purchase, one stream: a session that goes `open → claiming → asking → authorising → placing → committing →
//! capturing → completed`, or from any of them `→ undoing → failed | cancelled`. Its id is the replay key of everything that it
//! asks of others: payment and order group have the same id, and each vendor's quote, reservation and child order are
//! `<checkout>-<n>`. Each stage is one event; what is asked of others is committed with it, so a crash after any step loses nothing
//! and repeats nothing.
//!
//! # Promises
//! - Invariant checkout-1: a session places at most one order group.
//! - Invariant checkout-2: no money without an order: what is captured is the total of a completed session, or it is let go.
//! - Invariant checkout-3: no stock is held for a session that has ended without an order, and none is sold without one.
//! - Invariant checkout-4: every session reaches an end, whatever is lost, late, repeated or overtaken.
//!
//! # Hears
//! Carts: `CartClaimed`, `CartRefused`. Vendors: `OffersQuoted`, `OffersNotQuoted`, `StockReserved`, `StockRefused`,
//! `CommitOutcome`. Payments: `PaymentOutcome`. Orders: `GroupPlaced`. Itself: `WaitOver`.
//!
//! # Tells
//! Forward: `ClaimCart`; `QuoteOffers` and `ReserveStock` to every vendor at once; `AuthorisePayment`; `ExtendReservation`;
//! `PlaceGroup`; `CommitReservation`; `CapturePayment`; `ConfirmGroup` and `ConvertCart`. Back: `CancelGroup`,
//! `ReleaseReservation`, `VoidPayment`, `ReleaseCart`.
//!
//! # Never
//! Asks twice. Takes money before every vendor's stock is sold to the buyer. Waits without a deadline. Goes back on an end.

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
pub use facts::{CartNow, CartOf, Facts, Waits};
pub use state::State;

/// The service's rules.
pub struct Checkout;

impl Decider for Checkout {
    const SERVICE: &'static str = "checkout";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = Facts;
    type Refusal = Refusal;

    fn stream(command: &Command) -> String {
        command.checkout.to_string()
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

/// The service, ready to run; `carts` says what is in a cart today, `waits` how long what is waited for.
pub fn spec(carts: Arc<dyn CartOf>, waits: Waits) -> ServiceSpec<Checkout> {
    ServiceSpec::new(facts::Ports { carts, waits }, api::api())
        .view::<view::Checkouts>()
        .announce(announce::announce)
        .listen(listen::listener())
}

//! Inventory: can it be promised, and to whom was it.
//!
//! # Owns
//! Per vendor, one stream: how much of each offer is on hand at each location, how much of it is promised until a deadline
//! (*reserved*) and how much is sold but not yet shipped (*allocated*). One stream per vendor makes "all lines of one vendor, or
//! none" a single decision.
//!
//! # Promises
//! - Invariant stock-1: `available = on hand − allocated − reserved` is never negative, for any offer at any location.
//! - Invariant stock-2: a reservation ends exactly once: released, expired or shipped.
//! - Invariant stock-3: on hand + shipped = received + adjusted, per offer.
//! - A reservation that was released before it was asked for is never granted.
//!
//! # Hears
//! `BookStock`, `ReserveStock`, `ExtendReservation`, `CommitReservation`, `ReleaseReservation`, `ShipReservation`; and from itself
//! `ReservationDue`.
//!
//! # Tells
//! Whoever asked: `StockReserved` or `StockRefused`, and `CommitOutcome`. Everyone: `AvailabilityChanged`.
//!
//! # Never
//! Promises part of what was asked. Lets a deadline pass by deleting something: expiry is a command.

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

/// The service's rules.
pub struct Inventory;

impl Decider for Inventory {
    const SERVICE: &'static str = "inventory";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = ();
    type Refusal = Refusal;

    fn stream(_: &Command) -> String {
        "stock".to_owned()
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
pub fn spec() -> ServiceSpec<Inventory> {
    ServiceSpec::new(NoFacts, api::api())
        .view::<view::StockLevels>()
        .view::<view::Movements>()
        .announce(announce::announce)
        .listen(listen::listener())
}

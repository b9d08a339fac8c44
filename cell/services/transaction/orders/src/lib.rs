//! Orders: what was sold, one child order per vendor under one group.
//!
//! # Owns
//! Two kinds of streams, told apart by their key: at the buyer `group-<id>`, what was bought in one checkout; at each vendor
//! `child-<id>`, that vendor's share of it. They are one service, not two, because they speak one language of messages to each
//! other and share what is frozen at placement; a stream is one kind for ever, and neither reads the other's state.
//! The child order is the authority on what becomes of it; the group keeps the newest that it has heard.
//!
//! # Promises
//! - Invariant order-1: a line is price × quantity, a child order its lines and its delivery, a group its child orders; frozen when
//!   placed. What a group is and comes to is derived from its parts.
//! - Invariant order-2: a child order takes only the steps `placed → confirmed → accepted → shipped → delivered`, or leaves them
//!   for `rejected`, `lapsed` or `cancelled` before it has shipped.
//! - Invariant order-3: a child order is sent at most once and dropped at most once, never both; so cancelled + shipped ≤ ordered.
//! - A share goes back exactly when its child order was dropped after it was paid for.
//!
//! # Hears
//! From checkout `PlaceGroup`, `ConfirmGroup`, `CancelGroup`; from payments `ShareRefunded`; group and child from each other
//! `PlaceChild`, `ConfirmChild`, `CancelChild`, `ChildChanged`; from itself `AnswerDue`. Any of them may overtake another.
//!
//! # Tells
//! Checkout: `GroupPlaced`. Payments: `RefundShare`, `CashCollected`. Inventory: `ReleaseReservation`, `ShipReservation`.
//!
//! # Never
//! Touches money or stock itself. Computes a price, a total or a commission after placement.

mod announce;
pub mod api;
pub mod command;
mod decide;
pub mod draft;
pub mod event;
pub mod facts;
mod listen;
mod number;
pub mod state;
#[cfg(test)]
mod tests;
pub mod view;
pub mod wire;

use cell_kernel::{Asked, Decider, ServiceSpec};

pub use command::Command;
pub use decide::Refusal;
pub use event::Event;
pub use facts::Config;
pub use state::State;

/// The service's rules.
pub struct Orders;

impl Orders {
    /// What the keys of groups' streams begin with.
    const GROUP: &'static str = "group-";
    /// What the keys of child orders' streams begin with.
    const CHILD: &'static str = "child-";
}

impl Decider for Orders {
    const SERVICE: &'static str = "orders";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = Config;
    type Refusal = Refusal;

    fn stream(command: &Command) -> String {
        match command {
            Command::Group { group, .. } => format!("{}{group}", Self::GROUP),
            Command::Child { order, .. } => format!("{}{order}", Self::CHILD),
        }
    }

    fn evolve(state: &mut State, event: &Event) {
        state.evolve(event);
    }

    fn decide(
        state: &State,
        command: &Command,
        terms: &Config,
        asked: &Asked,
    ) -> Result<Vec<Event>, Refusal> {
        decide::decide(state, command, *terms, asked)
    }
}

/// The service, ready to run on these terms.
pub fn spec(config: &Config) -> ServiceSpec<Orders> {
    ServiceSpec::new(*config, api::api())
        .view::<view::Groups>()
        .view::<view::Children>()
        .announce(announce::announce)
        .listen(listen::listener())
}

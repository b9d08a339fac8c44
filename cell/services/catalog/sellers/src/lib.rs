//! Sellers: a vendor's way from application to trade, its team, its terms and its closed days.
//!
//! # Owns
//! Per vendor, one stream `seller`: who applied, under which name and handle, what was submitted for each requirement, how far it
//! is, who may act for it, what the platform keeps and when it is closed.
//!
//! # Promises
//! - Invariant seller-1: offers sell only while the seller is open: approved, neither suspended nor terminated, not on holiday.
//! - Invariant seller-2: whoever was approved had met every requirement, or an operator has recorded why not.
//! - Invariant seller-3: a seller has an owner at all times.
//! - Invariant seller-4: one submission per requirement counts: the newest.
//! - A document that was submitted is kept, and is what its submission says.
//! - Every commission rate that was ever agreed stays readable.
//!
//! # Hears
//! From names `NameClaimed`, `NameConfirmed`, `NameTaken`, `NameExpired`; from itself `HolidayBegins`, `HolidayOver`,
//! `InvitationDue`.
//!
//! # Tells
//! Everyone: `SellerPublished`. Names: `ClaimName`, `ConfirmName`, `ReleaseName`.
//!
//! # Never
//! Shows a shopper its status, its terms or its papers. Forgets why an operator did what.

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
pub use facts::{Config, Documents, Facts};
pub use state::State;
pub use view::{Terms, replica, role_of, terms_of};

/// The service's rules.
pub struct Sellers;

impl Decider for Sellers {
    const SERVICE: &'static str = "sellers";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = Facts;
    type Refusal = Refusal;

    fn stream(_: &Command) -> String {
        "seller".to_owned()
    }

    fn evolve(state: &mut State, event: &Event) {
        state.evolve(event);
    }

    fn decide(state: &State, command: &Command, facts: &Facts, asked: &Asked) -> decide::Decided {
        decide::decide(state, command, facts, asked)
    }
}

/// The service, ready to run on these terms; `pepper` hides the names that are claimed.
pub fn spec(config: Config, pepper: &[u8], documents: Arc<dyn Documents>) -> ServiceSpec<Sellers> {
    ServiceSpec::new(facts::Ports::new(config, pepper, documents), api::api())
        .view::<view::Sellers>()
        .view::<view::Team>()
        .view::<view::CommissionRates>()
        .replica::<replica::SellersEverywhere>()
        .announce(announce::announce)
        .listen(listen::listener())
}

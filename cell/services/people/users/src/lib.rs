//! Users: profile, addresses, consent and the export of one's own data.
//!
//! # Owns
//! Per user, three streams: `profile` (how to address the user, in which language and currency, and small preferences), `addresses`
//! (the address book) and `consents` (what was consented to and withdrawn). A visitor without an account has them too.
//!
//! # Promises
//! - Invariant users-1: a book that has addresses has exactly one default of each kind, and it is in the book.
//! - Invariant users-2: the consent history only grows.
//! - What changes a resource has that resource's version: each of the three streams is one resource with one ETag.
//!
//! # Hears
//! `AccountOpened` from auth.
//!
//! # Tells
//! Nobody: what is known about a person stays with the person. Orders copy the address that they go to.
//!
//! # Never
//! Proves anything: an e-mail is proven by auth, a phone by nobody yet.

mod api;
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
pub struct Users;

impl Decider for Users {
    const SERVICE: &'static str = "users";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = ();
    type Refusal = Refusal;

    fn stream(command: &Command) -> String {
        let key = match command {
            Command::UpdateProfile { .. } | Command::RecordRegistration { .. } => "profile",
            Command::AddAddress { .. }
            | Command::ReplaceAddress { .. }
            | Command::SetDefaultAddress { .. }
            | Command::DeleteAddress { .. } => "addresses",
            Command::SetConsent { .. } => "consents",
        };
        key.to_owned()
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
        decide::decide(state, command, asked.at)
    }
}

/// The service, ready to run.
pub fn spec() -> ServiceSpec<Users> {
    ServiceSpec::new(NoFacts, api::api())
        .view::<view::Profiles>()
        .view::<view::AddressBooks>()
        .view::<view::Consents>()
        .listen(listen::listener())
}

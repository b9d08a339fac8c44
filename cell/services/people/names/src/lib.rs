//! Names: claims of e-mails, phones and handles, unique across the platform.
//!
//! # Owns
//! Per name, one stream, under the tenant `names/<hash>`: who holds the name, until when if it is only claimed, and for good once
//! it is confirmed. The hash is made with a secret pepper, so that nobody can ask which names exist.
//!
//! # Promises
//! - Invariant names-1: at no time do two claimants hold one name; the first append wins, the other is told so.
//! - Invariant names-2: a name passes from one claimant to another only after it expired or was released.
//! - A claim that was released before it was heard is never granted.
//!
//! # Hears
//! `ClaimName`, `ConfirmName`, `ReleaseName`; and from itself `ClaimDue`.
//!
//! # Tells
//! The claimant: `NameClaimed`, `NameTaken`, `NameConfirmed`, `NameExpired`.
//!
//! # Never
//! Refuses: a no is an answer. Knows the name itself, or answers anybody but claimants and the cell's own wiring.

mod announce;
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

use cell_kernel::{Api, Asked, Decider, NoRefusal, ServiceSpec};

pub use command::Command;
pub use event::Event;
pub use facts::{Config, Facts};
pub use state::State;

/// The service's rules.
pub struct Names;

impl Decider for Names {
    const SERVICE: &'static str = "names";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = Facts;
    /// Who asks is a service, and a no is an answer that it waits for.
    type Refusal = NoRefusal;

    fn stream(_: &Command) -> String {
        "claim".to_owned()
    }

    fn evolve(state: &mut State, event: &Event) {
        state.evolve(event);
    }

    fn decide(
        state: &State,
        command: &Command,
        facts: &Facts,
        asked: &Asked,
    ) -> Result<Vec<Event>, NoRefusal> {
        Ok(decide::decide(state, command, facts, asked.at))
    }
}

/// The service, ready to run. It has no public methods.
pub fn spec(config: Config) -> ServiceSpec<Names> {
    ServiceSpec::new(facts::Holding(config), Api::new("souk.names.v1.Names"))
        .view::<view::Holders>()
        .announce(announce::announce)
        .listen(listen::listener())
}

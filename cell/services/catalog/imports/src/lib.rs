//! Imports: files of offers that a vendor sends, carried out line by line.
//!
//! # Owns
//! At a vendor the streams `import-<id>`: what was read of a file, which of its lines are on their way, and how each has ended.
//!
//! # Promises
//! - Invariant import-1: each line of an import ends exactly once: created, updated, unchanged or failed. None stops another.
//! - Every bad line is reported with all that is wrong with it, by code and field.
//!
//! # Hears
//! From the vendor's offers `LineCarriedOut`.
//!
//! # Tells
//! The vendor's offers: `CarryOutLine`.
//!
//! # Never
//! Decides what may be sold: it reads what a line says, and leaves the rest to offers.

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

use cell_kernel::{Asked, Decider, NoFacts, NoRefusal, ServiceSpec};

pub use command::Command;
pub use event::Event;
pub use state::State;

/// The service's rules.
pub struct Imports;

impl Decider for Imports {
    const SERVICE: &'static str = "imports";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = ();
    /// A bad line is an answer, and a file that is none at all does not become a command.
    type Refusal = NoRefusal;

    fn stream(command: &Command) -> String {
        format!("import-{}", command.import)
    }

    fn evolve(state: &mut State, event: &Event) {
        state.evolve(event);
    }

    fn decide(
        state: &State,
        command: &Command,
        (): &(),
        asked: &Asked,
    ) -> Result<Vec<Event>, NoRefusal> {
        Ok(decide::decide(state, command, asked.at))
    }
}

/// The service, ready to run.
pub fn spec() -> ServiceSpec<Imports> {
    ServiceSpec::new(NoFacts, api::api())
        .view::<view::Imports>()
        .view::<view::Lines>()
        .announce(announce::announce)
        .listen(listen::listener())
}

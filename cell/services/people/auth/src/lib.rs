//! Auth: proves who it is, keeps sessions, grants rights.
//!
//! # Owns
//! Per user, one stream `account`: the e-mail, the password's hash, the code that was sent last, failed guesses, and the sessions.
//! In `platform/operators`, one stream `operators`: who may operate the platform.
//!
//! # Promises
//! - Invariant auth-1: a refresh token works once; using an older one ends the session for whoever holds it.
//! - Invariant auth-2: guessing is bounded: five tries per code, ten codes a day, and a password that was failed five times waits
//!   longer after each further failure. Every failure is an event.
//! - Invariant auth-3: from the answer nobody learns whether an e-mail has an account: an unknown e-mail, a wrong password and a
//!   locked account take the same way, do the same work and get the same answer.
//! - Invariant auth-4: what a session's tokens prove ends with it: all who read tokens are told, until the last token has run out.
//! - A token has exactly one audience: a shopper's is worth nothing to a vendor's method, nor to an operator's.
//! - No secret is kept in plain text: passwords are hashed, codes and refresh tokens are derived under the platform's secret.
//!
//! # Hears
//! `NameClaimed`, `NameTaken`, `NameConfirmed`, `NameExpired` from names; and from itself `SessionDue`.
//!
//! # Tells
//! Names: `ClaimName`, `ConfirmName`. The user's own users service: `AccountOpened`. The user: letters, after commit.
//! All who read access tokens: which sessions were ended.
//!
//! # Never
//! Lets an e-mail in that nobody has proven. Stores a code or a token.

mod announce;
mod api;
pub mod command;
mod decide;
pub mod effect;
pub mod event;
pub mod facts;
mod listen;
pub mod state;
#[cfg(test)]
mod tests;
pub mod view;
pub mod wire;

use std::sync::Arc;

use base_proof::PlatformSecret;
use cell_kernel::{Asked, Decider, ServiceSpec};

pub use command::Command;
pub use decide::Refusal;
pub use event::Event;
pub use facts::Facts;
pub use state::State;

/// The service's rules.
pub struct Auth;

impl Decider for Auth {
    const SERVICE: &'static str = "auth";

    type State = State;
    type Command = Command;
    type Event = Event;
    type Facts = Facts;
    type Refusal = Refusal;

    fn stream(command: &Command) -> String {
        let of_platform =
            matches!(command, Command::GrantOperator { .. } | Command::RevokeOperator { .. });
        if of_platform { "operators".to_owned() } else { "account".to_owned() }
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

    fn declined(events: &[Event]) -> Option<Refusal> {
        events.iter().find_map(Refusal::noted_by)
    }
}

/// Everything that auth needs from others.
#[derive(Clone)]
pub struct Ports {
    /// The platform's secret.
    pub secret: Arc<PlatformSecret>,
    /// Hashes and checks passwords.
    pub passwords: Arc<dyn facts::Passwords>,
    /// Signs access tokens.
    pub signer: Arc<dyn facts::TokenSigner>,
    /// Knows who holds a name that lives in this cell.
    pub owners: Arc<dyn facts::OwnerOf>,
    /// Knows the team of a vendor that lives in this cell.
    pub members: Arc<dyn facts::MembershipOf>,
    /// Sends mail.
    pub post: Arc<dyn effect::Post>,
    /// Reaches all who read access tokens.
    pub readers: Arc<dyn effect::TokenReaders>,
}

/// The service, ready to run.
pub fn spec(ports: Ports) -> ServiceSpec<Auth> {
    let gather = facts::Asking::new(&ports);
    let calls = effect::Calls(ports.clone());
    ServiceSpec::new(gather, api::api(ports))
        .view::<view::Accounts>()
        .view::<view::Sessions>()
        .view::<view::Operators>()
        .announce(announce::announce)
        .listen(listen::listener())
        .effect(calls)
}

//! The heart of a service: may we, and what then happens? Pure and synchronous, so that any decision can be replayed.

use std::fmt::Debug;

pub use base_fault::Problem;
use base_fault::Status;
use base_ids::Tenant;
use base_time::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::Caller;

/// A service's rules over one kind of stream.
pub trait Decider: Sized + Send + Sync + 'static {
    /// The service's name: part of every stream's name, `a-z` only. Never changes.
    const SERVICE: &'static str;

    /// What is remembered in order to decide; the default is the state of a stream nobody has written.
    type State: Default + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What can be asked: values that cannot be wrong once built. Stored beside the events that it leads to, so secrets must
    /// serialise as redacted.
    type Command: Serialize + Debug + Send + Sync + 'static;
    /// What has happened; kept for ever.
    type Event: Event;
    /// What others told us for this one decision. Stored beside the events.
    type Facts: Serialize + Debug + Send + Sync + 'static;
    /// The business saying no.
    type Refusal: Refusal;

    /// The key, within the tenant and the service, of the stream that the command is about.
    fn stream(command: &Self::Command) -> String;

    /// Folds one event. Cannot fail: what has happened has happened.
    fn evolve(state: &mut Self::State, event: &Self::Event);

    /// May we, and what then happens? No event means that it is already so. Events are folded only after this returns.
    fn decide(
        state: &Self::State,
        command: &Self::Command,
        facts: &Self::Facts,
        asked: &Asked,
    ) -> Result<Vec<Self::Event>, Self::Refusal>;

    /// The no that the caller gets to hear although something happened: a guess that failed is counted *and* refused. Given the
    /// events that were decided; they are appended all the same. Only for what callers of the API ask: a message is heard or not.
    fn declined(_events: &[Self::Event]) -> Option<Self::Refusal> {
        None
    }
}

/// Who asks whom, and when: what every decision may use besides the state, the command and the facts.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who owns the stream.
    pub tenant: Tenant,
    /// Who asks.
    pub caller: Caller,
    /// When; the time of the events that follow.
    pub at: Timestamp,
}

/// Something that has happened.
///
/// Stored as JSON under its kind. A shape that is no longer written stays readable for ever: keep the old shape in `event.rs`
/// and lift it in [`Event::read`].
pub trait Event:
    Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static
{
    /// The event's name in the journal, such as `StockReserved`. Never reused for another meaning.
    fn kind(&self) -> &'static str;

    /// Reads a stored event, lifting old shapes.
    fn read(body: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(body)
    }
}

/// The business saying no: a small enum per service, part of its API.
pub trait Refusal: std::error::Error + Clone + PartialEq + Send + Sync + 'static {
    /// The code that clients see, such as `out_of_stock`; unique over all services, with a page in `docs/errors/`.
    fn code(&self) -> &'static str;

    /// The class of the no.
    fn status(&self) -> Status;

    /// The single problems, where there may be several at once.
    fn problems(&self) -> Vec<Problem> {
        Vec::new()
    }
}

/// The refusal of a service that never says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRefusal {}

impl Refusal for NoRefusal {
    fn code(&self) -> &'static str {
        match *self {}
    }

    fn status(&self) -> Status {
        match *self {}
    }
}

//! What a service does to the outside world after commit, under an idempotency key.

use serde::{Serialize, de::DeserializeOwned};

use crate::{Answer, Decider, Seen};

/// Calls to the outside world that events give rise to. A call is stored with its event, made until it has an answer, and the
/// answer comes back as a command of the same stream.
pub trait Effect<D: Decider>: Send + Sync + 'static {
    /// One call, as it is stored until it is answered.
    type Call: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The calls that an event gives rise to.
    fn calls(&self, seen: &Seen<'_, D>) -> Vec<Self::Call>;

    /// Makes one call. `key` is the same for every try of the same call: hand it to the provider as its idempotency key.
    /// A fault that says "after" is tried again; one that says "never" becomes a dead letter.
    fn perform<'a>(&'a self, call: &'a Self::Call, key: &'a str) -> Answer<'a, D::Command>;
}

/// For services that touch nothing outside.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEffect;

/// A call that cannot be made.
#[derive(Debug, Serialize, serde::Deserialize)]
pub enum NoCall {}

impl<D: Decider> Effect<D> for NoEffect {
    type Call = NoCall;

    fn calls(&self, _: &Seen<'_, D>) -> Vec<NoCall> {
        Vec::new()
    }

    fn perform<'a>(&'a self, call: &'a NoCall, _: &'a str) -> Answer<'a, D::Command> {
        match *call {}
    }
}

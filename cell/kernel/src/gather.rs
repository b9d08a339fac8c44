//! What must we learn from others before we decide? At most one round per command, its ports asked in parallel.

use std::{future::Future, pin::Pin};

use base_fault::Fault;

use crate::{Asked, Decider};

/// An answer that may take a while.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// Gathers the facts of a decision from ports that the service owns and the cell's wiring answers.
pub trait Gather<D: Decider>: Send + Sync + 'static {
    /// Asks what the command needs, all at once. The state is what the stream remembers now.
    fn gather<'a>(
        &'a self,
        state: &'a D::State,
        command: &'a D::Command,
        asked: &'a Asked,
    ) -> Answer<'a, D::Facts>;
}

/// For services that need nothing from anybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFacts;

impl<D: Decider<Facts = ()>> Gather<D> for NoFacts {
    fn gather<'a>(&'a self, _: &'a D::State, _: &'a D::Command, _: &'a Asked) -> Answer<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

//! Injected bad days: what a write may meet, and the hook that decides it.

use std::sync::Arc;

use base_fault::{Code, Fault, Retry, Source};
use base_ids::CellId;

use crate::port::{Append, DeadLetter, Fence, OutboxKey, Scope};

/// Decides what a write meets. Given the write and its number, counted from 0 over all writes of the stores.
#[derive(Clone)]
pub struct Faults(Arc<Decide>);

type Decide = dyn Fn(&Write<'_>, u64) -> Injected + Send + Sync;

/// A write that is about to happen.
#[derive(Clone, Copy, Debug)]
pub enum Write<'a> {
    /// Events and everything with them.
    Append(&'a Append),
    /// Outbox entries that were heard.
    Settle(&'a [OutboxKey]),
    /// A dead letter.
    Park(&'a DeadLetter),
    /// A dead letter that goes back to the outbox or is dropped.
    Unpark,
    /// Replica rows of a source, and its cursor.
    Apply(&'a CellId),
    /// Fences.
    Fence(&'a [(Scope, Fence)]),
    /// The sweep of what is over.
    Sweep,
    /// Public messages that newer ones supersede.
    ForgetSuperseded,
}

/// What a write meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injected {
    /// Nothing: it goes through.
    Proceed,
    /// It fails and nothing is written; the caller may try again.
    FailBefore,
    /// It is written, and the answer is lost: the caller gets `outcome_unknown`.
    LoseAnswerAfter,
    /// The process dies; this and every later call of it fails.
    Halt {
        /// Whether the write reached the disk before.
        written: bool,
    },
}

impl Faults {
    /// Asks `decide` before every write.
    pub fn new(decide: impl Fn(&Write<'_>, u64) -> Injected + Send + Sync + 'static) -> Self {
        Self(Arc::new(decide))
    }

    /// Asks `decide` before every append, with its number among all writes; other writes go through.
    pub fn before_append(
        decide: impl Fn(&Append, u64) -> Injected + Send + Sync + 'static,
    ) -> Self {
        Self::new(move |write, number| match write {
            Write::Append(append) => decide(append, number),
            _ => Injected::Proceed,
        })
    }

    /// Lets the write with number `number` meet `injected`, and all others go through.
    pub fn at(number: u64, injected: Injected) -> Self {
        Self::new(move |_, this| if this == number { injected } else { Injected::Proceed })
    }

    pub(super) fn decide(&self, write: &Write<'_>, number: u64) -> Injected {
        (self.0)(write, number)
    }
}

pub(super) fn failed_before() -> Fault {
    Fault::new(
        Code::Unavailable,
        Source::Downstream,
        Retry::Same,
        "the store refused the write; nothing was written",
    )
}

pub(super) fn answer_lost() -> Fault {
    Fault::new(
        Code::OutcomeUnknown,
        Source::Downstream,
        Retry::Same,
        "the store did not answer; the write may have happened",
    )
}

pub(super) fn process_dead() -> Fault {
    Fault::ours(Code::StoreBroken, "the process that opened the store is dead")
}

//! The port to what the processes of a cell share for a while and may lose at any time: paces, ended sessions, answers that are at hand.
//!
//! * Invariant ephemeral-1: nothing that was acknowledged depends on it. When it forgets everything, somebody may ask a little more
//!   often, the routers alone know which sessions are over, and answers are made again.
//! * Invariant ephemeral-2: while it forgets nothing, nobody comes more often than their pace, whichever process they ask.
//!
//! `conformance::ephemeral` says what an implementation must do.

use std::time::Duration;

use futures_util::future::BoxFuture;

mod local;

pub use local::{Bounds, Local};

/// How often somebody may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// In a minute, in the long run; more than 0.
    pub per_minute: u32,
    /// At once, after a while in which nothing was asked; more than 0.
    pub burst: u32,
}

impl Pace {
    /// How long one call takes to be forgotten.
    pub fn each(self) -> Duration {
        Duration::from_mins(1) / self.per_minute.max(1)
    }

    /// How long a whole burst takes to be forgotten.
    pub fn whole(self) -> Duration {
        self.each() * self.burst.max(1)
    }
}

/// Somebody who asks.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Whose pace it is.
    pub who: &'a str,
    /// The session behind it, if there is one.
    pub session: Option<&'a str>,
    /// How often they may ask; no bound without.
    pub pace: Option<Pace>,
}

/// Whether they may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Welcome {
    /// They may.
    Come,
    /// Their session is over.
    SessionEnded,
    /// Not before this long.
    After(Duration),
}

/// What the processes of a cell share for a while. It never fails: what cannot be reached is as if it had been lost.
pub trait Ephemeral: Send + Sync + 'static {
    /// Whether somebody may come in now, which counts towards their pace if they may; in one step.
    fn welcome<'a>(&'a self, arrival: Arrival<'a>) -> BoxFuture<'a, Welcome>;

    /// Lets nobody in with that session of `who` for so long: as long as its tokens would hold.
    fn end_session<'a>(
        &'a self,
        who: &'a str,
        session: &'a str,
        lasts: Duration,
    ) -> BoxFuture<'a, ()>;

    /// An answer that is at hand.
    fn recall<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<Vec<u8>>>;

    /// Keeps an answer at hand for so long, or less.
    fn remember<'a>(&'a self, key: &'a str, answer: &'a [u8], lasts: Duration)
    -> BoxFuture<'a, ()>;
}

//! The seam at which tests make single calls to the engine end badly.

use std::{collections::VecDeque, time::Duration};

use parking_lot::Mutex;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use tokio::sync::watch;

/// A call that may meet something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The conditional batch of an append.
    Append,
    /// Reading back how an append ended.
    ReadBack,
    /// Taking the place of an append under the same key that has not come.
    Preclude,
    /// Making true elsewhere what an append brings with it.
    Spread,
}

/// What it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mishap {
    /// The engine refuses it, and nothing happens.
    Refused,
    /// It happens, and no answer comes in time.
    AnswerLost,
    /// It never gets there, and no answer comes in time.
    CallLost,
    /// It happens twice; the first answer counts.
    Twice,
    /// The process dies before it: nothing of it or of later calls gets to the engine.
    CrashBefore,
    /// It happens, and the process dies before it knows.
    CrashAfter,
}

/// A call to come: the how manieth, from 0, that is for that.
struct Planned {
    what: String,
    nth: usize,
    mishap: Mishap,
}

/// Mishaps that wait for their step; none in production.
#[derive(Default)]
pub struct Mishaps {
    queue: Mutex<VecDeque<(Step, Mishap)>>,
    planned: Mutex<Option<Planned>>,
    dead: watch::Sender<bool>,
}

impl Mishaps {
    /// Lets the next calls of that step that meet nothing yet meet this, `times` of them.
    pub fn queue(&self, step: Step, mishap: Mishap, times: usize) {
        self.queue.lock().extend(std::iter::repeat_n((step, mishap), times));
    }

    /// Lets one call to come meet this: of those that are for `what`, as [`crate::Counts`] has it, the one with this number from 0.
    pub fn plan(&self, what: &str, nth: usize, mishap: Mishap) {
        *self.planned.lock() = Some(Planned { what: what.to_owned(), nth, mishap });
    }

    /// Whether all have been met.
    pub fn are_over(&self) -> bool {
        self.queue.lock().is_empty() && self.planned.lock().is_none()
    }

    /// Waits until the process is dead as far as the engine knows. It is to be dropped then.
    pub async fn death(&self) {
        let mut dead = self.dead.subscribe();
        // The sender is `self`.
        let _ = dead.wait_for(|dead| *dead).await;
    }

    pub(crate) fn meet(&self, step: Step) -> Option<Mishap> {
        let mut queue = self.queue.lock();
        let at = queue.iter().position(|(of, _)| *of == step)?;
        queue.remove(at).map(|(_, mishap)| mishap)
    }

    /// What a call that is for that meets. A call that only reads gets no answer, whatever it meets.
    pub(crate) fn meet_planned(&self, what: &str) -> Option<Mishap> {
        if self.are_of_a_dead_process() {
            return Some(Mishap::CallLost);
        }
        let mut planned = self.planned.lock();
        let next = planned.as_mut().filter(|next| next.what == what)?;
        if next.nth > 0 {
            next.nth -= 1;
            return None;
        }
        let mishap = planned.take()?.mishap;
        if mishap == Mishap::CrashBefore {
            self.dead.send_replace(true);
        }
        Some(mishap)
    }

    /// A call was made that met something.
    pub(crate) fn made(&self, mishap: Mishap) {
        if mishap == Mishap::CrashAfter {
            self.dead.send_replace(true);
        }
    }

    pub(crate) fn are_of_a_dead_process(&self) -> bool {
        *self.dead.borrow()
    }
}

impl Mishap {
    /// How often the call is made.
    pub(crate) fn times(self) -> usize {
        match self {
            Self::Refused | Self::CallLost | Self::CrashBefore => 0,
            Self::AnswerLost | Self::CrashAfter => 1,
            Self::Twice => 2,
        }
    }

    /// Whether an answer comes.
    pub(crate) fn is_answered(self) -> bool {
        self == Self::Twice
    }

    pub(crate) fn error(self) -> ExecutionError {
        match self {
            Self::Refused => {
                let error = DbError::IsBootstrapping;
                RequestAttemptError::DbError(error, "a test refuses it".to_owned()).into()
            }
            _ => ExecutionError::RequestTimeout(Duration::ZERO),
        }
    }
}

//! The seam at which tests make single calls to the engine end badly.

use std::{collections::VecDeque, time::Duration};

use parking_lot::Mutex;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The engine refuses it, and nothing happens.
    Refused,
    /// It happens, and no answer comes in time.
    AnswerLost,
    /// It never gets there, and no answer comes in time.
    CallLost,
}

/// Mishaps that wait for their step; none in production.
#[derive(Debug, Default)]
pub struct Mishaps(Mutex<VecDeque<(Step, Mishap)>>);

impl Mishaps {
    /// Lets the next calls of that step that meet nothing yet meet this, `times` of them.
    pub fn queue(&self, step: Step, mishap: Mishap, times: usize) {
        self.0.lock().extend(std::iter::repeat_n((step, mishap), times));
    }

    /// Whether all have been met.
    pub fn are_over(&self) -> bool {
        self.0.lock().is_empty()
    }

    pub(crate) fn meet(&self, step: Step) -> Option<Mishap> {
        let mut queue = self.0.lock();
        let at = queue.iter().position(|(of, _)| *of == step)?;
        queue.remove(at).map(|(_, mishap)| mishap)
    }
}

impl Mishap {
    pub(crate) fn error(self) -> ExecutionError {
        match self {
            Self::Refused => {
                let error = DbError::IsBootstrapping;
                RequestAttemptError::DbError(error, "a test refuses it".to_owned()).into()
            }
            Self::AnswerLost | Self::CallLost => ExecutionError::RequestTimeout(Duration::ZERO),
        }
    }
}

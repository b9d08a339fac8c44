//! The seam at which tests make single calls to the brokers end badly.

use std::collections::VecDeque;

use parking_lot::Mutex;

/// What putting messages in meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// They are in the log, and no answer comes.
    AnswerLost,
    /// They never get there.
    CallLost,
}

/// Mishaps that wait for a call; none in production.
#[derive(Debug, Default)]
pub struct Mishaps(Mutex<VecDeque<Mishap>>);

impl Mishaps {
    /// Lets the next calls that meet nothing yet meet this, `times` of them.
    pub fn queue(&self, mishap: Mishap, times: usize) {
        self.0.lock().extend(std::iter::repeat_n(mishap, times));
    }

    pub(crate) fn meet(&self) -> Option<Mishap> {
        self.0.lock().pop_front()
    }
}

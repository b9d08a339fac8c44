//! The seam at which tests make single calls to S3 end badly.

use std::{collections::VecDeque, io};

use object_store::client::{HttpError, HttpErrorKind};
use parking_lot::Mutex;

/// A call that may meet something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something is changed: PUT, POST or DELETE.
    Write,
    /// Something is read: GET or HEAD.
    Read,
}

/// What it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It happens, and no answer comes in time.
    AnswerLost,
    /// It never gets there, and no answer comes in time.
    CallLost,
    /// The connection is reset before it gets there.
    Reset,
    /// Nothing: it is the turn of the next one.
    Nothing,
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
    pub(crate) fn error(self) -> Option<HttpError> {
        let (kind, cause) = match self {
            Self::Nothing => return None,
            Self::Reset => (HttpErrorKind::Request, io::ErrorKind::ConnectionReset),
            Self::AnswerLost | Self::CallLost => (HttpErrorKind::Timeout, io::ErrorKind::TimedOut),
        };
        Some(HttpError::new(kind, io::Error::from(cause)))
    }
}

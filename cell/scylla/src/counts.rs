//! What is asked of the engine, and how often.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;

/// What a call costs the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// A quorum answers.
    Read,
    /// Consensus, so that what hangs there is finished.
    SerialRead,
    /// A quorum writes.
    Write,
    /// Consensus: what is called a lightweight transaction.
    ConditionalWrite,
}

impl Call {
    /// As it is called in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::SerialRead => "serial_read",
            Self::Write => "write",
            Self::ConditionalWrite => "conditional_write",
        }
    }
}

/// How often what was asked. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<Mutex<BTreeMap<(Call, &'static str), u64>>>);

impl Counts {
    pub(crate) fn note(&self, call: Call, what: &'static str) {
        *self.0.lock().entry((call, what)).or_default() += 1;
    }

    /// Everything that was asked so far: what it costs, what for, how often.
    pub fn all(&self) -> Vec<(Call, &'static str, u64)> {
        self.0.lock().iter().map(|((call, what), times)| (*call, *what, *times)).collect()
    }

    /// How often something of that cost was asked.
    pub fn of(&self, call: Call) -> u64 {
        self.all().iter().filter(|(of, ..)| *of == call).map(|(.., times)| times).sum()
    }
}

//! What must be true before a process takes work, each thing with a name and the reason why it is not yet.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use serde::Serialize;

/// The named checks of a process; ready when all of them are. Clones share the checks.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<String, Option<String>>>>);

/// One check, set by the part of the process that knows.
#[derive(Clone, Debug)]
pub struct Flag {
    readiness: Readiness,
    name: Arc<str>,
}

/// How one check stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name, such as `table`.
    pub name: String,
    /// Whether it holds.
    pub ready: bool,
    /// Why it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Readiness {
    /// No checks: ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check that does not hold until its flag says so.
    pub fn register(&self, name: &str) -> Flag {
        self.0.lock().insert(name.to_owned(), Some("starting".to_owned()));
        Flag { readiness: self.clone(), name: name.into() }
    }

    /// Whether every check holds.
    pub fn is_ready(&self) -> bool {
        self.0.lock().values().all(Option::is_none)
    }

    /// All checks, by name.
    pub fn checks(&self) -> Vec<Check> {
        let checks = self.0.lock();
        let check = |(name, reason): (&String, &Option<String>)| Check {
            name: name.clone(),
            ready: reason.is_none(),
            reason: reason.clone(),
        };
        checks.iter().map(check).collect()
    }
}

impl Flag {
    /// The check holds.
    pub fn ready(&self) {
        self.set(None);
    }

    /// The check does not hold, because of `reason`.
    pub fn not_ready(&self, reason: impl Into<String>) {
        self.set(Some(reason.into()));
    }

    fn set(&self, reason: Option<String>) {
        self.readiness.0.lock().insert(self.name.to_string(), reason);
    }
}

#[cfg(test)]
mod tests {
    use super::Readiness;

    #[test]
    fn one_check_that_does_not_hold_keeps_the_process_from_being_ready() {
        let readiness = Readiness::new();
        let (table, store) = (readiness.register("table"), readiness.register("store"));
        store.ready();
        assert!(!readiness.is_ready());
        table.not_ready("no table yet");
        assert_eq!(readiness.checks()[1].reason.as_deref(), Some("no table yet"));
        table.ready();
        assert!(readiness.is_ready());
    }
}

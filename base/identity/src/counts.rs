//! What is counted about identities: whom the process let in and refused, and when its own certificate ends.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use base_time::{Clock as _, SystemClock};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

type ByOne = Family<[(&'static str, &'static str); 1], Counter>;
type ByTwo = Family<[(&'static str, &'static str); 2], Counter>;

/// At most one line about refused connections in this time, in milliseconds.
const SILENCE_MS: i64 = 1_000;

/// The counters. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    admitted: ByOne,
    refused: ByTwo,
    files: ByOne,
    pub(crate) until_secs: Gauge,
    told_ms: Arc<AtomicI64>,
}

impl Counts {
    /// Registers all of them; `process` stands in front of their names, such as `souk_cell`.
    pub fn register(&self, registry: &mut Registry, process: &str) {
        let all = registry.sub_registry_with_prefix(process);
        let help = "connections of processes that proved who they are, by port";
        all.register("peers_admitted", help, self.admitted.clone());
        let help = "connections that were refused, by port and why";
        all.register("peers_refused", help, self.refused.clone());
        let help = "times that the files of the identity had changed, by what became of it";
        all.register("identity_reads", help, self.files.clone());
        let help = "when the process's own certificate ends, in seconds since 1970";
        all.register("identity_until_seconds", help, self.until_secs.clone());
    }

    /// So many connections were let in on a port.
    pub fn admitted_on(&self, port: &'static str) -> u64 {
        self.admitted.get_or_create(&[("port", port)]).get()
    }

    /// So many were refused on a port, for a reason as `Refusal::as_str` has it.
    pub fn refused_on(&self, port: &'static str, why: &'static str) -> u64 {
        self.refused.get_or_create(&[("port", port), ("why", why)]).get()
    }

    pub(crate) fn admit(&self, port: &'static str) {
        self.admitted.get_or_create(&[("port", port)]).inc();
    }

    /// Counts a refusal; says whether it is time for a line in the log.
    pub(crate) fn refuse(&self, port: &'static str, why: &'static str) -> bool {
        self.refused.get_or_create(&[("port", port), ("why", why)]).inc();
        let (now, last) = (SystemClock.now().as_millis(), self.told_ms.load(Ordering::Relaxed));
        let mine = || {
            let swapped =
                self.told_ms.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed);
            swapped.is_ok()
        };
        now.saturating_sub(last) >= SILENCE_MS && mine()
    }

    pub(crate) fn looked(&self, outcome: &'static str) {
        self.files.get_or_create(&[("outcome", outcome)]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn a_flood_of_strangers_is_counted_whole_and_told_once() {
        let counts = Counts::default();
        let told = (0..1_000).filter(|_| counts.refuse("mesh", "plaintext")).count();
        assert_eq!(counts.refused_on("mesh", "plaintext"), 1_000);
        assert!((1..=3).contains(&told), "{told} lines for a thousand refusals in no time");
    }
}

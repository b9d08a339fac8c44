//! `kill -9` of the leader at every step of a change: what it leaves is nothing or the whole, and who leads next goes on from there.

use std::{
    os::unix::process::ExitStatusExt as _,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use base_ids::Generation;
use cp_etcd::{Call, Config, Mishap, Weather};
use cp_store::Store;
use nix::{
    sys::signal::{Signal, kill},
    unistd::getpid,
};

use crate::{
    stage::EtcdStage,
    words::{asked, settle, tenants},
};

/// How many tenants the change places: more than one transaction takes.
const PINS: usize = 300;
/// Four portions staged, the head, four portions put in their places, the head again.
const STEPS: i64 = 10;

/// Kills this process at one write, before it is sent or once it is done.
#[derive(Debug)]
struct Fatal {
    /// Writes until then; below 0 for never.
    before: AtomicI64,
    after: AtomicI64,
}

fn count_down(left: &AtomicI64) {
    if left.fetch_sub(1, Ordering::SeqCst) == 0 {
        kill(getpid(), Signal::SIGKILL).unwrap();
    }
}

impl Weather for Fatal {
    fn before(&self, call: Call) -> Option<Mishap> {
        if call == Call::Write {
            count_down(&self.before);
        }
        None
    }

    fn after(&self, call: Call) {
        if call == Call::Write {
            count_down(&self.after);
        }
    }
}

/// A variable that the parent sets for its children.
#[expect(clippy::disallowed_methods, reason = "a test has no main that could read its settings")]
fn said(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// Makes the change in this process; dies on the way if it was told to.
#[test]
fn a_large_change_takes_all_its_steps() {
    let Some(mut stage) = EtcdStage::new() else { return };
    if let Some(prefix) = said("SOUK_CRASH_PREFIX") {
        let config = Config { prefix, ..stage.config.clone() };
        stage = EtcdStage::at(config);
    }
    let fatal = Arc::new(Fatal { before: AtomicI64::new(-1), after: AtomicI64::new(-1) });
    let store = stage.leader_in("cp-1", fatal.clone());
    if store.fleet().cells().len() == 0 {
        settle(&store, 2);
    }
    let step = |variable| said(variable).and_then(|step| step.parse().ok()).unwrap_or(-1);
    fatal.before.store(step("SOUK_CRASH_BEFORE"), Ordering::SeqCst);
    fatal.after.store(step("SOUK_CRASH_AFTER"), Ordering::SeqCst);
    let asked_before = fatal.before.load(Ordering::SeqCst);
    store.pin(&tenants(PINS), &asked("large")).unwrap();
    let writes = asked_before - fatal.before.load(Ordering::SeqCst);
    assert_eq!(writes, STEPS, "each step is one write");
    whole(&store);
}

/// Everything is in its place, once.
fn whole(store: &Store) {
    let fleet = store.fleet();
    assert_eq!(fleet.placed().len(), PINS);
    for (tenant, row) in fleet.placed() {
        let slot = fleet.slot(tenant.slot()).unwrap();
        assert_eq!((&row.owner, row.generation), (&slot.owner, Generation(2)), "{tenant}");
    }
    assert_eq!(store.record(2 * PINS).unwrap().len(), PINS, "the record has each deed once");
}

/// Invariant one-owner.
#[test]
fn a_leader_killed_at_any_step_leaves_nothing_or_the_whole() {
    for step in 0..STEPS {
        for at in ["SOUK_CRASH_BEFORE", "SOUK_CRASH_AFTER"] {
            let Some(stage) = EtcdStage::new() else { return };
            let store = stage.leader("cp-0");
            settle(&store, 2);
            store.resign();
            drop(store);
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "crash::a_large_change_takes_all_its_steps"])
                .env("SOUK_CRASH_PREFIX", &stage.config.prefix)
                .env(at, step.to_string())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert_eq!(child.signal(), Some(9), "{at} {step}: {child:?}");
            // The killed one's lease ends by itself in five seconds; we do not wait for that.
            stage.end_lease();
            let store = stage.leader("cp-2");
            let placed = store.fleet().placed().len();
            // The head is the fifth write: the change counts from then on.
            let counts = step > 4 || (step == 4 && at == "SOUK_CRASH_AFTER");
            assert_eq!(placed, if counts { PINS } else { 0 }, "{at} {step}");
            let again = store.pin(&tenants(PINS), &asked("large")).unwrap();
            assert_eq!(again, PINS - placed, "{at} {step}");
            whole(&store);
            let replica = stage.follower(Arc::new(cp_etcd::Fair));
            assert_eq!(replica.fleet(), store.fleet(), "{at} {step}");
        }
    }
}

//! What a network may do to a change: whatever becomes of its calls, it is made once or not at all, and who asked is told right.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use base_fault::Code;
use base_ids::Generation;
use cp_etcd::{Call, Mishap, Weather};
use cp_store::{ChangeError, Standing};
use parking_lot::Mutex;

use crate::{
    stage::{EtcdStage, until},
    words::{asked, id, register, settle, slot, tenants},
};

/// Does something to one call of a kind, counted from when it is told to.
#[derive(Debug, Default)]
pub(crate) struct Once {
    armed: Mutex<Option<(Call, usize, Mishap)>>,
    seen: AtomicUsize,
    struck: AtomicBool,
}

impl Once {
    fn arm(&self, call: Call, nth: usize, mishap: Mishap) {
        self.struck.store(false, Ordering::SeqCst);
        self.seen.store(0, Ordering::SeqCst);
        *self.armed.lock() = Some((call, nth, mishap));
    }
}

impl Weather for Once {
    fn before(&self, call: Call) -> Option<Mishap> {
        let armed = self.armed.lock();
        let (of, nth, mishap) = armed.as_ref()?;
        if *of != call || self.seen.fetch_add(1, Ordering::SeqCst) != *nth {
            return None;
        }
        self.struck.store(true, Ordering::SeqCst);
        Some(*mishap)
    }
}

/// Nothing gets through while it lasts.
#[derive(Debug, Default)]
struct Storm(AtomicBool);

impl Weather for Storm {
    fn before(&self, _: Call) -> Option<Mishap> {
        self.0.load(Ordering::SeqCst).then_some(Mishap::Reset)
    }
}

const MISHAPS: [Mishap; 3] = [Mishap::Reset, Mishap::AnswerLost, Mishap::TimedOut];

/// Invariant one-owner.
#[test]
fn whatever_befalls_a_claim_it_is_made_once_and_known_to_be() {
    let Some(stage) = EtcdStage::new() else { return };
    let weather = Arc::new(Once::default());
    let store = stage.leader_in("cp-1", weather.clone());
    register(&store, "cell-1").unwrap();
    for (round, mishap) in (0..).zip(MISHAPS.into_iter().cycle().take(9)) {
        weather.arm(Call::Write, 0, mishap);
        let claimed = store.claim(&slot(7), Generation(round), &id("cell-1")).unwrap();
        assert!(weather.struck.load(Ordering::SeqCst));
        assert_eq!(claimed, Generation(round + 1), "{mishap:?}");
        assert_eq!(store.commit(), 2 + round, "{mishap:?}");
    }
}

/// Six portions staged, the head, six portions put in their places, the head again.
const STEPS: usize = 14;

#[test]
fn whatever_befalls_any_step_of_a_large_change_it_is_made_once() {
    let Some(stage) = EtcdStage::new() else { return };
    let weather = Arc::new(Once::default());
    let store = stage.leader_in("cp-1", weather.clone());
    settle(&store, 2);
    let all = tenants(500 * (STEPS + 1));
    for (step, next) in all.chunks(500).enumerate() {
        let mishap = MISHAPS[step % 3];
        weather.arm(Call::Write, step, mishap);
        let before = store.commit();
        assert_eq!(store.pin(next, &asked("large")).unwrap(), 500, "{mishap:?} at step {step}");
        assert_eq!(weather.struck.load(Ordering::SeqCst), step < STEPS, "step {step}");
        assert_eq!(store.commit(), before + 1, "{mishap:?} at step {step}");
        assert_eq!(store.fleet().placed().len(), 500 * (step + 1));
    }
    let replica = stage.follower(Arc::new(cp_etcd::Fair));
    assert_eq!(replica.fleet(), store.fleet());
}

#[test]
fn without_etcd_reads_go_on_changes_say_try_again_and_all_is_well_once_it_is_back() {
    let Some(mut stage) = EtcdStage::new() else { return };
    stage.config.timeout_ms = 300;
    stage.config.lease_secs = 2;
    let weather = Arc::new(Storm::default());
    let store = stage.leader_in("cp-1", weather.clone());
    register(&store, "cell-1").unwrap();
    weather.0.store(true, Ordering::SeqCst);
    let error = store.claim(&slot(7), Generation(0), &id("cell-1")).unwrap_err();
    let ChangeError::Away(fault) = &error else { panic!("{error:?}") };
    assert_eq!(fault.code(), Code::OutcomeUnknown);
    let text = base_fault::chain(&error);
    for part in ["a change failed at etcd (", &stage.config.endpoints[0], "see that it runs"] {
        assert!(text.contains(part), "{text}");
    }
    until("it knows that its lease may have ended", || store.standing() != Standing::Leads);
    let refused = store.claim(&slot(7), Generation(0), &id("cell-1")).unwrap_err();
    assert!(matches!(refused, ChangeError::NotLeading { leader: None } | ChangeError::Away(_)));
    assert_eq!(store.fleet().cells().len(), 1, "reads go on");
    weather.0.store(false, Ordering::SeqCst);
    until("it leads again", || store.standing() == Standing::Leads);
    assert_eq!(store.claim(&slot(7), Generation(0), &id("cell-1")).unwrap(), Generation(1));
}

//! The laws of the store, each on every engine.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use base_ids::{CellId, Epoch, Generation, Slot, Tenant};
use base_time::Timestamp;
use cp_model::{DeedKind, Fleet, Place, Refusal};
use cp_store::ChangeError;

use crate::{
    stage::Stage,
    words::{asked, fill, homes, id, pod, register, settle, slot, tenants},
};

macro_rules! laws {
    ($($(#[$doc:meta])* $law:ident)*) => {
        mod directory {
            $($(#[$doc])* #[test] fn $law() { super::$law(&super::Stage::directory()); })*
        }
        mod etcd {
            $($(#[$doc])* #[test] fn $law() {
                if let Some(stage) = super::Stage::etcd() { super::$law(&stage); }
            })*
        }
    };
}

laws! {
    what_was_written_is_there_after_a_restart
    what_operators_did_is_kept_in_order_and_what_was_refused_is_not_there
    /// Invariant one-owner.
    of_concurrent_claims_exactly_one_wins
    a_refused_change_leaves_no_trace
    a_change_of_everything_is_seen_whole_or_not_at_all
    any_walk_ends_where_the_model_does
}

fn what_was_written_is_there_after_a_restart(stage: &Stage) {
    let store = stage.open();
    fill(&store);
    let before = Fleet::clone(&store.fleet());
    assert_eq!(before.epoch(), Epoch(8));
    let store = stage.reopen(store);
    assert_eq!(*store.fleet(), before);
    assert_eq!((store.commit(), store.fleet().held().count()), (8, 1));
    store.claim(&slot(7), Generation(3), &id("cell-1")).unwrap();
    assert_eq!((store.commit(), store.fleet().epoch()), (9, Epoch(9)));
}

fn what_operators_did_is_kept_in_order_and_what_was_refused_is_not_there(stage: &Stage) {
    let store = stage.open();
    fill(&store);
    let store = stage.reopen(store);
    let refused = store.release(&slot(9), &asked("why not"));
    assert!(matches!(refused, Err(ChangeError::Refused(Refusal::NotHeld(_)))));
    let tenants: Vec<_> = ["users/a", "users/b"].iter().map(|name| name.parse().unwrap()).collect();
    let homes: Vec<_> = tenants.iter().map(|t: &Tenant| (t.slot(), id("cell-1"))).collect();
    store.settle(&homes).unwrap();
    assert_eq!(store.pin(&tenants, &asked("large")).unwrap(), 2);
    assert_eq!(store.pin(&tenants, &asked("again")).unwrap(), 0);
    let record = store.record(4).unwrap();
    let told: Vec<_> = record.iter().map(|deed| (deed.kind, deed.place.as_str())).collect();
    let expected = [
        (DeedKind::Pin, "tenant users/b"),
        (DeedKind::Pin, "tenant users/a"),
        (DeedKind::Release, "slot 0007"),
        (DeedKind::Hold, "slot 0007"),
    ];
    assert_eq!(told, expected);
    let oldest = store.record(100).unwrap().pop().unwrap();
    assert_eq!((oldest.place.as_str(), oldest.why.as_str()), ("tenant vendors/atlas", "an audit"));
    assert_eq!((oldest.by.as_str(), oldest.from.as_str()), ("leila", "10.0.0.9:5000"));
}

fn of_concurrent_claims_exactly_one_wins(stage: &Stage) {
    const CLAIMANTS: usize = 8;
    let store = stage.open();
    for claimant in 0..CLAIMANTS {
        register(&store, &format!("cell-{claimant}")).unwrap();
    }
    for round in 0..20 {
        let claim = |claimant: usize| {
            let owner = id(&format!("cell-{claimant}"));
            (owner.clone(), store.claim(&slot(3), Generation(round), &owner))
        };
        let claims: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..CLAIMANTS).map(|n| scope.spawn(move || claim(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<_> = claims.iter().filter(|(_, claim)| claim.is_ok()).collect();
        assert_eq!(winners.len(), 1, "{claims:?}");
        for (_, claim) in claims.iter().filter(|(_, claim)| claim.is_err()) {
            let Err(ChangeError::Refused(Refusal::Lost { current: Some(row), .. })) = claim else {
                panic!("{claim:?}");
            };
            assert_eq!((&row.owner, row.generation), (&winners[0].0, Generation(round + 1)));
        }
    }
}

fn a_refused_change_leaves_no_trace(stage: &Stage) {
    let store = stage.open();
    fill(&store);
    let before = Fleet::clone(&store.fleet());
    store.claim(&slot(7), Generation(1), &id("cell-1")).unwrap_err();
    store.claim(&slot(8), Generation(1), &id("cell-9")).unwrap_err();
    store.settle(&[(Slot(400), id("cell-1")), (Slot(401), id("cell-9"))]).unwrap_err();
    assert_eq!((&*store.fleet(), store.commit()), (&before, 8));
    let store = stage.reopen(store);
    assert_eq!((&*store.fleet(), store.commit()), (&before, 8));
}

fn a_change_of_everything_is_seen_whole_or_not_at_all(stage: &Stage) {
    const PINS: usize = 2_000;
    let store = stage.open();
    // Who reads beside the one that writes: a replica, where there can be one.
    let reader = match stage {
        Stage::Etcd(etcd) => Some(etcd.follower(std::sync::Arc::new(cp_etcd::Fair))),
        Stage::Directory(_) => None,
    };
    let reader = reader.as_ref().unwrap_or(&store);
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let (mut epoch, mut looks) = (Epoch(0), 0_u64);
            while !ended.load(Ordering::Relaxed) || looks == 0 {
                let fleet = reader.fleet();
                assert!(fleet.epoch() >= epoch, "the epoch never falls");
                epoch = fleet.epoch();
                let (unheld, placed) = (fleet.unheld().count(), fleet.placed().len());
                assert!([0, Slot::COUNT].contains(&unheld), "{unheld} slots have no owner");
                assert!([0, PINS].contains(&placed), "{placed} tenants are placed");
                looks += 1;
            }
        });
        settle(&store, 5);
        assert_eq!(store.pin(&tenants(PINS), &asked("large")).unwrap(), PINS);
        ended.store(true, Ordering::Relaxed);
        reading.join().unwrap();
    });
    assert_eq!(store.record(PINS + 10).unwrap().len(), PINS);
    crate::stage::until("the reader has seen all", || reader.fleet() == store.fleet());
    let before = Fleet::clone(&store.fleet());
    let store = stage.reopen(store);
    assert_eq!(*store.fleet(), before);
    assert_eq!(before.slots_by_cell().values().sum::<u32>(), 65_536);
}

/// Chance that is the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn any_walk_ends_where_the_model_does(stage: &Stage) {
    let mut store = stage.open();
    let mut model = Fleet::default();
    let mut chance = Chance(0x5eed);
    for step in 0..150 {
        let owner: CellId = id(&format!("cell-{}", chance.below(4)));
        let place = match chance.below(2) {
            0 => slot(u16::try_from(chance.below(3) * 700).unwrap()),
            _ => Place::Tenant(format!("users/u{}", chance.below(3)).parse().unwrap()),
        };
        let expected = Generation(chance.below(4));
        let epoch = model.epoch();
        let said = match chance.below(8) {
            0 => step_both(
                &mut model,
                |f| f.register(&owner, pod(), Timestamp::from_millis(1)),
                || register(&store, owner.as_str()),
            ),
            1 => {
                let few = &homes(2)[..usize::try_from(chance.below(2_000)).unwrap()];
                step_both(&mut model, |f| f.settle(few), || store.settle(few))
            }
            2 => {
                let few = tenants(usize::try_from(chance.below(4)).unwrap());
                step_both(&mut model, |f| f.pin(&few, &asked("w")), || store.pin(&few, &asked("w")))
            }
            3 | 4 => step_both(
                &mut model,
                |f| f.hold(&place, &asked("w")).map(Some),
                || store.hold(&place, &asked("w")),
            ),
            5 => step_both(
                &mut model,
                |f| f.release(&place, &asked("w")).map(Some),
                || store.release(&place, &asked("w")),
            ),
            _ => step_both(
                &mut model,
                |f| f.claim(&place, expected, &owner).map(Some),
                || store.claim(&place, expected, &owner),
            ),
        };
        assert_eq!(said, Ok(()), "step {step}");
        assert!(model.epoch() == epoch || model.epoch() == epoch.next());
        assert_eq!(*store.fleet(), model, "step {step}");
        if step % 50 == 49 {
            store = stage.reopen(store);
            assert_eq!(*store.fleet(), model, "after a restart at step {step}");
        }
    }
    assert!(model.epoch() > Epoch(20), "the walk went somewhere");
}

/// Lets the model and the store take one step; they must say the same of it.
fn step_both<T: std::fmt::Debug>(
    model: &mut Fleet,
    decide: impl FnOnce(&Fleet) -> Result<Option<cp_model::Change>, Refusal>,
    store: impl FnOnce() -> Result<T, ChangeError>,
) -> Result<(), String> {
    match (decide(model), store()) {
        (Ok(change), Ok(_)) => {
            if let Some(change) = change {
                model.evolve(change);
            }
            Ok(())
        }
        (Err(expected), Err(ChangeError::Refused(refusal))) if expected == refusal => Ok(()),
        (expected, found) => Err(format!("the model says {expected:?}, the store {found:?}")),
    }
}

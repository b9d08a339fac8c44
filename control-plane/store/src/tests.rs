//! What the store promises: one winner, all or nothing, nothing lost in silence.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
};

use base_ids::{CellId, Epoch, Generation, Slot, Tenant};
use base_time::Timestamp;
use cp_model::{Asked, CellRecord, DeedKind, Fleet, Place, Refusal};
use proptest::prelude::*;

use crate::{ChangeError, OpenError, Store};

fn cell(name: &str) -> CellRecord {
    let address = SocketAddr::from(([127, 0, 0, 1], 7000));
    CellRecord {
        id: name.parse().unwrap(),
        edge: address,
        mesh: address,
        admin: address,
        weight: 100,
        signing_keys: vec![],
        version: "0.1.0".into(),
        registered: Timestamp::from_millis(1),
    }
}

fn id(name: &str) -> CellId {
    name.parse().unwrap()
}

fn asked(why: &str) -> Asked {
    Asked {
        by: "leila".into(),
        from: "10.0.0.9:5000".into(),
        why: why.into(),
        at: Timestamp::from_millis(1_000),
    }
}

/// Two cells, 300 slots, one tenant placed by name, which is held, and one hold that has ended: eight commits.
fn fill(directory: &Path) -> Fleet {
    let store = Store::open(directory).unwrap();
    assert!(store.register(cell("cell-1")).unwrap());
    assert!(store.register(cell("cell-2")).unwrap());
    assert!(!store.register(cell("cell-2")).unwrap(), "nothing new");
    let homes: Vec<_> = (0..300).map(|slot| (Slot(slot), id("cell-1"))).collect();
    assert_eq!(store.settle(&homes).unwrap(), 300);
    assert_eq!(store.settle(&homes).unwrap(), 0);
    let slot = Place::Slot(Slot(7));
    assert_eq!(store.claim(&slot, Generation(1), &id("cell-2")).unwrap(), Generation(2));
    let tenant: Tenant = "vendors/atlas".parse().unwrap();
    let claim = store.claim(&Place::Tenant(tenant), Generation(0), &id("cell-2"));
    assert_eq!(claim.unwrap(), Generation(1));
    let tenant = Place::Tenant("vendors/atlas".parse().unwrap());
    assert!(store.hold(&tenant, &asked("an audit")).unwrap().held.is_some());
    assert!(store.hold(&slot, &asked("a look")).unwrap().held.is_some());
    assert_eq!(store.release(&slot, &asked("done")).unwrap().generation, Generation(3));
    assert_eq!(store.commit(), 8);
    Fleet::clone(&store.fleet())
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let before = fill(directory.path());
    assert_eq!(before.epoch(), Epoch(8));
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(*store.fleet(), before);
    assert_eq!(store.commit(), 8);
    assert_eq!(store.fleet().held().count(), 1);
}

#[test]
fn what_operators_did_is_kept_in_order_and_what_was_refused_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    let store = Store::open(directory.path()).unwrap();
    let refused = store.release(&Place::Slot(Slot(9)), &asked("why not"));
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

#[test]
fn of_concurrent_claims_exactly_one_wins() {
    const CLAIMANTS: usize = 8;
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    for claimant in 0..CLAIMANTS {
        store.register(cell(&format!("cell-{claimant}"))).unwrap();
    }
    for round in 0..20 {
        let claim = |claimant: usize| {
            let owner = id(&format!("cell-{claimant}"));
            (owner.clone(), store.claim(&Place::Slot(Slot(3)), Generation(round), &owner))
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

#[test]
fn a_refused_change_leaves_no_trace() {
    let directory = tempfile::tempdir().unwrap();
    let before = fill(directory.path());
    let store = Store::open(directory.path()).unwrap();
    store.claim(&Place::Slot(Slot(7)), Generation(1), &id("cell-1")).unwrap_err();
    store.claim(&Place::Slot(Slot(8)), Generation(1), &id("cell-9")).unwrap_err();
    store.settle(&[(Slot(400), id("cell-1")), (Slot(401), id("cell-9"))]).unwrap_err();
    assert_eq!((&*store.fleet(), store.commit()), (&before, 8));
}

#[test]
fn a_second_process_is_refused_while_the_first_one_lives() {
    let directory = tempfile::tempdir().unwrap();
    let first = Store::open(directory.path()).unwrap();
    let second = Store::open(directory.path()).err().unwrap();
    assert!(matches!(second, OpenError::Locked(_)), "{second:?}");
    assert!(second.to_string().contains("another control plane already uses"));
    drop(first);
    Store::open(directory.path()).unwrap();
}

#[test]
fn a_directory_that_cannot_be_written_is_refused_with_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.join("data"), PathBuf::from("/proc/self/souk")] {
        let error = Store::open(&path).err().unwrap();
        assert!(matches!(error, OpenError::Directory { .. }), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn an_emptied_database_is_not_taken_for_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    fs::remove_dir_all(directory.path().join("store")).unwrap();
    let error = Store::open(directory.path()).err().unwrap();
    assert!(matches!(error, OpenError::LostCommits { found: 0, acknowledged: 8, .. }), "{error:?}");
}

#[test]
fn a_lost_mark_is_not_taken_for_a_low_one() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    fs::remove_file(directory.path().join("high-water")).unwrap();
    let error = Store::open(directory.path()).err().unwrap();
    assert!(matches!(error, OpenError::MarkLost { found: 8, .. }), "{error:?}");
}

#[test]
fn a_crash_between_a_commit_and_its_mark_costs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let before = fill(directory.path());
    crate::high_water::HighWater::in_directory(directory.path()).write(4).unwrap();
    assert_eq!(*Store::open(directory.path()).unwrap().fleet(), before);
}

fn files_of(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_of(&path, files);
        } else if path.file_name().is_some_and(|name| name != "lock")
            && path.metadata().unwrap().len() > 0
        {
            files.push(path);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Spoils one file of a copy of the store; what opens afterwards, if anything, must be all that was acknowledged.
fn spoil(file: usize, spoil: impl Fn(&mut Vec<u8>)) {
    let original = tempfile::tempdir().unwrap();
    let before = fill(original.path());
    let directory = tempfile::tempdir().unwrap();
    copy(original.path(), directory.path());
    let mut files = Vec::new();
    files_of(directory.path(), &mut files);
    files.sort();
    let path = &files[file % files.len()];
    let mut bytes = fs::read(path).unwrap();
    // Journals are allocated ahead; only what was written counts.
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(bytes.len(), |at| at + 1);
    bytes.truncate(written);
    spoil(&mut bytes);
    fs::write(path, &bytes).unwrap();
    match Store::open(directory.path()) {
        Ok(store) => {
            assert_eq!(*store.fleet(), before, "{}", path.display());
            if let Ok(record) = store.record(100) {
                assert_eq!(record.len(), 3, "{}", path.display());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_flipped_byte_is_harmless_or_refused_but_never_a_silent_loss(file: usize, at: usize, bits in 1_u8..) {
        spoil(file, |bytes| {
            let at = at % bytes.len();
            bytes[at] ^= bits;
        });
    }

    #[test]
    fn a_truncated_file_is_harmless_or_refused_but_never_a_silent_loss(file: usize, keep: usize) {
        spoil(file, |bytes| bytes.truncate(keep % (bytes.len() + 1)));
    }
}

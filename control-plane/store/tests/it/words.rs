//! Cells, places and reasons, as the tests say them.

use std::net::SocketAddr;

use base_ids::{CellId, Generation, PodName, Slot, Tenant};
use base_time::Timestamp;
use cp_model::{Asked, Place, PodRecord};
use cp_store::{ChangeError, Store};

/// Registers a cell that has one pod.
pub(crate) fn register(store: &Store, cell: &str) -> Result<bool, ChangeError> {
    store.register(&id(cell), &pod(), Timestamp::from_millis(1))
}

pub(crate) fn pod() -> PodRecord {
    let address = SocketAddr::from(([127, 0, 0, 1], 7000));
    PodRecord {
        name: PodName::default(),
        edge: address,
        mesh: address,
        admin: address,
        weight: 100,
        signing_keys: vec![],
        version: "0.1.0".into(),
    }
}

pub(crate) fn id(name: &str) -> CellId {
    name.parse().unwrap()
}

pub(crate) fn asked(why: &str) -> Asked {
    Asked {
        by: "leila".into(),
        from: "10.0.0.9:5000".into(),
        why: why.into(),
        at: Timestamp::from_millis(1_000),
    }
}

pub(crate) fn slot(number: u16) -> Place {
    Place::Slot(Slot(number))
}

pub(crate) fn tenants(count: usize) -> Vec<Tenant> {
    (0..count).map(|number| format!("users/u{number}").parse().unwrap()).collect()
}

/// Every slot, shared among so many cells.
pub(crate) fn homes(cells: u16) -> Vec<(Slot, CellId)> {
    let home = |slot: u16| (Slot(slot), id(&format!("cell-{}", slot % cells + 1)));
    (0..=u16::MAX).map(home).collect()
}

/// So many cells, which own every slot.
pub(crate) fn settle(store: &Store, cells: u16) {
    for number in 1..=cells {
        register(store, &format!("cell-{number}")).unwrap();
    }
    assert_eq!(store.settle(&homes(cells)).unwrap(), 65_536);
}

/// Two cells, 300 slots, one tenant placed by name, which is held, and one hold that has ended: eight commits.
pub(crate) fn fill(store: &Store) {
    assert!(register(store, "cell-1").unwrap());
    assert!(register(store, "cell-2").unwrap());
    assert!(!register(store, "cell-2").unwrap(), "nothing new");
    let homes: Vec<_> = (0..300).map(|slot| (Slot(slot), id("cell-1"))).collect();
    assert_eq!(store.settle(&homes).unwrap(), 300);
    assert_eq!(store.settle(&homes).unwrap(), 0);
    assert_eq!(store.claim(&slot(7), Generation(1), &id("cell-2")).unwrap(), Generation(2));
    let atlas = Place::Tenant("vendors/atlas".parse().unwrap());
    assert_eq!(store.claim(&atlas, Generation(0), &id("cell-2")).unwrap(), Generation(1));
    assert!(store.hold(&atlas, &asked("an audit")).unwrap().held.is_some());
    assert!(store.hold(&slot(7), &asked("a look")).unwrap().held.is_some());
    assert_eq!(store.release(&slot(7), &asked("done")).unwrap().generation, Generation(3));
    assert_eq!(store.commit(), 8);
}

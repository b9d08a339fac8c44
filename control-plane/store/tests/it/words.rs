//! Cells, places and reasons, as the tests say them.

use std::net::SocketAddr;

use base_ids::{CellId, Slot, Tenant};
use base_time::Timestamp;
use cp_model::{Asked, CellRecord, Place};
use cp_store::Store;

pub(crate) fn cell(name: &str) -> CellRecord {
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
        store.register(&cell(&format!("cell-{number}"))).unwrap();
    }
    assert_eq!(store.settle(&homes(cells)).unwrap(), 65_536);
}

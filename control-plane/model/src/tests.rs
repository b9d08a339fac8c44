//! What must hold of every transition, by example and by chance.

mod holds;
mod pods;

use std::net::SocketAddr;

use base_ids::{CellId, Epoch, Generation, PodName, Slot, Tenant};
use base_time::Timestamp;
use proptest::prelude::*;

use crate::{CellRecord, Fleet, InvalidFleet, KeyRecord, Ownership, Place, PodRecord, Refusal};

fn pod() -> PodRecord {
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

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn key(kid: &str) -> KeyRecord {
    KeyRecord { kid: kid.into(), public_key: [7; 32], accepted_until: at(9_000_000) }
}

fn id(name: &str) -> CellId {
    name.parse().unwrap()
}

fn fleet_of(names: &[&str]) -> Fleet {
    let mut fleet = Fleet::default();
    for name in names {
        let change = fleet.register(&id(name), pod(), at(1)).unwrap().unwrap();
        fleet.evolve(change);
    }
    fleet
}

#[test]
fn a_cell_that_says_nothing_new_changes_nothing() {
    let fleet = fleet_of(&["cell-1"]);
    assert_eq!(fleet.epoch(), Epoch(1));
    assert_eq!(fleet.register(&id("cell-1"), pod(), at(99)), Ok(None));
    let newer = PodRecord { version: "0.2.0".into(), ..pod() };
    let change = fleet.register(&id("cell-1"), newer, at(99)).unwrap().unwrap();
    assert_eq!(change.cell.unwrap().registered, at(1), "the first registration counts");
}

#[test]
fn only_what_routers_must_know_raises_the_epoch() {
    let fleet = fleet_of(&["cell-1"]);
    let says = |pod| fleet.register(&id("cell-1"), pod, at(2)).unwrap().unwrap().epoch;
    assert_eq!(says(PodRecord { version: "0.2.0".into(), ..pod() }), Epoch(1));
    assert_eq!(says(PodRecord { weight: 7, ..pod() }), Epoch(1));
    assert_eq!(says(PodRecord { signing_keys: vec![key("k2"), key("k1")], ..pod() }), Epoch(2));
}

#[test]
fn two_keys_with_one_name_are_refused() {
    let twice = PodRecord { signing_keys: vec![key("k1"), key("k1")], ..pod() };
    let refusal = Fleet::default().register(&id("cell-1"), twice, at(1)).unwrap_err();
    assert_eq!(refusal.to_string(), "cell cell-1 lists signing key k1 twice");
}

#[test]
fn of_two_claims_on_one_generation_the_second_learns_who_won() {
    let mut fleet = fleet_of(&["cell-1", "cell-2"]);
    let place = Place::Slot(Slot(7));
    let first = fleet.claim(&place, Generation(0), &id("cell-1")).unwrap();
    fleet.evolve(first);
    let refusal = fleet.claim(&place, Generation(0), &id("cell-2")).unwrap_err();
    let text = "slot 0007 is no longer at generation 0: cell-1 owns it at generation 1";
    assert_eq!(refusal.to_string(), text);
    let second = fleet.claim(&place, Generation(1), &id("cell-2")).unwrap();
    fleet.evolve(second);
    assert_eq!(fleet.slot(Slot(7)).unwrap().generation, Generation(2));
}

#[test]
fn a_cell_that_never_registered_owns_nothing() {
    let fleet = fleet_of(&["cell-1"]);
    let refusal = fleet.claim(&Place::Slot(Slot(0)), Generation(0), &id("cell-9"));
    assert_eq!(refusal, Err(Refusal::UnknownCell(id("cell-9"))));
    assert!(fleet.settle(&[(Slot(0), id("cell-9"))]).is_err());
}

#[test]
fn a_tenant_that_leaves_its_slot_goes_on_from_the_generation_of_the_slot() {
    let mut fleet = fleet_of(&["cell-1", "cell-2"]);
    let tenant: Tenant = "vendors/atlas".parse().unwrap();
    for generation in 0..3 {
        let place = Place::Slot(tenant.slot());
        let change = fleet.claim(&place, Generation(generation), &id("cell-1"));
        fleet.evolve(change.unwrap());
    }
    let place = Place::Tenant(tenant.clone());
    assert!(fleet.claim(&place, Generation(0), &id("cell-2")).is_err());
    let change = fleet.claim(&place, Generation(3), &id("cell-2")).unwrap();
    fleet.evolve(change);
    let residence = fleet.residence(&tenant);
    assert!(residence.by_override);
    assert_eq!(residence.row.unwrap().generation, Generation(4));
    assert_eq!(fleet.slot(tenant.slot()).unwrap().owner, id("cell-1"));
}

#[test]
fn settling_gives_only_what_nobody_owns() {
    let mut fleet = fleet_of(&["cell-1", "cell-2"]);
    let change = fleet.claim(&Place::Slot(Slot(1)), Generation(0), &id("cell-1"));
    fleet.evolve(change.unwrap());
    let homes = [0, 1, 2].map(|slot| (Slot(slot), id("cell-2")));
    let change = fleet.settle(&homes).unwrap().unwrap();
    assert_eq!(change.slots.len(), 2);
    fleet.evolve(change);
    assert_eq!(fleet.slot(Slot(1)).unwrap().owner, id("cell-1"));
    assert_eq!(fleet.settle(&homes), Ok(None), "settling again changes nothing");
    let runs = fleet.slot_runs(None);
    let of = |cell: Option<&str>| runs.iter().filter(|run| run.cell == cell.map(id)).count();
    assert_eq!((of(Some("cell-1")), of(Some("cell-2")), of(None)), (1, 2, 1));
    assert_eq!(fleet.slot_runs(Some(&id("cell-2"))).len(), 2);
    assert_eq!(fleet.slots_by_cell()[&id("cell-2")], 2);
    assert_eq!(fleet.unheld().next(), Some(Slot(3)));
}

#[test]
fn rows_that_contradict_each_other_are_no_fleet() {
    let row = |generation| Ownership {
        owner: id("cell-1"),
        generation: Generation(generation),
        held: None,
    };
    let orphan = Fleet::of_rows(Epoch(1), [], [(Slot(3), row(1))], []);
    assert!(matches!(orphan, Err(InvalidFleet::UnknownOwner { .. })));
    let cell = CellRecord::new(id("cell-1"), pod(), at(1));
    let never = Fleet::of_rows(Epoch(1), [cell], [(Slot(3), row(0))], []);
    assert!(matches!(never, Err(InvalidFleet::GenerationZero(_))));
}

#[test]
fn the_table_says_what_the_rows_say() {
    let mut fleet = fleet_of(&["cell-1", "cell-2"]);
    let tenant: Tenant = "users/a".parse().unwrap();
    let homes: Vec<_> = fleet.unheld().map(|slot| (slot, id("cell-1"))).collect();
    let change = fleet.settle(&homes).unwrap().unwrap();
    fleet.evolve(change);
    let change = fleet.claim(&Place::Tenant(tenant), Generation(1), &id("cell-2"));
    fleet.evolve(change.unwrap());
    let table = fleet.table().unwrap();
    assert_eq!(table.epoch(), fleet.epoch());
    let owner = |name| table.route(name).owner().unwrap();
    assert_eq!(
        (owner("users/a").cell.id.as_str(), owner("users/a").generation),
        ("cell-2", Generation(2))
    );
    assert_eq!(
        (owner("users/b").cell.id.as_str(), owner("users/b").generation),
        ("cell-1", Generation(1))
    );
}

proptest! {
    /// Invariant one-owner.
    #[test]
    fn generations_rise_by_one_with_every_claim_that_wins(
        claims in prop::collection::vec((0_u16..3, 0_u64..4, 1_u8..4), 1..60)
    ) {
        let mut fleet = fleet_of(&["cell-1", "cell-2", "cell-3"]);
        for (slot, expected, cell) in claims {
            let before = fleet.slot(Slot(slot)).map_or(Generation(0), |row| row.generation);
            let epoch = fleet.epoch();
            let claim = fleet.claim(&Place::Slot(Slot(slot)), Generation(expected), &id(&format!("cell-{cell}")));
            prop_assert_eq!(claim.is_ok(), before == Generation(expected));
            if let Ok(change) = claim {
                fleet.evolve(change);
                prop_assert_eq!(fleet.slot(Slot(slot)).unwrap().generation, before.next());
                prop_assert_eq!(fleet.epoch(), epoch.next());
            }
        }
    }
}

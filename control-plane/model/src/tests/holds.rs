//! What must hold of holds: they change nobody's owner, end under a new generation, and leave a record.

use base_ids::{Generation, Slot, Tenant};
use base_time::Timestamp;

use super::{fleet_of, id};
use crate::{Asked, DeedKind, Fleet, Place, Refusal};

fn asked(why: &str) -> Asked {
    Asked {
        by: "leila".into(),
        from: "10.0.0.9:5000".into(),
        why: why.into(),
        at: Timestamp::from_millis(1_000),
    }
}

fn atlas() -> Tenant {
    "vendors/atlas".parse().unwrap()
}

/// Two cells; the first owns every slot.
fn settled() -> Fleet {
    let mut fleet = fleet_of(&["cell-1", "cell-2"]);
    let homes: Vec<_> = fleet.unheld().map(|slot| (slot, id("cell-1"))).collect();
    let change = fleet.settle(&homes).unwrap().unwrap();
    fleet.evolve(change);
    fleet
}

#[test]
fn a_held_slot_keeps_its_owner_and_is_released_under_the_next_generation() {
    let mut fleet = settled();
    let (place, epoch) = (Place::Slot(atlas().slot()), fleet.epoch());
    let change = fleet.hold(&place, &asked("a look at the disk")).unwrap();
    assert_eq!(change.deeds[0].place, format!("slot {}", atlas().slot()));
    fleet.evolve(change);
    let table = fleet.table().unwrap();
    let owner = table.route("vendors/atlas").owner().unwrap();
    assert_eq!(
        (owner.held, owner.generation, owner.cell.id.as_str()),
        (true, Generation(1), "cell-1")
    );
    assert!(!table.slot(Slot(atlas().slot().0 ^ 1)).unwrap().held, "nobody else is held");
    let change = fleet.release(&place, &asked("done")).unwrap();
    fleet.evolve(change);
    let table = fleet.table().unwrap();
    let owner = table.route("vendors/atlas").owner().unwrap();
    assert_eq!(
        (owner.held, owner.generation, owner.cell.id.as_str()),
        (false, Generation(2), "cell-1")
    );
    assert_eq!(fleet.epoch(), epoch.next().next());
}

#[test]
fn a_held_tenant_is_placed_by_name_where_it_lives_and_stays_so() {
    let mut fleet = settled();
    let place = Place::Tenant(atlas());
    let change = fleet.hold(&place, &asked("an audit")).unwrap();
    fleet.evolve(change);
    assert!(fleet.held().map(|(place, _)| place).eq([place.clone()]));
    let table = fleet.table().unwrap();
    assert!(table.route("vendors/atlas").owner().unwrap().held);
    assert!(!table.slot(atlas().slot()).unwrap().held, "its neighbours go on");
    let change = fleet.release(&place, &asked("done")).unwrap();
    fleet.evolve(change);
    let residence = fleet.residence(&atlas());
    let row = residence.row.unwrap();
    assert_eq!(
        (residence.by_override, row.owner.clone(), row.generation),
        (true, id("cell-1"), Generation(3))
    );
    assert_eq!(fleet.held().count(), 0);
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let mut fleet = fleet_of(&["cell-1"]);
    let slot = Place::Slot(Slot(7));
    assert_eq!(fleet.hold(&slot, &asked("x")), Err(Refusal::NobodyOwns(slot.clone())));
    let claim = fleet.claim(&slot, Generation(0), &id("cell-1")).unwrap();
    fleet.evolve(claim);
    let refusal = fleet.release(&slot, &asked("x")).unwrap_err();
    assert_eq!(refusal.to_string(), "slot 0007 is not held");
    let change = fleet.hold(&slot, &asked("a look at the disk")).unwrap();
    fleet.evolve(change);
    let refusal = fleet.hold(&slot, &asked("me too")).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "slot 0007 is held already, by leila since 1970-01-01T00:00:01.000Z: a look at the disk"
    );
    let tenant = Place::Tenant(atlas());
    assert_eq!(fleet.release(&tenant, &asked("x")), Err(Refusal::NotHeld(tenant)));
}

#[test]
fn a_hold_of_the_slot_goes_with_a_tenant_that_is_placed_by_name() {
    let mut fleet = settled();
    let change = fleet.hold(&Place::Slot(atlas().slot()), &asked("a look")).unwrap();
    fleet.evolve(change);
    let change = fleet.pin(&[atlas()], &asked("large")).unwrap().unwrap();
    fleet.evolve(change);
    let row = fleet.residence(&atlas()).row.cloned().unwrap();
    assert_eq!((row.generation, row.held.unwrap().why.as_str()), (Generation(2), "a look"));
}

#[test]
fn pins_are_one_change_and_change_no_owner() {
    let mut fleet = settled();
    let epoch = fleet.epoch();
    let tenants: Vec<Tenant> = (0..50).map(|n| format!("users/u{n}").parse().unwrap()).collect();
    let change = fleet.pin(&tenants, &asked("a test")).unwrap().unwrap();
    assert_eq!((change.placed.len(), change.deeds.len()), (50, 50));
    assert!(change.deeds.iter().all(|deed| deed.kind == DeedKind::Pin && deed.by == "leila"));
    fleet.evolve(change);
    assert_eq!(fleet.epoch(), epoch.next());
    assert_eq!(fleet.pin(&tenants, &asked("a test")), Ok(None), "pinning again changes nothing");
    assert!(fleet.placed().all(|(_, row)| row.owner == id("cell-1")));
}

//! What must hold of the pods of a cell: they come and go one by one, share what the cell owns, and leave their keys behind for a while.

use base_ids::{Epoch, PodName, Slot};

use super::{at, fleet_of, id, key, pod};
use crate::{CellRecord, Fleet, PodRecord, Refusal};

fn named(name: &str) -> PodRecord {
    let nth: u16 = name.bytes().map(u16::from).sum();
    let mut pod = PodRecord { name: name.parse().unwrap(), ..pod() };
    pod.edge.set_port(8000 + nth);
    pod.signing_keys = vec![key(&format!("cell-1-{name}"))];
    pod
}

fn joined(fleet: &mut Fleet, pod: PodRecord, millis: i64) {
    let change = fleet.register(&id("cell-1"), pod, at(millis)).unwrap().unwrap();
    fleet.evolve(change);
}

fn leaves(fleet: &mut Fleet, pod: &str, millis: i64) -> bool {
    let change = fleet.leave(&id("cell-1"), &pod.parse().unwrap(), at(millis));
    change.map(|change| fleet.evolve(change)).is_some()
}

/// A cell with the pods `a` and `b`, which owns every slot.
fn two() -> Fleet {
    let mut fleet = Fleet::default();
    joined(&mut fleet, named("b"), 1);
    joined(&mut fleet, named("a"), 2);
    let homes: Vec<_> = fleet.unheld().map(|slot| (slot, id("cell-1"))).collect();
    let change = fleet.settle(&homes).unwrap().unwrap();
    fleet.evolve(change);
    fleet
}

fn names(fleet: &Fleet) -> Vec<String> {
    let cell = fleet.cell(&id("cell-1")).unwrap();
    cell.pods.iter().map(|pod| pod.name.to_string()).collect()
}

#[test]
fn pods_come_and_go_and_the_cell_owns_what_it_owned() {
    let mut fleet = two();
    assert_eq!((names(&fleet), fleet.epoch()), (vec!["a".into(), "b".into()], Epoch(3)));
    let owned = fleet.slot_runs(None);
    assert!(leaves(&mut fleet, "a", 10));
    assert_eq!((names(&fleet), fleet.epoch()), (vec!["b".into()], Epoch(4)));
    assert_eq!(fleet.slot_runs(None), owned, "no owner and no generation changed");
    joined(&mut fleet, named("a"), 20);
    assert_eq!(fleet.table().unwrap().cells()[0].pods.len(), 2);
    assert!(fleet.slot(Slot(7)).is_some_and(|row| row.owner == id("cell-1")));
}

#[test]
fn the_last_pod_stays_as_the_address_of_its_cell() {
    let mut fleet = two();
    assert!(leaves(&mut fleet, "a", 10));
    assert!(!leaves(&mut fleet, "b", 11));
    assert!(!leaves(&mut fleet, "a", 12), "it has left already");
    assert!(fleet.leave(&id("cell-9"), &PodName::default(), at(13)).is_none());
    assert_eq!(names(&fleet), ["b"]);
}

#[test]
fn tokens_that_a_pod_signed_are_good_for_a_while_after_it_left() {
    let mut fleet = two();
    assert!(leaves(&mut fleet, "a", 1_000));
    let table = fleet.table().unwrap();
    let left = table.signing_key("cell-1-a").unwrap();
    assert_eq!(left.accepted_until, at(3_601_000), "an hour, not as long as it would have signed");
    assert_eq!(table.signing_key("cell-1-b").unwrap().accepted_until, at(9_000_000));
    // With its next word after that the cell forgets them.
    joined(&mut fleet, PodRecord { weight: 1, ..named("b") }, 3_602_000);
    assert!(fleet.table().unwrap().signing_key("cell-1-a").is_none());
}

#[test]
fn a_pod_that_comes_back_brings_its_keys_with_it() {
    let mut fleet = two();
    assert!(leaves(&mut fleet, "a", 1_000));
    joined(&mut fleet, named("a"), 2_000);
    let cell = fleet.cell(&id("cell-1")).unwrap();
    assert!(cell.former_keys.is_empty());
    assert_eq!(cell.routing().signing_keys.len(), 2);
}

#[test]
fn keys_of_pods_that_left_do_not_pile_up() {
    let mut fleet = two();
    for number in 0..200 {
        let keys = vec![key(&format!("fresh-{number}"))];
        joined(&mut fleet, PodRecord { signing_keys: keys, ..named("a") }, 1_000 + number);
        assert!(leaves(&mut fleet, "a", 1_000 + number));
    }
    let former = &fleet.cell(&id("cell-1")).unwrap().former_keys;
    assert_eq!((former.len(), former[0].kid.as_str()), (64, "fresh-199"));
}

#[test]
fn two_pods_may_share_a_key_but_not_a_name_of_two() {
    let fleet = two();
    let shared = PodRecord { signing_keys: named("a").signing_keys, ..named("c") };
    let change = fleet.register(&id("cell-1"), shared.clone(), at(3)).unwrap().unwrap();
    assert_eq!(change.cell.unwrap().routing().signing_keys.len(), 2);
    let mut other = shared;
    other.signing_keys[0].public_key = [8; 32];
    let refusal = fleet.register(&id("cell-1"), other, at(3)).unwrap_err();
    assert_eq!(refusal.to_string(), "cell cell-1 lists signing key cell-1-a twice");
}

#[test]
fn a_cell_has_no_more_pods_than_a_table_can_name() {
    let mut fleet = Fleet::default();
    for number in 0..64 {
        joined(&mut fleet, PodRecord { name: format!("{number}").parse().unwrap(), ..pod() }, 1);
    }
    let refusal = fleet.register(&id("cell-1"), named("z"), at(2)).unwrap_err();
    assert!(matches!(refusal, Refusal::TooManyPods { pods: 64, .. }), "{refusal}");
    assert!(fleet.table().is_ok());
}

#[test]
fn a_record_of_a_cell_that_was_one_process_is_read_as_its_first_pod() {
    let text = r#"{"id":"cell-1","edge":"127.0.0.1:7000","mesh":"127.0.0.1:7000","admin":"127.0.0.1:7000",
        "weight":100,"signing_keys":[],"version":"0.1.0","registered":1}"#;
    let read: CellRecord = serde_json::from_str(text).unwrap();
    assert_eq!(Some(&read), fleet_of(&["cell-1"]).cell(&id("cell-1")));
    let again: CellRecord = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(again, read);
}

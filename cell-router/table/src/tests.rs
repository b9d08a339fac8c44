//! The stories and laws of the routing table.

mod delta;
mod pods;
mod stale;

use base_ids::{Epoch, Generation, Slot, Tenant};
use base_time::Timestamp;
use proptest::prelude::*;

use crate::{
    Cell, Damaged, Draft, InvalidTable, LastGood, LastGoodError, Older, Pod, Route, SigningKey,
    Snapshot, Table,
};

fn cell(number: u16) -> Cell {
    let address = |port: u16| ([127, 0, 0, 1], port + number).into();
    Cell {
        id: format!("cell-{number}").parse().unwrap(),
        pods: vec![Pod::only(address(7000), address(8000), address(9000))],
        signing_keys: vec![SigningKey {
            kid: format!("k{number}"),
            public_key: [u8::try_from(number % 256).unwrap(); 32],
            accepted_until: Timestamp::from_millis(1_800_000_000_000),
        }],
    }
}

/// Two cells, slots alternately, one tenant placed by name.
fn small(epoch: u64) -> Table {
    let mut draft = Draft::new(Epoch(epoch));
    let cells = [draft.cell(cell(1)), draft.cell(cell(2))];
    for slot in 0..=u16::MAX {
        draft.slot(Slot(slot), cells[usize::from(slot % 2)], Generation(1));
    }
    draft.hold_slot(Slot(7));
    let tenant: Tenant = "users/heavy".parse().unwrap();
    draft.place(&tenant, cells[1], Generation(9), true);
    draft.build().unwrap()
}

#[test]
fn a_tenant_lives_where_its_slot_lives_unless_it_is_placed_by_name() {
    let table = small(3);
    let Route::To { owner, by_override } = table.route("vendors/atlas") else {
        panic!("atlas has an owner")
    };
    let slot = Slot::of("vendors/atlas");
    assert_eq!(owner.index, usize::from(slot.0 % 2));
    assert!(!by_override && !owner.held);
    let Route::To { owner, by_override } = table.route("users/heavy") else {
        panic!("heavy has an owner")
    };
    assert_eq!((owner.cell.id.as_str(), owner.generation), ("cell-2", Generation(9)));
    assert!(by_override && owner.held);
    assert!(table.slot(Slot(7)).unwrap().held);
    assert_eq!(Table::empty().route("users/heavy"), Route::Unheld);
}

#[test]
fn keys_are_found_by_their_id() {
    assert_eq!(small(1).signing_key("k2").unwrap().public_key, [2; 32]);
    assert!(small(1).signing_key("k3").is_none());
}

#[test]
fn the_digest_is_pinned_so_that_two_builds_never_disagree() {
    assert_eq!(format!("{:016x}", Table::empty().digest()), "0ce1dac2f5d2ae29");
    assert_eq!(format!("{:016x}", small(3).digest()), "f6467f90d0c277ae");
    assert_ne!(small(3).digest(), small(4).digest());
}

#[test]
fn the_order_in_which_a_draft_is_filled_does_not_matter() {
    let build = |names: [&str; 3]| {
        let mut draft = Draft::new(Epoch(1));
        let home = draft.cell(cell(1));
        for name in names {
            draft.place(&name.parse().unwrap(), home, Generation(2), false);
        }
        draft.build().unwrap().digest()
    };
    assert_eq!(
        build(["users/a", "users/b", "vendors/c"]),
        build(["vendors/c", "users/b", "users/a"])
    );
}

#[test]
fn a_draft_that_contradicts_itself_is_no_table() {
    let mut draft = Draft::new(Epoch(1));
    let first = draft.cell(cell(1));
    draft.place(&"users/a".parse().unwrap(), first, Generation(1), false);
    draft.place(&"users/a".parse().unwrap(), first, Generation(2), false);
    assert_eq!(draft.build().unwrap_err(), InvalidTable::TenantTwice("users/a".to_owned()));
    let mut draft = Draft::new(Epoch(1));
    draft.cell(cell(1));
    draft.cell(cell(1));
    assert_eq!(draft.build().unwrap_err(), InvalidTable::CellTwice(cell(1).id));
}

#[test]
fn a_million_overrides_fit_into_64_megabytes() {
    let mut draft = Draft::new(Epoch(1));
    let home = draft.cell(cell(1));
    let name = |n: u64| format!("users/01936f0e-7a5c-7cc1-8d2e-{n:012x}");
    for n in 0..1_000_000 {
        draft.place(&name(n).parse().unwrap(), home, Generation(n), false);
    }
    let table = draft.build().unwrap();
    assert!(table.size() < 64 << 20, "{} bytes", table.size());
    for n in (0..1_000_000).step_by(997) {
        assert_eq!(table.route(&name(n)).owner().unwrap().generation, Generation(n));
    }
    assert_eq!(table.route(&name(1_000_000)), Route::Unheld);
}

#[test]
fn no_flipped_byte_and_no_cut_passes_for_a_table() {
    let bytes = small(3).to_bytes();
    assert_eq!(Table::from_bytes(&bytes).unwrap(), small(3));
    for at in (0..bytes.len()).step_by(9973).chain(bytes.len() - 9..bytes.len()) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        assert!(Table::from_bytes(&flipped).is_err(), "byte {at}");
    }
    for end in [0, 7, 8, 15, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(Table::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn the_last_good_table_survives_on_disk_and_damage_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let last_good = LastGood::at(directory.path().join("table"));
    assert!(last_good.load().unwrap().is_none());
    last_good.save(&small(3)).unwrap();
    last_good.save(&small(4)).unwrap();
    assert_eq!(last_good.load().unwrap(), Some(small(4)));
    let mut older = small(4).to_bytes();
    older[7] = b'1';
    assert_eq!(Table::from_bytes(&older), Err(Damaged::OtherVersion));
    let mut bytes = std::fs::read(last_good.path()).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(last_good.path(), bytes).unwrap();
    let error = last_good.load().unwrap_err();
    assert!(
        matches!(&error, LastGoodError::Damaged { cause: Damaged::Checksum { .. }, .. }),
        "{error:?}"
    );
}

#[test]
fn a_snapshot_never_goes_back() {
    let snapshot = Snapshot::new(Table::empty());
    snapshot.advance(small(5)).unwrap();
    assert_eq!(snapshot.advance(small(4)), Err(Older { held: Epoch(5), offered: Epoch(4) }));
    assert_eq!(snapshot.load().epoch(), Epoch(5));
    snapshot.advance(small(6)).unwrap();
    assert_eq!(snapshot.load().epoch(), Epoch(6));
}

proptest! {
    // Each table has 65,536 slots: few cases go a long way.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_table_reads_back_from_its_bytes(
        epoch in any::<u64>(),
        cells in 1..20_u16,
        pods in 1..4_u16,
        slots in prop::collection::vec((any::<u16>(), any::<prop::sample::Index>(), any::<u64>()), 0..200),
        placed in prop::collection::btree_map("(users|vendors|names|platform)/[a-z0-9][a-z0-9-]{0,40}", (any::<prop::sample::Index>(), any::<u64>(), any::<bool>()), 0..100),
    ) {
        let mut draft = Draft::new(Epoch(epoch));
        let cells: Vec<_> = (0..cells).map(|n| draft.cell(pods::with_pods(cell(n), pods))).collect();
        for (slot, owner, generation) in slots {
            draft.slot(Slot(slot), *owner.get(&cells), Generation(generation));
        }
        for (name, (owner, generation, held)) in &placed {
            draft.place(&name.parse().unwrap(), *owner.get(&cells), Generation(*generation), *held);
        }
        let table = draft.build().unwrap();
        let back = Table::from_bytes(&table.to_bytes()).unwrap();
        prop_assert_eq!(back.to_bytes(), table.to_bytes());
        prop_assert_eq!(back.digest(), table.digest());
        for (name, (_, generation, held)) in placed {
            let owner = back.route(&name).owner().unwrap();
            prop_assert_eq!((owner.generation, owner.held), (Generation(generation), held));
        }
    }

}

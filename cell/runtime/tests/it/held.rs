//! A held tenant: its cell serves reads, refuses changes and messages with the epoch that says so, and loses nothing.

use base_ids::{Epoch, Generation, Slot, Tenant};
use cell_runtime::Unanswered;
use router_table::{Draft, Table};

use crate::{
    fleet::{Fleet, call, rest, table},
    put, send,
    toy::Purse,
};

/// The usual table, in which a tenant is held or was, by its slot or by its name.
fn changed(epoch: u64, tenant: &Tenant, by_name: bool, generation: u64, held: bool) -> Table {
    let usual = table(2, epoch);
    let mut draft = Draft::new(Epoch(epoch));
    let cells: Vec<_> = usual.cells().iter().cloned().map(|cell| draft.cell(cell)).collect();
    for slot in (0..=u16::MAX).map(Slot) {
        let owner = usual.slot(slot).unwrap();
        draft.slot(slot, cells[owner.index], owner.generation);
    }
    let owner = cells[usual.route(tenant.as_str()).owner().unwrap().index];
    if by_name {
        draft.place(tenant, owner, Generation(generation), held);
    } else {
        draft.slot(tenant.slot(), owner, Generation(generation));
        if held {
            draft.hold_slot(tenant.slot());
        }
    }
    draft.build().unwrap()
}

async fn tell_all(fleet: &Fleet, table: impl Fn() -> Table) {
    for number in 0..2 {
        assert!(fleet.cell(number).adopt(table()).await.unwrap());
    }
}

/// Holds a tenant and releases it; `generations` are those of the hold and of its end.
async fn hold_and_release(by_name: bool, generations: [u64; 2]) {
    let fleet = Fleet::new(2).await;
    let (here, held) = (fleet.user_in(0, 0), fleet.user_in(1, 0));
    let neighbour = fleet.user_in(1, 1);
    fleet.call::<Purse>(&here, "Put", &put(10), None).await.unwrap();
    fleet.call::<Purse>(&held, "Put", &put(5), Some("before")).await.unwrap();

    tell_all(&fleet, || changed(2, &held, by_name, generations[0], true)).await;
    assert_eq!(fleet.coins(&held).await, 5, "reads go on");
    for _ in 0..3 {
        let no = fleet.cell(1).serve(call(&held, "Put", &put(1), None)).await.unwrap_err();
        assert!(matches!(no, Unanswered::Held { epoch: Epoch(2) }), "{no:?}");
    }
    let owns = |writes| fleet.cell(1).owns(&held, writes);
    assert!(matches!(owns(true), Err(Unanswered::Held { epoch: Epoch(2) })));
    assert_eq!(owns(false).unwrap(), (Generation(generations[0]), Epoch(2)));
    fleet.call::<Purse>(&neighbour, "Put", &put(1), None).await.unwrap();
    fleet.call::<Purse>(&here, "Send", &send(&held, 4), None).await.unwrap();
    rest(60_000).await;
    assert_eq!((fleet.coins(&held).await, fleet.coins(&here).await), (5, 6), "a message waits");

    tell_all(&fleet, || changed(3, &held, by_name, generations[1], false)).await;
    rest(60_000).await;
    assert_eq!(fleet.coins(&held).await, 9, "what waited came, once");
    let (purse, _) = fleet.call::<Purse>(&held, "Put", &put(1), None).await.unwrap();
    assert_eq!(purse.coins, 10);
    assert_eq!(owns(true).unwrap(), (Generation(generations[1]), Epoch(3)));
}

#[tokio::test(start_paused = true)]
async fn a_held_slot_is_read_and_not_written_until_it_is_released() {
    hold_and_release(false, [1, 2]).await;
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_held_by_name_is_read_and_not_written_until_it_is_released() {
    hold_and_release(true, [2, 3]).await;
}

#[tokio::test(start_paused = true)]
async fn a_hold_outlives_the_cell_by_its_fence() {
    let fleet = Fleet::new(2).await;
    let held = fleet.user_in(1, 0);
    tell_all(&fleet, || changed(2, &held, false, 1, true)).await;
    fleet.kill(1).await;
    // It comes back with the table of before: the fence knows better.
    fleet.boot(1).await;
    let no = fleet.cell(1).serve(call(&held, "Put", &put(1), None)).await.unwrap_err();
    assert!(matches!(no, Unanswered::Held { .. }), "{no:?}");
    assert!(fleet.cell(1).adopt(changed(3, &held, false, 2, false)).await.unwrap());
    fleet.call::<Purse>(&held, "Put", &put(1), None).await.unwrap();
}

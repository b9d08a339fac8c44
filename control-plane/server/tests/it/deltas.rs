//! Who holds a table that is remembered gets what changed since then; everybody else, and who asks for it, the whole one.

use base_ids::{Epoch, Generation};
use cp_model::Place;
use router_table::Table;

use crate::fleet::{Plane, Watcher, beat, send};

async fn whole(plane: &Plane) -> Table {
    Watcher::router(plane.address(), "looker").await.next().await.unwrap()
}

/// Moves a tenant to the other cell; returns the table that says so.
async fn claim(plane: &Plane, tenant: &str, expected: u64, owner: &str) -> Table {
    let place = Place::Tenant(tenant.parse().unwrap());
    let claim = plane.running.plane().claim(place, Generation(expected), owner.parse().unwrap());
    claim.await.unwrap();
    whole(plane).await
}

#[tokio::test]
async fn a_member_that_comes_back_gets_only_what_changed_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    let held = whole(&plane).await;
    // A cell joins in front of the other in no order of names, and two tenants move.
    send(plane.address(), beat(2)).await.unwrap();
    claim(&plane, "vendors/atlas", 1, "cell-2").await;
    let newest = claim(&plane, "users/a", 1, "cell-2").await;
    let mut watcher = Watcher::holding(plane.address(), "router-1", &held).await;
    let delta = watcher.next_delta().await;
    assert_eq!((delta.since, delta.placed.len(), delta.slots.len()), (held.epoch(), 2, 0));
    let applied = held.apply(&delta).unwrap();
    assert_eq!(applied, newest);
    watcher.ack(&applied).await;
    let newest = claim(&plane, "users/a", 2, "cell-1").await;
    let delta = watcher.next_delta().await;
    assert_eq!(
        (delta.since, delta.placed.len(), delta.cells.is_none()),
        (applied.epoch(), 1, true)
    );
    assert_eq!(applied.apply(&delta).unwrap(), newest);
    assert_eq!(plane.counter("deltas_sent_total").await, 2);
}

#[tokio::test]
async fn a_member_that_holds_the_newest_hears_that_nothing_changed() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    let held = whole(&plane).await;
    let mut watcher = Watcher::holding(plane.address(), "router-1", &held).await;
    let delta = watcher.next_delta().await;
    assert_eq!((delta.placed.len(), delta.slots.len()), (0, 0));
    assert_eq!(held.apply(&delta).unwrap(), held);
}

#[tokio::test]
async fn a_member_gets_the_whole_table_if_it_asks_if_it_differs_or_if_its_epoch_is_not_remembered()
{
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    send(plane.address(), beat(1)).await.unwrap();
    let held = whole(&plane).await;
    let newest = claim(&plane, "vendors/atlas", 1, "cell-1").await;
    let mut asks = Watcher::holding(plane.address(), "router-1", &held).await;
    asks.next_delta().await;
    asks.want_whole(&held).await;
    assert_eq!(asks.next().await.unwrap(), newest);
    let mut draft = router_table::Draft::new(held.epoch());
    draft.cell(held.cells()[0].clone());
    let other = draft.build().unwrap();
    let mut differs = Watcher::holding(plane.address(), "router-2", &other).await;
    assert_eq!(differs.next().await.unwrap(), newest);
    plane.running.stop().await;
    // A new process remembers no steps.
    let plane = Plane::start(directory.path(), 1).await;
    let mut stale = Watcher::holding(plane.address(), "router-3", &held).await;
    let table = stale.next().await.unwrap();
    assert_eq!((table.epoch(), &table), (Epoch(newest.epoch().0), &newest));
}

//! The laws of waiting: bounded, in order, never left behind.

use std::sync::Arc;

use base_ids::Epoch;
use base_telemetry::Metrics;
use parking_lot::Mutex;

use super::{Full, Hold, HoldBounds, HoldCounts, Turn};

fn hold(bounds: HoldBounds) -> Arc<Hold> {
    Hold::new(bounds, Epoch(1), HoldCounts::new(&Metrics::new()))
}

#[tokio::test]
async fn each_bound_refuses_what_is_beyond_it_and_gives_room_back() {
    let hold = hold(HoldBounds {
        tenant_requests_max: 2,
        tenant_bytes_max: 100,
        requests_max: 3,
        bytes_max: 150,
        wait_ms: 1_000,
    });
    let full = |tenant, bytes| hold.enter(tenant, bytes).err();
    let first = hold.enter("users/a", 40).unwrap();
    assert_eq!(full("users/a", 61), Some(Full::TenantBytes));
    let second = hold.enter("users/a", 40).unwrap();
    assert_eq!(full("users/a", 1), Some(Full::TenantRequests));
    assert_eq!(full("users/b", 71), Some(Full::AllBytes));
    let third = hold.enter("users/b", 60).unwrap();
    assert_eq!(full("users/c", 1), Some(Full::AllRequests));
    drop(second);
    assert!(full("users/c", 1).is_none());
    drop((first, third));
    assert!(!hold.waits_for("users/a") && !hold.waits_for("users/b"));
    assert_eq!(hold.counts.waiting.get(), 0);
    assert_eq!(hold.counts.waiting_bytes.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_table_releases_all_in_the_order_of_their_coming() {
    let hold = hold(HoldBounds::default());
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for number in 0..50 {
        let (mut place, order) = (hold.enter("users/a", 1).unwrap(), Arc::clone(&order));
        waiting.push(tokio::spawn(async move {
            while place.wait(Epoch(1)).await != Turn::Look {}
            order.lock().push(number);
        }));
    }
    hold.news(Epoch(2));
    for one in waiting {
        one.await.unwrap();
    }
    assert_eq!(*order.lock(), (0..50).collect::<Vec<_>>());
    assert!(!hold.waits_for("users/a"));
}

#[tokio::test(start_paused = true)]
async fn a_table_that_came_before_the_wait_is_not_missed_and_one_tenant_does_not_wake_another() {
    let hold = hold(HoldBounds::default());
    let mut early = hold.enter("users/a", 1).unwrap();
    hold.news(Epoch(2));
    assert_eq!(early.wait(Epoch(1)).await, Turn::Look);
    let mut other = hold.enter("users/b", 1).unwrap();
    drop(early);
    assert_eq!(other.wait(Epoch(2)).await, Turn::Probe, "nothing has happened to users/b");
}

#[tokio::test(start_paused = true)]
async fn the_first_looks_again_by_itself_and_nobody_waits_for_ever() {
    let hold = hold(HoldBounds::default());
    let (mut first, mut second) =
        (hold.enter("users/a", 1).unwrap(), hold.enter("users/a", 1).unwrap());
    let mut probes = 0;
    while first.wait(Epoch(1)).await == Turn::Probe {
        probes += 1;
    }
    assert!((4..=16).contains(&probes), "{probes}");
    assert_eq!(second.wait(Epoch(1)).await, Turn::TimeUp);
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_again_comes_before_those_who_came_later() {
    let hold = hold(HoldBounds::default());
    let first = hold.enter("users/a", 1).unwrap();
    let second = hold.enter("users/a", 1).unwrap();
    let ticket = first.ticket();
    drop(first);
    assert!(second.is_first());
    let again = hold.return_to("users/a", ticket);
    assert!(again.is_first() && !second.is_first());
}

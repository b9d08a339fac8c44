//! Cells that share a feed of their public messages, and cells beside them that do not.

use base_ids::Tenant;
use cell_runtime::{Cell, feed::MemoryFeed};

use crate::{
    fleet::{Fleet, call, cell_id, rest},
    put, toy,
    toy::Purse,
};

/// What a cell knows of a tenant: how rich it is, and how often it was told so.
async fn known(cell: &Cell, tenant: &Tenant) -> (i64, i64) {
    let row = cell.reading().get_replica::<toy::Riches>("purses", tenant.as_str()).await.unwrap();
    row.map_or((0, 0), |row| (row["coins"], row["changes"]))
}

async fn earn(fleet: &Fleet, tenant: &Tenant, times: usize) {
    for _ in 0..times {
        fleet.call::<Purse>(tenant, "Put", &put(1), None).await.unwrap();
        rest(20).await;
    }
}

#[tokio::test(start_paused = true)]
async fn public_messages_come_in_the_feed_while_no_cell_reaches_another() {
    let feed = MemoryFeed::default();
    let fleet = Fleet::with_feed(2, feed.clone(), 2).await;
    let users = [fleet.user_in(0, 0), fleet.user_in(1, 0)];
    fleet.cut(0);
    fleet.cut(1);
    for user in &users {
        earn(&fleet, user, 30).await;
    }
    rest(1_000).await;
    for number in 0..2 {
        for user in &users {
            assert_eq!(known(&fleet.cell(number), user).await, (30, 30), "{user} in {number}");
        }
    }
    assert_eq!(feed.messages(), 60, "each was told once");
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_the_feed_is_noticed_and_made_up_for_over_the_mesh() {
    let feed = MemoryFeed::default();
    let fleet = Fleet::with_feed(2, feed.clone(), 2).await;
    let (user, there) = (fleet.user_in(0, 0), fleet.cell(1));
    earn(&fleet, &user, 3).await;
    feed.lose(1);
    earn(&fleet, &user, 1).await;
    assert_eq!(known(&there, &user).await, (3, 3));
    rest(11_000).await;
    assert_eq!(known(&there, &user).await, (4, 4), "a beat says where the log stands");
    feed.lose(1);
    earn(&fleet, &user, 2).await;
    rest(1_000).await;
    assert_eq!(known(&there, &user).await, (6, 6), "what comes next does not fit");
    // It goes on in the feed once that fits again.
    earn(&fleet, &user, 1).await;
    fleet.cut(0);
    earn(&fleet, &user, 5).await;
    rest(1_000).await;
    assert_eq!(known(&there, &user).await, (12, 12));
}

#[tokio::test(start_paused = true)]
async fn cells_with_and_without_the_feed_hear_each_other_and_so_they_do_while_it_is_away() {
    let feed = MemoryFeed::default();
    let fleet = Fleet::with_feed(3, feed.clone(), 2).await;
    let users = [fleet.user_in(0, 0), fleet.user_in(1, 0), fleet.user_in(2, 0)];
    for (times, away) in [(5, false), (10, true), (15, false)] {
        feed.away(away);
        // Whoever hears nothing in the feed for long follows over the mesh.
        rest(60_000).await;
        for user in &users {
            earn(&fleet, user, 5).await;
        }
        rest(31_000).await;
        for number in 0..3 {
            for user in &users {
                let known = known(&fleet.cell(number), user).await;
                assert_eq!(known, (times, times), "{user} in {number}, {away}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_processes_of_a_cell_one_tells_and_another_goes_on() {
    let feed = MemoryFeed::default();
    let fleet = Fleet::with_feed(2, feed.clone(), 2).await;
    let (user, there) = (fleet.user_in(0, 0), fleet.cell(1));
    let pods = [fleet.pod(0).await, fleet.pod(0).await];
    let earn = async |pod: &Cell, times: usize| {
        for _ in 0..times {
            pod.serve(call(&user, "Put", &put(1), None)).await.unwrap();
            rest(20).await;
        }
    };
    earn(&pods[0], 50).await;
    rest(1_000).await;
    assert_eq!(known(&there, &user).await, (50, 50));
    assert!(feed.messages() < 70, "{} for 50: all tell at once", feed.messages());
    fleet.cell(0).stop().await;
    pods[0].stop().await;
    earn(&pods[1], 10).await;
    rest(5_000).await;
    assert_eq!(known(&there, &user).await, (60, 60));
}

#[tokio::test(start_paused = true)]
async fn a_source_is_left_to_the_process_that_follows_it() {
    let feed = MemoryFeed::default();
    let fleet = Fleet::with_feed(2, feed.clone(), 2).await;
    let (user, there) = (fleet.user_in(0, 0), fleet.cell(1));
    earn(&fleet, &user, 1).await;
    let subscriber = fleet.subscriber(1);
    subscriber.leave_to_another(&cell_id(0), true);
    rest(100_000).await;
    earn(&fleet, &user, 4).await;
    rest(100_000).await;
    assert_eq!(known(&there, &user).await, (1, 1), "neither in the feed nor over the mesh");
    subscriber.leave_to_another(&cell_id(0), false);
    rest(2_000).await;
    assert_eq!(known(&there, &user).await, (5, 5));
}

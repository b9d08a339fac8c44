//! Several processes on one keyspace: they race, they die, they take over from each other.

use std::time::Duration;

use base_ids::Version;
use base_testkit::eventually;
use cell_runtime::port::{Append, Appended};
use cell_scylla::{Mishap, Step};
use futures_util::future::join_all;

use crate::{
    given::{NOON, done, due, events, full, owned, row, version},
    keyspace::Keyspace,
};

/// Longer than a pod must be silent before it is taken over.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pods_that_race_lose_nothing_and_do_nothing_twice() {
    let name = "two_pods_that_race_lose_nothing_and_do_nothing_twice";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let (a, b) = (keyspace.open().await, keyspace.open().await);
    let both = [a.stores(), b.stores()];
    let stream = owned(&both[0], "users/a/carts/main").await;
    let writers = both.iter().map(async |stores| {
        let (mut won, mut head) = (0, 0);
        while won < 20 {
            match stores.journal.append(full(&stream, head)).await.unwrap() {
                Appended::Done { .. } => (won, head) = (won + 1, head + 1),
                Appended::Conflict { head: now } => head = now.0,
                ended => panic!("{ended:?}"),
            }
        }
    });
    join_all(writers).await;
    let mut told = 0;
    for stores in &both {
        assert_eq!(version(stores, &stream).await, Version(40));
        assert_eq!(row(stores, &stream).await.as_deref(), Some("40"));
        told += due(stores).await;
        let all = eventually(SOON, async || {
            let all = stores.public.after(0, 99).await.unwrap();
            if all.len() >= 40 { Ok(all) } else { Err(all.len()) }
        });
        let versions: Vec<u64> =
            all.await.unwrap().iter().map(|(_, message)| message.version.0).collect();
        assert_eq!(versions, (1..=40).collect::<Vec<_>>(), "in order, each once");
    }
    assert_eq!(told, 40, "each pod tells what it has posted");
    drop(both);
    a.close().await.unwrap();
    b.close().await.unwrap();
    keyspace.forget().await;
}

#[tokio::test]
async fn what_a_pod_left_half_done_is_finished_by_another() {
    let name = "what_a_pod_left_half_done_is_finished_by_another";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let a = keyspace.open().await;
    let b = keyspace.open().await;
    let (stores, others) = (a.stores(), b.stores());
    let done_before = owned(&stores, "users/a/carts/before").await;
    done(&stores, full(&done_before, 0)).await;
    let mut arrivals = others.outbox.arrivals();
    let stream = owned(&stores, "users/a/carts/main").await;
    // Written, and nothing of what it brings with it: not by the append, not by looking after it.
    a.mishaps().queue(Step::Spread, Mishap::CallLost, 1_000);
    assert!(stores.journal.append(full(&stream, 0)).await.is_err());
    assert_eq!(version(&others, &stream).await, Version(1));
    assert_eq!(row(&others, &stream).await, None);
    assert_eq!(due(&others).await, 0);
    // The process dies.
    drop(stores);
    drop(a);
    tokio::time::timeout(SOON, arrivals.changed()).await.unwrap().unwrap();
    assert_eq!(row(&others, &stream).await.as_deref(), Some("1"));
    let told = eventually(SOON, async || match due(&others).await {
        // What it had to tell before, too.
        2 => Ok(()),
        count => Err(count),
    });
    told.await.unwrap();
    let timer = NOON.after(Duration::from_mins(5));
    assert_eq!(others.outbox.next_due(NOON).await.unwrap(), Some(timer));
    assert_eq!(others.outbox.due(timer, None, 99).await.unwrap().len(), 4);
    assert_eq!(others.public.after(0, 9).await.unwrap().len(), 2);
    done(&others, events(&stream, 1, 1)).await;
    // Once more: what was taken over is taken over from whoever took it over.
    let settled: Vec<_> =
        others.outbox.due(NOON, None, 1).await.unwrap().into_iter().map(|(key, _)| key).collect();
    others.outbox.settle(settled).await.unwrap();
    drop(others);
    b.close().await.unwrap();
    let c = keyspace.open().await;
    assert_eq!(due(&c.stores()).await, 1);
    assert_eq!(c.stores().outbox.next_due(NOON).await.unwrap(), Some(timer));
    c.close().await.unwrap();
    keyspace.forget().await;
}

#[tokio::test]
async fn whoever_appends_next_finishes_what_it_finds() {
    let name = "whoever_appends_next_finishes_what_it_finds";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let (a, b) = (keyspace.open().await, keyspace.open().await);
    let (stores, others) = (a.stores(), b.stores());
    let stream = owned(&stores, "users/a/carts/main").await;
    a.mishaps().queue(Step::Spread, Mishap::CallLost, 1);
    assert!(stores.journal.append(full(&stream, 0)).await.is_err());
    let silent = Append { rows: Vec::new(), ..full(&stream, 1) };
    done(&others, silent).await;
    assert_eq!(row(&others, &stream).await.as_deref(), Some("1"));
    let told = others.public.after(0, 9).await.unwrap();
    let told: Vec<u64> = told.iter().map(|(_, message)| message.version.0).collect();
    assert_eq!(told, [1, 2]);
    // The first one's messages are still the first one's to tell, once it knows.
    let own = eventually(SOON, async || match due(&stores).await {
        1 => Ok(()),
        count => Err(count),
    });
    own.await.unwrap();
    drop((stores, others));
    a.close().await.unwrap();
    b.close().await.unwrap();
    keyspace.forget().await;
}

#[tokio::test]
async fn a_pod_that_was_taken_for_dead_goes_on_as_another() {
    let name = "a_pod_that_was_taken_for_dead_goes_on_as_another";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let a = keyspace.open().await;
    let stores = a.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let first = done(&stores, full(&stream, 0)).await;
    // As another pod would, had this one been silent.
    keyspace
        .say("UPDATE KEYSPACE.pods SET state = 'kept', keeper = uuid() WHERE shard = 0 AND number = 0 IF state = 'alive'")
        .await;
    let mut head = 1;
    let moved = eventually(SOON, async || {
        let commit = stores.journal.append(full(&stream, head)).await;
        let Ok(Appended::Done { commit }) = commit else {
            // It may have happened: the number changed while it was on its way.
            head = version(&stores, &stream).await.0;
            return Err(format!("{commit:?}"));
        };
        head += 1;
        let pod = |commit: u64| commit >> 12 & 1_023;
        if pod(commit) == pod(first) { Err(format!("still {}", pod(commit))) } else { Ok(commit) }
    });
    assert!(moved.await.unwrap() > first);
    assert_eq!(version(&stores, &stream).await, Version(head));
    assert_eq!(due(&stores).await as u64, head, "it tells what it posted under both numbers");
    drop(stores);
    a.close().await.unwrap();
    keyspace.forget().await;
}

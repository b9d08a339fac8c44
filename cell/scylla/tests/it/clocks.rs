//! Processes whose clocks are wrong: five minutes ahead, five minutes behind, on one keyspace.

use std::time::Duration;

use base_ids::{StreamName, Version};
use base_testkit::eventually;
use base_time::{Clock, SystemClock, Timestamp};
use cell_runtime::port::{Appended, Stores};
use cell_scylla::{Mishap, Step};
use futures_util::future::join_all;

use crate::{
    claims::{keyed, made},
    given::{NOON, done, due, full, owned, row, version},
    keyspace::Keyspace,
};

const SOON: Duration = Duration::from_secs(30);

/// The machine's clock, and by how many minutes this one is ahead.
struct Wrong(i64);

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(SystemClock.now().as_millis() + self.0 * 60_000)
    }
}

/// Appends until it has won ten times against whoever else does; the commits.
async fn race(stores: &Stores, stream: &StreamName) -> Vec<u64> {
    let (mut won, mut head) = (Vec::new(), 0);
    while won.len() < 10 {
        match stores.journal.append(full(stream, head)).await.unwrap() {
            Appended::Done { commit } => {
                head += 1;
                won.push(commit);
            }
            Appended::Conflict { head: now } => head = now.0,
            ended => panic!("{ended:?}"),
        }
    }
    won
}

fn pod(commit: u64) -> u64 {
    commit >> 12 & 1_023
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pods_whose_clocks_are_five_minutes_off_lose_nothing_and_hide_nothing() {
    let name = "pods_whose_clocks_are_five_minutes_off_lose_nothing_and_hide_nothing";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let fast = keyspace.open_by(Wrong(5)).await;
    let slow = keyspace.open_by(Wrong(-5)).await;
    let both = [fast.stores(), slow.stores()];
    let stream = owned(&both[0], "users/a/carts/main").await;

    let commits = join_all(both.iter().map(|stores| race(stores, &stream))).await;
    for won in &commits {
        assert!(won.windows(2).all(|pair| pair[0] < pair[1]), "{commits:?}");
        assert!(
            won.iter().all(|commit| pod(*commit) == pod(won[0])),
            "taken for dead: {commits:?}"
        );
    }
    assert_ne!(pod(commits[0][0]), pod(commits[1][0]));
    let mut told = 0;
    for stores in &both {
        assert_eq!(version(stores, &stream).await, Version(20));
        assert_eq!(row(stores, &stream).await.as_deref(), Some("20"), "the last one stands");
        told += due(stores).await;
    }
    assert_eq!(told, 20, "each is told by one");

    // Turn by turn, so that each writes over what the other has written.
    for head in 20..30 {
        done(&both[usize::from(head % 2 == 0)], full(&stream, head)).await;
        for stores in &both {
            let written = (head + 1).to_string();
            assert_eq!(row(stores, &stream).await.as_deref(), Some(&*written));
        }
    }
    for round in 0..5 {
        let tries = both.iter().enumerate().map(async |(pod, stores)| {
            let stream: StreamName = format!("users/a/carts/k{round}-{pod}").parse().unwrap();
            made(stores, keyed(&stream, &format!("k{round}"))).await
        });
        let ends = join_all(tries).await;
        assert_eq!(ends[0].0, ends[1].0, "one answer: {ends:?}");
        assert_ne!(ends[0].1, ends[1].1, "one of them made it: {ends:?}");
    }

    // The fast one dies with an append half done: the slow one finishes it, tells what was still to be told, and forgets the rest.
    let half = owned(&both[0], "users/a/carts/half").await;
    fast.mishaps().queue(Step::Spread, Mishap::CallLost, 1_000);
    assert!(both[0].journal.append(full(&half, 0)).await.is_err());
    let [_, left] = both;
    drop(fast);
    let told = eventually(SOON, async || match due(&left).await {
        36 => Ok(()),
        count => Err(count),
    });
    told.await.unwrap();
    assert_eq!(row(&left, &half).await.as_deref(), Some("1"));
    let timer = NOON.after(Duration::from_mins(5));
    assert_eq!(left.outbox.next_due(NOON).await.unwrap(), Some(timer), "when it was to be");
    let dead = pod(commits[0][0]);
    let forgotten = eventually(SOON, async || {
        let noted = format!("SELECT bucket FROM KEYSPACE.buckets WHERE pod = {dead} AND kind = 0");
        match keyspace.count(&noted).await {
            0 => Ok(()),
            noted => Err(noted),
        }
    });
    forgotten.await.unwrap();

    // And the other way round.
    done(&left, full(&half, 1)).await;
    drop(left);
    drop(slow);
    let fast = keyspace.open_by(Wrong(5)).await;
    let stores = fast.stores();
    let told = eventually(SOON, async || match due(&stores).await {
        37 => Ok(()),
        count => Err(count),
    });
    told.await.unwrap();
    done(&stores, full(&half, 2)).await;
    assert_eq!(row(&stores, &half).await.as_deref(), Some("3"));
    drop(stores);
    fast.close().await.unwrap();
    keyspace.forget().await;
}

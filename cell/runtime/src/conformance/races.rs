//! Laws of many at once. The calls are awaited together, so a store that works in groups meets them in one group.

use base_ids::Version;
use futures_util::future::join_all;

use super::{
    Subject,
    given::{NOON, done, events, fine, heard_at, key, message, owned, reply, version},
};
use crate::port::{Append, Appended, Stores};

const MANY: u64 = 100;

/// Appends all at once and counts those that were done.
async fn race(stores: &Stores, appends: impl Iterator<Item = Append>) -> (usize, Vec<Appended>) {
    let ended = join_all(appends.map(|append| stores.journal.append(append))).await;
    let ended: Vec<_> = ended.into_iter().map(fine).collect();
    let is_done = |ended: &&Appended| matches!(ended, Appended::Done { .. });
    let done = ended.iter().filter(is_done).count();
    let others = ended.into_iter().filter(|ended| !is_done(&ended));
    (done, others.collect())
}

pub(super) async fn of_many_appends_to_one_version_exactly_one_wins(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    for round in 0..5 {
        let (done, others) = race(&stores, (0..MANY).map(|_| events(&stream, round, 1))).await;
        assert_eq!(done, 1);
        let head = Version(round + 1);
        assert!(others.iter().all(|ended| *ended == Appended::Conflict { head }));
        assert_eq!(version(&stores, &stream).await, head);
    }
}

pub(super) async fn of_many_requests_under_one_key_one_executes(subject: &mut impl Subject) {
    let stores = subject.stores();
    // Over different streams of one tenant, so that only the key stands between them.
    let mut streams = Vec::new();
    for number in 0..MANY {
        streams.push(owned(&stores, &format!("users/a/carts/{number}")).await);
    }
    let appends = streams.iter().zip(0..).map(|(stream, request)| Append {
        reply: Some((key("k1"), reply(request, NOON))),
        ..events(stream, 0, 1)
    });
    let (done, others) = race(&stores, appends).await;
    assert_eq!(done, 1);
    let kept = fine(stores.journal.reply(&streams[0].tenant, &key("k1")).await);
    let kept = kept.map(Appended::AlreadyReplied);
    assert!(others.into_iter().map(Some).all(|ended| ended == kept));
}

pub(super) async fn of_many_deliveries_of_one_message_one_is_heard(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let heard = || Append { heard: vec![heard_at(&stream, 7, 1)], ..events(&stream, 0, 1) };
    let (done, others) = race(&stores, (0..MANY).map(|_| heard())).await;
    assert_eq!(done, 1);
    let told = Appended::AlreadyHeard { stream: stream.clone(), version: Version(1) };
    assert!(others.iter().all(|ended| *ended == told));
    assert_eq!(version(&stores, &stream).await, Version(1));
}

pub(super) async fn writers_of_different_streams_do_not_disturb_each_other(
    subject: &mut impl Subject,
) {
    let stores = subject.stores();
    let mut streams = Vec::new();
    for number in 0..MANY {
        streams.push(owned(&stores, &format!("users/u{number}/carts/main")).await);
    }
    let writers = streams.iter().map(async |stream| {
        for version in 0..10 {
            let public = vec![("k".to_owned(), message(stream, version))];
            done(&stores, Append { public, ..events(stream, version, 1) }).await;
        }
    });
    join_all(writers).await;
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        for stream in &streams {
            assert_eq!(version(&stores, stream).await, Version(10));
        }
        let told = fine(stores.public.after(0, usize::MAX).await);
        let positions: Vec<u64> = told.iter().map(|(position, _)| *position).collect();
        assert_eq!(positions, (1..=10 * MANY).collect::<Vec<_>>());
        drop(stores);
        subject.reopen().await;
    }
}

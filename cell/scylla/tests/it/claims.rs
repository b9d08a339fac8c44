//! One key on several pods, each of which would make a stream of another name.

use std::time::Duration;

use base_fault::Code;
use base_ids::{StreamName, Version};
use cell_runtime::port::{Append, Appended, Reply, ReplyKey, Stores};
use cell_scylla::{Mishap, Step};
use futures_util::future::join_all;

use crate::{
    given::{NOON, done, due, full, owned, row, version},
    keyspace::Keyspace,
};

const ROUNDS: usize = 15;

/// Makes a stream under a key; the answer names it.
pub(crate) fn keyed(stream: &StreamName, key: &str) -> Append {
    let reply = Reply {
        request: 7,
        answer: Ok(stream.key.as_bytes().to_vec()),
        version: Version(1),
        until: NOON.after(Duration::from_hours(24)),
    };
    let key = ReplyKey { caller: "users/a".to_owned(), key: key.to_owned() };
    Append { reply: Some((key, reply)), ..full(stream, 0) }
}

/// Which stream was made for it, and whether now.
pub(crate) async fn made(stores: &Stores, append: Append) -> (String, bool) {
    let name = append.stream.key.to_string();
    match stores.journal.append(append).await.unwrap() {
        Appended::Done { .. } => (name, true),
        Appended::AlreadyReplied(reply) => {
            (String::from_utf8(reply.answer.unwrap()).unwrap(), false)
        }
        ended => panic!("{ended:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_pods_that_race_under_one_key_one_makes_a_stream() {
    let name = "of_pods_that_race_under_one_key_one_makes_a_stream";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let (a, b) = (keyspace.open().await, keyspace.open().await);
    let pods = [a.stores(), b.stores()];
    owned(&pods[0], "users/a/carts/main").await;
    for round in 0..ROUNDS {
        let streams: Vec<StreamName> =
            (0..2).map(|pod| format!("users/a/carts/c{round}-{pod}").parse().unwrap()).collect();
        let key = format!("k{round}");
        let tries = pods.iter().zip(&streams);
        let tries = tries.map(|(stores, stream)| made(stores, keyed(stream, &key)));
        let ends = join_all(tries).await;
        assert_eq!(ends[0].0, ends[1].0, "one answer: {ends:?}");
        assert_ne!(ends[0].1, ends[1].1, "one of them made it: {ends:?}");
        for stream in &streams {
            let there = u64::from(*stream.key == *ends[0].0);
            assert_eq!(version(&pods[0], stream).await, Version(there), "{stream}");
        }
    }
    let mut told = 0;
    for stores in &pods {
        told += due(stores).await;
    }
    assert_eq!(told, ROUNDS);
    drop(pods);
    a.close().await.unwrap();
    b.close().await.unwrap();
    keyspace.forget().await;
}

#[tokio::test]
async fn an_append_that_has_not_come_when_its_key_is_used_again_never_comes() {
    let name = "an_append_that_has_not_come_when_its_key_is_used_again_never_comes";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let (a, b) = (keyspace.open().await, keyspace.open().await);
    let (stores, others) = (a.stores(), b.stores());
    let first = owned(&stores, "users/a/carts/first").await;
    let second = owned(&stores, "users/a/carts/second").await;
    a.mishaps().queue(Step::Append, Mishap::CallLost, 3);
    a.mishaps().queue(Step::ReadBack, Mishap::CallLost, 3);
    let fault = stores.journal.append(keyed(&first, "k")).await.unwrap_err();
    assert_eq!(fault.code(), Code::OutcomeUnknown);
    // Whoever comes second does not know either whether it could take its place.
    b.mishaps().queue(Step::Preclude, Mishap::AnswerLost, 1);
    assert_eq!(made(&others, keyed(&second, "k")).await, ("second".to_owned(), true));
    // The batch arrives now: its condition does not hold any more.
    keyspace
        .say("UPDATE KEYSPACE.streams SET counter = 1, head = 1 WHERE tenant = 'users/a' AND service = 'carts' AND key = 'first' AND part = 0 IF counter = null")
        .await;
    assert_eq!(version(&others, &first).await, Version(0));
    assert_eq!(made(&stores, keyed(&first, "k")).await, ("second".to_owned(), false));
    // The name is free for another request.
    done(&stores, keyed(&first, "another")).await;
    assert_eq!(version(&others, &first).await, Version(1));
    drop((stores, others));
    a.close().await.unwrap();
    b.close().await.unwrap();
    keyspace.forget().await;
}

#[tokio::test]
async fn an_append_that_is_there_unfinished_is_finished_by_who_uses_its_key_again() {
    let name = "an_append_that_is_there_unfinished_is_finished_by_who_uses_its_key_again";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let (a, b) = (keyspace.open().await, keyspace.open().await);
    let (stores, others) = (a.stores(), b.stores());
    let first = owned(&stores, "users/a/carts/first").await;
    let second = owned(&stores, "users/a/carts/second").await;
    a.mishaps().queue(Step::Spread, Mishap::CallLost, 1_000);
    assert!(stores.journal.append(keyed(&first, "k")).await.is_err());
    assert_eq!(row(&others, &first).await, None);
    assert_eq!(made(&others, keyed(&second, "k")).await, ("first".to_owned(), false));
    assert_eq!(row(&others, &first).await.as_deref(), Some("1"));
    assert_eq!(version(&others, &second).await, Version(0));
    drop((stores, others));
    drop(a);
    b.close().await.unwrap();
    keyspace.forget().await;
}

//! Calls that end badly: refused, lost on the way there, lost on the way back.

use std::time::Duration;

use base_fault::Code;
use base_ids::{Generation, StreamName, Version};
use cell_runtime::port::{Append, Appended, Fence, HeardAt, Reply, ReplyKey, Scope};
use cell_scylla::{Mishap, Step};

use crate::{
    given::{NOON, TABLE, done, due, full, message, owned, row, version},
    keyspace::Keyspace,
};

#[tokio::test]
async fn a_lost_call_is_sent_again_and_a_lost_answer_is_read_back() {
    let name = "a_lost_call_is_sent_again_and_a_lost_answer_is_read_back";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let open = keyspace.open().await;
    let stores = open.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let bad_days: [&[(Step, Mishap)]; 5] = [
        &[(Step::Append, Mishap::CallLost)],
        &[(Step::Append, Mishap::AnswerLost)],
        &[(Step::Append, Mishap::AnswerLost), (Step::ReadBack, Mishap::CallLost)],
        &[(Step::Append, Mishap::CallLost), (Step::ReadBack, Mishap::CallLost)],
        &[(Step::Append, Mishap::CallLost), (Step::Append, Mishap::AnswerLost)],
    ];
    for (head, day) in (0..).zip(bad_days) {
        for (step, mishap) in day {
            open.mishaps().queue(*step, *mishap, 1);
        }
        done(&stores, full(&stream, head)).await;
        assert!(open.mishaps().are_over(), "{day:?}");
        assert_eq!(version(&stores, &stream).await, Version(head + 1), "{day:?}");
        assert_eq!(due(&stores).await as u64, head + 1, "{day:?}");
    }
    drop(stores);
    open.close().await.unwrap();
    keyspace.forget().await;
}

#[tokio::test]
async fn what_nobody_knows_is_said_and_settled_before_it_is_read() {
    let name = "what_nobody_knows_is_said_and_settled_before_it_is_read";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let open = keyspace.open().await;
    let stores = open.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    for (head, lost, there) in [(0, Mishap::CallLost, 0), (0, Mishap::AnswerLost, 1)] {
        open.mishaps().queue(Step::Append, lost, 3);
        open.mishaps().queue(Step::ReadBack, Mishap::CallLost, 3);
        let fault = stores.journal.append(full(&stream, head)).await.unwrap_err();
        assert_eq!(fault.code(), Code::OutcomeUnknown);
        let text = base_fault::chain(&fault);
        assert!(text.contains(&open_address(&keyspace)) && text.contains("append"), "{text}");
        assert_eq!(version(&stores, &stream).await, Version(there), "{lost:?}");
        assert_eq!(row(&stores, &stream).await.is_some(), there == 1, "{lost:?}");
    }
    assert_eq!(due(&stores).await, 1);
    drop(stores);
    open.close().await.unwrap();
    keyspace.forget().await;
}

#[tokio::test]
async fn all_who_read_what_is_in_doubt_wait_until_it_is_settled() {
    let name = "all_who_read_what_is_in_doubt_wait_until_it_is_settled";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let open = keyspace.open().await;
    let stores = open.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    open.mishaps().queue(Step::Append, Mishap::AnswerLost, 3);
    open.mishaps().queue(Step::ReadBack, Mishap::CallLost, 3);
    stores.journal.append(full(&stream, 0)).await.unwrap_err();
    // One who goes away in the middle leaves nothing behind.
    let away = tokio::time::timeout(std::time::Duration::ZERO, row(&stores, &stream)).await;
    assert!(away.is_err());
    let seen = futures_util::future::join_all((0..8).map(|_| row(&stores, &stream))).await;
    assert!(seen.iter().all(|row| row.as_deref() == Some("1")), "{seen:?}");
    drop(stores);
    open.close().await.unwrap();
    keyspace.forget().await;
}

#[tokio::test]
async fn a_read_without_an_answer_is_said_and_changes_nothing() {
    let name = "a_read_without_an_answer_is_said_and_changes_nothing";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let open = keyspace.open().await;
    let stores = open.stores();
    let before = [
        ("look for a stream", 0),
        ("look for an answer", 0),
        ("look for what was heard", 0),
        ("look who else claims a key", 0),
        ("read a fence", 0),
    ];
    // The second look at the fence is behind the append.
    let cases = before.into_iter().chain([("read a fence", 1)]);
    for (number, (what, nth)) in cases.enumerate() {
        let stream = owned(&stores, &format!("users/u{number}/carts/main")).await;
        let key = ReplyKey { caller: "users/a".to_owned(), key: "k".to_owned() };
        let until = NOON.after(Duration::from_hours(24));
        let reply = Reply { request: 7, answer: Ok(vec![1]), version: Version(1), until };
        let heard = HeardAt { id: message(&stream, 9).id, version: Version(1) };
        let append = Append { reply: Some((key, reply)), heard: vec![heard], ..full(&stream, 0) };
        open.mishaps().plan(what, nth, Mishap::CallLost);
        let fault = stores.journal.append(append.clone()).await.unwrap_err();
        assert!(open.mishaps().are_over(), "{what}");
        let text = base_fault::chain(&fault);
        assert!(text.contains(&open_address(&keyspace)), "{what}: {text}");
        let (code, there) =
            if nth == 0 { (Code::Unavailable, 0) } else { (Code::OutcomeUnknown, 1) };
        assert_eq!(fault.code(), code, "{what}: {text}");
        assert_eq!(version(&stores, &stream).await, Version(there), "{what}");
        let again = stores.journal.append(append).await.unwrap();
        assert_eq!(matches!(again, Appended::Done { .. }), there == 0, "{what}: {again:?}");
        assert_eq!(version(&stores, &stream).await, Version(1), "{what}");
    }
    let stream: StreamName = "users/u0/carts/main".parse().unwrap();
    for what in ["read events", "read a snapshot", "read a row"] {
        open.mishaps().plan(what, 0, Mishap::CallLost);
        let fault = match what {
            "read a row" => {
                stores.rows.row(TABLE, Some(&stream.tenant), &stream.key).await.unwrap_err()
            }
            _ => stores.journal.load(&stream, Version(0)).await.unwrap_err(),
        };
        assert_eq!(fault.code(), Code::Unavailable, "{what}");
        assert!(open.mishaps().are_over(), "{what}");
    }
    assert_eq!(row(&stores, &stream).await.as_deref(), Some("1"));
    drop(stores);
    open.close().await.unwrap();
    keyspace.forget().await;
}

fn open_address(keyspace: &Keyspace) -> String {
    keyspace.config.nodes[0].clone()
}

#[tokio::test]
async fn an_append_that_the_tenant_left_behind_counts_when_it_comes_back() {
    let name = "an_append_that_the_tenant_left_behind_counts_when_it_comes_back";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let open = keyspace.open().await;
    let stores = open.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let slot = || Scope::Slot(stream.tenant.slot());
    // It is written, and before it is finished the tenant leaves.
    open.mishaps().queue(Step::Spread, Mishap::CallLost, 1);
    assert!(stores.journal.append(full(&stream, 0)).await.is_err());
    stores.fences.set(vec![(slot(), Fence::Closed(Generation(3)))]).await.unwrap();
    let fenced = stores.journal.append(full(&stream, 1)).await.unwrap();
    assert_eq!(fenced, Appended::Fenced);
    stores.fences.set(vec![(slot(), Fence::Open(Generation(4)))]).await.unwrap();
    let back = cell_runtime::port::Append { generation: Generation(4), ..full(&stream, 1) };
    done(&stores, back).await;
    assert_eq!(row(&stores, &stream).await.as_deref(), Some("2"));
    assert_eq!(due(&stores).await, 2);
    assert_eq!(stores.public.after(0, 9).await.unwrap().len(), 2);
    drop(stores);
    open.close().await.unwrap();
    keyspace.forget().await;
}

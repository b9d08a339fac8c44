//! Laws of streams.

use std::time::Duration;

use base_ids::{StreamName, Version};
use cell_kernel::RowBytes;

use super::{
    Subject,
    given::{
        NOON, TABLE, deliver, done, empty, events, fine, heard_at, key, message, owned, reply, row,
        tenant, version,
    },
};
use crate::port::{Append, Appended, HEARD_KEPT, HeardAt, Loaded, OutboxKey, Stores};

/// Invariant journal-1: versions have no gaps.
pub(super) async fn versions_have_no_gaps(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    // More than any bound below which an implementation may read differently.
    for (before, count) in [(0, 1), (1, 3), (4, 250), (254, 700)] {
        done(&stores, events(&stream, before, count)).await;
    }
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        let all = fine(stores.journal.events(&stream, Version(0), 10_000).await);
        let versions: Vec<u64> = all.iter().map(|event| event.version.0).collect();
        assert_eq!(versions, (1..=954).collect::<Vec<_>>());
        assert_eq!((all[6].body.as_slice(), all[6].at), (&b"{\"n\":7}"[..], NOON));
        assert_eq!(all[6].kind, "line_added");
        let page = fine(stores.journal.events(&stream, Version(250), 5).await);
        let page: Vec<u64> = page.iter().map(|event| event.version.0).collect();
        assert_eq!(page, [251, 252, 253, 254, 255]);
        let loaded = fine(stores.journal.load(&stream, Version(0)).await);
        assert_eq!(loaded, Loaded { snapshot: None, events: all });
        let tail = fine(stores.journal.load(&stream, Version(952)).await).events;
        assert_eq!(tail.len(), 2);
        let behind = fine(stores.journal.load(&stream, Version(954)).await);
        assert_eq!(behind, Loaded::default());
        drop(stores);
        subject.reopen().await;
    }
}

/// An append with one of everything.
fn full(stream: &StreamName, expected: u64) -> Append {
    Append {
        rows: vec![row("main", Some("{}"))],
        outbox: vec![deliver(stream, expected + 1, None)],
        public: vec![("k".to_owned(), message(stream, expected + 1))],
        reply: Some((key("k1"), reply(7, NOON.after(Duration::from_mins(1))))),
        heard: vec![heard_at(stream, 90, expected + 2)],
        ..events(stream, expected, 2)
    }
}

async fn holds_everything(stores: &Stores, stream: &StreamName) -> Vec<bool> {
    let tenant = &stream.tenant;
    let journal = &stores.journal;
    let heard = journal.heard(tenant, "carts", message(stream, 90).id).await;
    vec![
        version(stores, stream).await == Version(2),
        fine(stores.rows.row(TABLE, Some(tenant), "main").await).is_some(),
        fine(stores.outbox.due(NOON, None, 9).await).len() == 1,
        fine(stores.public.after(0, 9).await).len() == 1,
        fine(journal.reply(tenant, &key("k1")).await) == full(stream, 0).reply.map(|(_, r)| r),
        fine(heard) == Some((stream.clone(), Version(2))),
    ]
}

pub(super) async fn an_append_is_whole_or_not_at_all(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let ended = fine(stores.journal.append(full(&stream, 1)).await);
    assert_eq!(ended, Appended::Conflict { head: Version(0) });
    assert_eq!(holds_everything(&stores, &stream).await, [false; 6]);
    done(&stores, full(&stream, 0)).await;
    assert_eq!(holds_everything(&stores, &stream).await, [true; 6]);
    drop(stores);
    subject.reopen().await;
    assert_eq!(holds_everything(&subject.stores(), &stream).await, [true; 6]);
}

pub(super) async fn only_the_version_that_was_expected_is_followed(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    done(&stores, events(&stream, 0, 2)).await;
    for wrong in [0, 1, 3] {
        let ended = fine(stores.journal.append(events(&stream, wrong, 1)).await);
        assert_eq!(ended, Appended::Conflict { head: Version(2) });
    }
    drop(stores);
    subject.reopen().await;
    let stores = subject.stores();
    let ended = fine(stores.journal.append(events(&stream, 1, 1)).await);
    assert_eq!(ended, Appended::Conflict { head: Version(2) });
    // Events of another stream whose name begins alike do not count.
    let longer = owned(&stores, "users/a/carts/main2").await;
    done(&stores, events(&longer, 0, 1)).await;
    done(&stores, events(&stream, 2, 1)).await;
    assert_eq!(version(&stores, &stream).await, Version(3));
}

/// Invariant heard-1: a message is applied once, however often it arrives.
pub(super) async fn a_message_is_heard_once(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let id = message(&stream, 5).id;
    let heard = |expected, count| Append {
        heard: vec![heard_at(&stream, 5, expected + count)],
        ..events(&stream, expected, count)
    };
    done(&stores, heard(0, 1)).await;
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        let again = fine(stores.journal.append(heard(1, 1)).await);
        let (stream, version) = (stream.clone(), Version(1));
        assert_eq!(again, Appended::AlreadyHeard { stream, version });
        drop(stores);
        subject.reopen().await;
    }
    let stores = subject.stores();
    // Another service of the same tenant, and another tenant, hear it for themselves; and hearing may change nothing.
    for other in ["users/a/orders/main", "users/b/carts/main"] {
        let other = owned(&stores, other).await;
        let append =
            Append { heard: vec![HeardAt { id, version: Version(0) }], ..empty(&other, 0) };
        done(&stores, append).await;
        let place = fine(stores.journal.heard(&other.tenant, &other.service, id).await);
        assert_eq!(place, Some((other, Version(0))));
    }
}

/// Invariant heard-1 for several messages in one append: all are heard with it, each at its own version, or none is.
pub(super) async fn messages_that_are_heard_together_are_all_heard_or_none(
    subject: &mut impl Subject,
) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let heard = |expected, numbers: [u64; 3]| {
        let heard = numbers.into_iter().zip(expected + 1..);
        let heard = heard.map(|(number, version)| heard_at(&stream, number, version)).collect();
        Append { heard, ..events(&stream, expected, 3) }
    };
    done(&stores, heard(0, [10, 11, 12])).await;
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        let again = fine(stores.journal.append(heard(3, [20, 12, 11])).await);
        let known = Appended::AlreadyHeard { stream: stream.clone(), version: Version(3) };
        assert_eq!(again, known, "the first in the order of the append");
        assert_eq!(version(&stores, &stream).await, Version(3));
        for (number, at) in [(10, Some(1)), (11, Some(2)), (12, Some(3)), (20, None)] {
            let id = message(&stream, number).id;
            let found = fine(stores.journal.heard(&stream.tenant, "carts", id).await);
            assert_eq!(found, at.map(|version| (stream.clone(), Version(version))));
        }
        drop(stores);
        subject.reopen().await;
    }
}

/// Invariant idem-1: an idempotency key is answered once.
pub(super) async fn an_idempotency_key_is_answered_once(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let until = NOON.after(Duration::from_mins(1));
    let keyed = |expected, count, request| Append {
        reply: Some((key("k1"), reply(request, until))),
        ..events(&stream, expected, count)
    };
    // A refusal is kept too: an append without events.
    let mut refused = keyed(0, 0, 7);
    if let Some((_, reply)) = &mut refused.reply {
        reply.answer = Err(b"{\"code\":\"cart_empty\"}".to_vec());
    }
    let kept = refused.reply.clone().map(|(_, reply)| reply);
    done(&stores, refused).await;
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        let again = fine(stores.journal.append(keyed(0, 1, 8)).await);
        assert_eq!(Some(again), kept.clone().map(Appended::AlreadyReplied));
        assert_eq!(fine(stores.journal.reply(&stream.tenant, &key("k1")).await), kept);
        assert_eq!(version(&stores, &stream).await, Version(0));
        drop(stores);
        subject.reopen().await;
    }
    // The scope is tenant, caller and key.
    let stores = subject.stores();
    let other = owned(&stores, "users/b/carts/main").await;
    assert_eq!(fine(stores.journal.reply(&other.tenant, &key("k1")).await), None);
    let mut by_another = keyed(0, 1, 9);
    if let Some((key, _)) = &mut by_another.reply {
        // The same bytes, cut in another place.
        (key.caller, key.key) = ("users/ak".to_owned(), "1".to_owned());
    }
    done(&stores, by_another).await;
}

/// Fence, heard, reply, version: so that a repeat is told so although the stream has moved on.
pub(super) async fn checks_have_an_order(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    done(&stores, full(&stream, 0)).await;
    let again = fine(stores.journal.append(full(&stream, 0)).await);
    assert!(matches!(again, Appended::AlreadyHeard { .. }), "{again:?}");
    let unheard = Append { heard: Vec::new(), ..full(&stream, 0) };
    let again = fine(stores.journal.append(unheard).await);
    assert!(matches!(again, Appended::AlreadyReplied(_)), "{again:?}");
    let mut zombie = full(&stream, 0);
    zombie.generation = zombie.generation.next();
    assert_eq!(fine(stores.journal.append(zombie).await), Appended::Fenced);
}

pub(super) async fn the_newest_snapshot_stands_for_the_events_before_it(
    subject: &mut impl Subject,
) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let taken = |expected, state: &str| Append {
        snapshot: Some(state.as_bytes().to_vec()),
        ..events(&stream, expected, 2)
    };
    done(&stores, taken(0, "old")).await;
    done(&stores, taken(2, "new")).await;
    done(&stores, events(&stream, 4, 1)).await;
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        for after in [0, 1, 2, 3] {
            let loaded = fine(stores.journal.load(&stream, Version(after)).await);
            assert_eq!(loaded.snapshot, Some((Version(4), b"new".to_vec())));
            let tail: Vec<u64> = loaded.events.iter().map(|event| event.version.0).collect();
            assert_eq!(tail, [5]);
        }
        let newer = fine(stores.journal.load(&stream, Version(4)).await);
        assert_eq!((newer.snapshot, newer.events.len()), (None, 1));
        drop(stores);
        subject.reopen().await;
    }
}

pub(super) async fn a_cause_lies_with_the_last_event_of_each_decision(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let mut append = events(&stream, 0, 3);
    let causes = [Some(b"{\"actor\":\"users/a\"}".to_vec()), None, Some(b"{}".to_vec())];
    for (event, cause) in append.events.iter_mut().zip(&causes) {
        event.cause.clone_from(cause);
    }
    done(&stores, append).await;
    let stored = fine(stores.journal.events(&stream, Version(0), 9).await);
    let kept: Vec<_> = stored.into_iter().map(|event| event.cause).collect();
    assert_eq!(kept, causes);
}

pub(super) async fn streams_are_listed_in_order(subject: &mut impl Subject) {
    let stores = subject.stores();
    let names = [
        "users/a/cart/z",
        "users/a/carts/a",
        "users/a/carts/a-1",
        "users/a/carts/b",
        "users/a/orders/a",
    ];
    for name in names.iter().rev().chain(&["users/a-b/carts/x", "users/aa/carts/x"]) {
        let stream = owned(&stores, name).await;
        done(&stores, events(&stream, 0, 2)).await;
    }
    // Heard, but without an event: not a stream yet.
    let silent = owned(&stores, "users/a/carts/silent").await;
    let append = Append { heard: vec![heard_at(&silent, 1, 0)], ..empty(&silent, 0) };
    done(&stores, append).await;

    let of = tenant("users/a");
    let list = async |service, after, limit| {
        fine(stores.journal.streams(&of, service, after, limit).await)
            .into_iter()
            .map(|(stream, version)| {
                assert_eq!(version, Version(2));
                stream.to_string()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(list(None, None, 99).await, names);
    assert_eq!(list(None, None, 2).await, names[..2]);
    assert_eq!(list(Some("carts"), None, 99).await, names[1..4]);
    assert_eq!(list(Some("carts"), Some(names[1]), 99).await, names[2..4]);
    assert_eq!(list(None, Some(names[3]), 99).await, names[4..]);
    assert_eq!(list(None, Some("users/a"), 99).await, names);
    assert_eq!(list(None, Some("users/a/carts"), 99).await, names[1..]);
    assert!(list(None, Some("users/b"), 99).await.is_empty());
    assert!(list(Some("cart"), Some(names[1]), 99).await.is_empty());
}

pub(super) async fn commits_are_numbered_upwards(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let mut last = 0;
    for version in 0..5 {
        let commit = done(&stores, events(&stream, version, 1)).await;
        assert!(commit > last, "commit {commit} after {last}");
        last = commit;
    }
    drop(stores);
    subject.reopen().await;
    let stores = subject.stores();
    let posting = Append { outbox: vec![deliver(&stream, 6, None)], ..events(&stream, 5, 1) };
    let commit = done(&stores, posting).await;
    assert!(commit > last, "commit {commit} after {last} and a restart");
    let waiting = fine(stores.outbox.due(NOON, None, 9).await);
    assert_eq!(waiting[0].0, OutboxKey::posted(None, commit, 0));
}

pub(super) async fn what_is_over_is_swept(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let soon = NOON.after(Duration::from_mins(1));
    for (number, until) in [(0, soon), (1, NOON.after(HEARD_KEPT * 2))] {
        let append = Append {
            rows: vec![row("main", Some("{}"))],
            reply: Some((key(&format!("k{number}")), reply(7, until))),
            heard: vec![heard_at(&stream, number, number + 1)],
            ..events(&stream, number, 1)
        };
        done(&stores, append).await;
    }
    let journal = &stores.journal;
    assert_eq!(fine(journal.sweep(NOON).await), 0);
    if subject.forgets_by_itself() {
        // By its own clock, on which none of this is over.
        assert_eq!(fine(journal.sweep(NOON.after(HEARD_KEPT)).await), 0);
        let id = message(&stream, 0).id;
        assert!(fine(journal.reply(&stream.tenant, &key("k0")).await).is_some());
        assert!(fine(journal.heard(&stream.tenant, "carts", id).await).is_some());
        return;
    }
    assert_eq!(fine(journal.sweep(soon).await), 1);
    assert_eq!(fine(journal.reply(&stream.tenant, &key("k0")).await), None);
    assert!(fine(journal.reply(&stream.tenant, &key("k1")).await).is_some());
    let id = message(&stream, 0).id;
    assert!(fine(journal.heard(&stream.tenant, "carts", id).await).is_some());
    assert_eq!(fine(journal.sweep(NOON.after(HEARD_KEPT)).await), 2);
    assert_eq!(fine(journal.heard(&stream.tenant, "carts", id).await), None);
    // Only what is over: events and rows stay.
    assert_eq!(version(&stores, &stream).await, Version(2));
    let kept: Option<RowBytes> = fine(stores.rows.row(TABLE, Some(&stream.tenant), "main").await);
    assert!(kept.is_some());
}

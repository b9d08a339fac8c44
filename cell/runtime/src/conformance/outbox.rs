//! Laws of messages on their way.

use std::time::Duration;

use base_time::Timestamp;

use super::{
    Subject,
    given::{NOON, deliver, done, events, fine, message, owned},
};
use crate::port::{Append, DeadLetter, Errand, OutboxEntry, OutboxKey};

const LATER: Timestamp = Timestamp::from_millis(NOON.as_millis() + 5_000);

pub(super) async fn entries_come_by_due_time_and_then_by_commit(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let mut now = Vec::new();
    for number in 0..3 {
        let timer = OutboxEntry {
            errand: Errand::Perform { message: message(&stream, 100 + number) },
            due: Some(LATER),
            tries: 2,
        };
        let outbox =
            vec![deliver(&stream, number, None), timer, deliver(&stream, 10 + number, None)];
        let commit = done(&stores, Append { outbox, ..events(&stream, number, 1) }).await;
        now.extend([0, 2].map(|ordinal| OutboxKey::posted(None, commit, ordinal)));
    }
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        let outbox = &stores.outbox;
        let due = fine(outbox.due(NOON, None, 99).await);
        assert_eq!(due.iter().map(|(key, _)| *key).collect::<Vec<_>>(), now);
        assert_eq!(due[3].1, deliver(&stream, 11, None));
        let page = fine(outbox.due(NOON, Some(now[1]), 2).await);
        assert_eq!(page.iter().map(|(key, _)| *key).collect::<Vec<_>>(), now[2..4]);
        assert!(fine(outbox.due(NOON, Some(now[5]), 9).await).is_empty());
        assert_eq!(fine(outbox.next_due(NOON).await), Some(LATER));
        let early = Timestamp::from_millis(LATER.as_millis() - 1);
        assert_eq!(fine(outbox.due(early, None, 99).await).len(), 6);
        let all = fine(outbox.due(LATER, None, 99).await);
        assert_eq!((all.len(), all[8].1.tries, all[8].0.due()), (9, 2, LATER));
        assert!(fine(outbox.due(LATER, Some(all[8].0), 9).await).is_empty());
        assert_eq!(fine(outbox.next_due(LATER).await), None);
        drop(stores);
        subject.reopen().await;
    }
}

pub(super) async fn what_is_settled_is_gone(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let outbox = (0..4).map(|number| deliver(&stream, number, None)).collect();
    done(&stores, Append { outbox, ..events(&stream, 0, 1) }).await;
    let keys: Vec<_> =
        fine(stores.outbox.due(NOON, None, 9).await).into_iter().map(|(key, _)| key).collect();
    // In any order, twice, and among others that are not there.
    let gone = vec![keys[2], keys[0], keys[2], OutboxKey::posted(None, 999, 0)];
    fine(stores.outbox.settle(gone).await);
    let left = fine(stores.outbox.due(NOON, None, 9).await);
    assert_eq!(left.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [keys[1], keys[3]]);
    // Durable at the latest with the next append.
    done(&stores, events(&stream, 1, 1)).await;
    drop(stores);
    subject.reopen().await;
    assert_eq!(fine(subject.stores().outbox.due(NOON, None, 9).await), left);
}

pub(super) async fn an_append_settles_what_it_answers(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let outbox = vec![deliver(&stream, 1, None)];
    done(&stores, Append { outbox, ..events(&stream, 0, 1) }).await;
    let (key, _) = fine(stores.outbox.due(NOON, None, 9).await).remove(0);
    let settling = |expected| Append { settles: vec![key], ..events(&stream, expected, 1) };
    fine(stores.journal.append(settling(7)).await);
    assert_eq!(fine(stores.outbox.due(NOON, None, 9).await).len(), 1, "it was refused");
    done(&stores, settling(1)).await;
    drop(stores);
    for _ in 0..2 {
        assert!(fine(subject.stores().outbox.due(NOON, None, 9).await).is_empty());
        subject.reopen().await;
    }
}

pub(super) async fn a_dead_letter_is_kept_until_somebody_decides(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let outbox = (0..3).map(|number| deliver(&stream, number, None)).collect();
    done(&stores, Append { outbox, ..events(&stream, 0, 1) }).await;
    let due = fine(stores.outbox.due(NOON, None, 9).await);
    let letter = |number: usize, seconds: u64| DeadLetter {
        errand: due[number].1.errand.clone(),
        why: "the tenant has no such service".to_owned(),
        tries: 12,
        at: NOON.after(Duration::from_secs(seconds)),
    };
    let id = |number: usize| due[number].1.errand.message().id;
    fine(stores.outbox.park(Some(due[1].0), letter(1, 2)).await);
    fine(stores.outbox.park(None, letter(0, 1)).await);
    // Parked again under another time: changes nothing, but settles the entry it came from.
    fine(stores.outbox.park(Some(due[0].0), letter(0, 9)).await);
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        assert_eq!(fine(stores.outbox.dead(9).await), [letter(0, 1), letter(1, 2)]);
        assert_eq!(fine(stores.outbox.dead(1).await), [letter(0, 1)]);
        assert_eq!(fine(stores.outbox.due(NOON, None, 9).await), due[2..]);
        drop(stores);
        subject.reopen().await;
    }
    let stores = subject.stores();
    assert!(!fine(stores.outbox.replay(id(2)).await), "it is not dead");
    assert!(fine(stores.outbox.replay(id(0)).await));
    assert!(!fine(stores.outbox.replay(id(0)).await), "it lives again");
    assert!(fine(stores.outbox.drop_dead(id(1)).await));
    assert!(!fine(stores.outbox.drop_dead(id(1)).await));
    drop(stores);
    for _ in 0..2 {
        let stores = subject.stores();
        assert!(fine(stores.outbox.dead(9).await).is_empty());
        let waiting = fine(stores.outbox.due(NOON, None, 9).await);
        assert_eq!(waiting.len(), 2);
        assert_eq!(waiting[1].1, deliver(&stream, 0, None), "at once and with no tries");
        drop(stores);
        subject.reopen().await;
    }
}

//! Laws of messages for everyone.

use base_ids::CellId;

use super::{
    Subject,
    given::{TABLE, done, events, fine, message, owned, row},
};
use crate::port::{Append, Message};

pub(super) async fn positions_have_no_gaps(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let head = stores.public.head();
    assert_eq!(*head.borrow(), 0);
    assert!(fine(stores.public.after(0, 9).await).is_empty());
    let mut number = 0;
    for (version, count) in (0..).zip([1, 0, 3, 2]) {
        let told = |number| ("k".to_owned(), message(&stream, number));
        let public = (number..number + count).map(told).collect();
        number += count;
        done(&stores, Append { public, ..events(&stream, version, 1) }).await;
        assert_eq!(*head.borrow(), number);
    }
    // A refused append takes no position.
    let refused =
        Append { public: vec![("k".to_owned(), message(&stream, 99))], ..events(&stream, 0, 1) };
    fine(stores.journal.append(refused).await);
    drop((stores, head));
    for _ in 0..2 {
        let stores = subject.stores();
        assert_eq!(*stores.public.head().borrow(), 6);
        let all = fine(stores.public.after(0, 99).await);
        let expected: Vec<_> = (1..=6).map(|at| (at, message(&stream, at - 1))).collect();
        assert_eq!(all, expected);
        assert_eq!(fine(stores.public.after(2, 3).await), expected[2..5]);
        assert!(fine(stores.public.after(6, 3).await).is_empty());
        drop(stores);
        subject.reopen().await;
    }
    let stores = subject.stores();
    let public = vec![("k".to_owned(), message(&stream, 6))];
    done(&stores, Append { public, ..events(&stream, 4, 1) }).await;
    assert_eq!(fine(stores.public.after(6, 3).await)[0].0, 7);
}

pub(super) async fn what_is_superseded_is_forgotten_behind_the_newest(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    // Positions 1 to 9; of key `b`, two kinds.
    let told = [("a", "k"), ("b", "k"), ("a", "k"), ("b", "l"), ("c", "k"), ("a", "k"), ("b", "k")];
    let told: Vec<_> = told.into_iter().chain([("a", "k"), ("a", "k")]).zip(0..).collect();
    for ((key, kind), number) in &told {
        let message = Message { kind: (*kind).to_owned(), ..message(&stream, *number) };
        let public = vec![((*key).to_owned(), message)];
        done(&stores, Append { public, ..events(&stream, *number, 1) }).await;
    }
    drop(stores);
    // What is kept, how many go, which positions are left; each asked for twice, the second time after a new start.
    for (keep, goes, left) in [
        (9, 0, vec![1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (3, 2, vec![2, 4, 5, 6, 7, 8, 9]),
        (2, 1, vec![4, 5, 6, 7, 8, 9]),
        (0, 2, vec![4, 5, 7, 9]),
        (2, 0, vec![4, 5, 7, 9]),
    ] {
        for goes in [goes, 0] {
            let stores = subject.stores();
            let public = &stores.public;
            assert_eq!(fine(public.forget_superseded(keep).await), goes, "keep {keep}");
            let all = fine(public.after(0, 99).await);
            let positions: Vec<u64> = all.iter().map(|(position, _)| *position).collect();
            assert_eq!(positions, left, "keep {keep}");
            for (position, found) in &all {
                let ((_, kind), number) = told[usize::try_from(*position - 1).expect("small")];
                let message = message(&stream, number);
                assert_eq!(*found, Message { kind: kind.to_owned(), ..message });
            }
            assert_eq!(fine(public.after(4, 1).await)[0].0, 5);
            assert_eq!(*public.head().borrow(), 9, "the newest stays, and so its position");
            drop(stores);
            subject.reopen().await;
        }
    }
    let stores = subject.stores();
    let public = vec![("c".to_owned(), message(&stream, 9))];
    done(&stores, Append { public, ..events(&stream, 9, 1) }).await;
    assert_eq!(fine(stores.public.after(9, 3).await)[0].0, 10);
}

pub(super) async fn a_replica_moves_with_its_cursor_or_not_at_all(subject: &mut impl Subject) {
    let stores = subject.stores();
    let cell = |name: &str| name.parse::<CellId>().expect("a cell's name");
    let (a, b) = (cell("cell-a"), cell("cell-b"));
    let public = &stores.public;
    let found = async |key| {
        let row = fine(subject_row(&stores, key).await);
        row.map(|row| String::from_utf8_lossy(&row.row).into_owned())
    };
    assert_eq!(fine(public.cursor(&a).await), 0);
    assert!(fine(public.apply(&a, 0, 4, vec![row("k", Some("1"))]).await));
    // Applied again, or out of turn: nothing moves.
    assert!(!fine(public.apply(&a, 0, 4, vec![row("k", Some("2"))]).await));
    assert!(!fine(public.apply(&a, 5, 9, vec![row("k", None)]).await));
    assert_eq!((found("k").await.as_deref(), fine(public.cursor(&a).await)), (Some("1"), 4));
    // Each source has its own cursor.
    assert!(fine(public.apply(&b, 0, 2, vec![row("k", Some("3"))]).await));
    assert!(fine(public.apply(&a, 4, 5, vec![row("k2", Some("4"))]).await));
    drop(stores);
    subject.reopen().await;
    let stores = subject.stores();
    assert_eq!(fine(stores.public.cursor(&a).await), 5);
    assert_eq!(fine(stores.public.cursor(&b).await), 2);
    assert!(fine(subject_row(&stores, "k2").await).is_some());
}

fn subject_row<'a>(
    stores: &'a crate::port::Stores,
    key: &'a str,
) -> cell_kernel::Answer<'a, Option<cell_kernel::RowBytes>> {
    stores.rows.row(TABLE, None, key)
}

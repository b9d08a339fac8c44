//! Laws of rows.

use base_ids::{CellId, Version};
use cell_kernel::Table;

use super::{
    Subject,
    given::{TABLE, done, events, fine, owned, row, tenant},
};
use crate::port::{Append, RowWrite, Stores};

/// Keys whose neighbours tempt an implementation to take too many or too few.
const KEYS: [&str; 9] =
    ["", "a", "a\u{0}", "a\u{0}b", "a/1", "a/2", "a\u{10ffff}", "a\u{10ffff}\u{10ffff}", "b"];

async fn given_keys(stores: &Stores) {
    let stream = owned(stores, "users/a/carts/main").await;
    let rows = KEYS.iter().rev().map(|key| row(key, Some(key))).collect();
    done(stores, Append { rows, ..events(&stream, 0, 1) }).await;
}

async fn list(
    stores: &Stores,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
    newest_first: bool,
) -> Vec<String> {
    let of = tenant("users/a");
    let found = stores.rows.rows(TABLE, Some(&of), prefix, after, limit, newest_first);
    let rows = fine(found.await).into_iter();
    rows.inspect(|row| assert_eq!((row.key.as_bytes(), row.version), (&*row.row, Version(1))))
        .map(|row| row.key)
        .collect()
}

pub(super) async fn pages_run_both_ways_and_meet(subject: &mut impl Subject) {
    given_keys(&subject.stores()).await;
    for _ in 0..2 {
        let stores = subject.stores();
        let backwards: Vec<_> = KEYS.iter().rev().copied().collect();
        for (newest_first, expected) in [(false, KEYS.as_slice()), (true, &backwards)] {
            for limit in [1, 2, 4, 9, 1000] {
                let mut seen: Vec<String> = Vec::new();
                loop {
                    let after = seen.last().cloned();
                    let page = list(&stores, "", after.as_deref(), limit, newest_first).await;
                    if page.is_empty() {
                        break;
                    }
                    seen.extend(page);
                }
                assert_eq!(seen, expected, "pages of {limit}, newest first: {newest_first}");
            }
        }
        drop(stores);
        subject.reopen().await;
    }
}

pub(super) async fn prefixes_are_taken_literally(subject: &mut impl Subject) {
    let stores = subject.stores();
    given_keys(&stores).await;
    for prefix in
        ["", "a", "a/", "a\u{0}", "a\u{10ffff}", "a\u{10ffff}\u{10ffff}", "b", "c", "a/1x"]
    {
        let mut expected: Vec<_> = KEYS.iter().filter(|key| key.starts_with(prefix)).collect();
        assert_eq!(
            list(&stores, prefix, None, 99, false).await,
            expected.iter().map(|key| (**key).to_owned()).collect::<Vec<_>>()
        );
        expected.reverse();
        assert_eq!(
            list(&stores, prefix, None, 99, true).await,
            expected.iter().map(|key| (**key).to_owned()).collect::<Vec<_>>()
        );
    }
    // A last key from in front of the prefix, behind it, or one that is gone.
    assert_eq!(list(&stores, "a/", Some("a"), 99, false).await, ["a/1", "a/2"]);
    assert_eq!(list(&stores, "a/", Some("a/1x"), 99, false).await, ["a/2"]);
    assert!(list(&stores, "a/", Some("b"), 99, false).await.is_empty());
    assert_eq!(list(&stores, "a/", Some("b"), 99, true).await, ["a/2", "a/1"]);
    assert_eq!(list(&stores, "a/", Some("a/1x"), 99, true).await, ["a/1"]);
    assert!(list(&stores, "a/", Some("a"), 99, true).await.is_empty());
    assert!(list(&stores, "", None, 0, false).await.is_empty());
}

pub(super) async fn tenants_and_tables_never_see_each_other(subject: &mut impl Subject) {
    let stores = subject.stores();
    let table = |service, name| Table { service, name };
    let tables = [TABLE, table("carts", "summaries"), table("cart", "summary")];
    // Names that begin alike, and nobody.
    let places = [Some("users/a"), Some("users/ab"), Some("users/a-b"), None];
    for (number, name) in (0..).zip(places) {
        let text = |table: Table| format!("{name:?} {table:?}");
        let write = |table| RowWrite { table, ..row("k", Some(&text(table))) };
        let rows = tables.map(write).to_vec();
        if let Some(name) = name {
            let stream = owned(&stores, &format!("{name}/carts/main")).await;
            done(&stores, Append { rows, ..events(&stream, 0, 1) }).await;
        } else {
            let source: CellId = format!("cell-{number}").parse().expect("a cell's name");
            assert!(fine(stores.public.apply(&source, 0, 1, rows).await));
        }
    }
    for name in places {
        let of = name.map(tenant);
        for table in tables {
            let rows = fine(stores.rows.rows(table, of.as_ref(), "", None, 99, false).await);
            let texts: Vec<_> = rows.iter().map(|row| row.row.clone()).collect();
            assert_eq!(texts, [format!("{name:?} {table:?}").into_bytes()]);
            let one = fine(stores.rows.row(table, of.as_ref(), "k").await);
            assert_eq!(one.as_ref(), rows.first());
        }
    }
}

pub(super) async fn a_row_is_set_replaced_and_taken_away(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let of = stream.tenant.clone();
    // Of several writes to a row in one append the last one stands.
    let turns = [
        (vec![row("k", Some("1"))], Some("1")),
        (vec![row("k", Some("2")), row("k", Some("3"))], Some("3")),
        (vec![row("k", Some("4")), row("k", None)], None),
        (vec![row("k", None), row("k", Some("5"))], Some("5")),
        (vec![row("k", None), row("k", None)], None),
        (vec![row("other", None)], None),
    ];
    for (number, (rows, expected)) in (0..).zip(turns) {
        done(&stores, Append { rows, ..events(&stream, number, 1) }).await;
        let stands = fine(stores.rows.row(TABLE, Some(&of), "k").await);
        assert_eq!(stands.map(|row| row.row).as_deref(), expected.map(str::as_bytes));
    }
    drop(stores);
    subject.reopen().await;
    let stores = subject.stores();
    assert_eq!(fine(stores.rows.row(TABLE, Some(&of), "k").await), None);
    assert!(list(&stores, "", None, 9, false).await.is_empty());
}

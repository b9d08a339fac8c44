//! Rows of views and replicas. A key is kept as bytes: those of a text sort as the text does, and behind a prefix there is always a key.

use base_fault::Fault;
use base_ids::{Tenant, Version};
use cell_kernel::{Answer, RowBytes, RowSource, Table};
use futures_util::future::try_join_all;
use xxhash_rust::xxh3::xxh3_64;

use super::{Ports, limit as as_limit};
use crate::{codec::Unreadable, store::Store};

/// Over so many partitions the rows of a replica are spread.
pub(crate) const REPLICA_BUCKETS: i32 = 16;

type Found = (i64, Vec<u8>);

impl RowSource for Ports {
    fn row<'a>(
        &'a self,
        table: Table,
        tenant: Option<&'a Tenant>,
        key: &'a str,
    ) -> Answer<'a, Option<RowBytes>> {
        Box::pin(async move {
            let Table { service, name } = table;
            let (cql, bytes) = (&self.0.cql, key.as_bytes());
            let found: Option<Found> = if let Some(tenant) = tenant {
                self.0.resolve_doubts_of(tenant).await?;
                let values = (tenant.as_str(), service, name, bytes);
                cql.find("read a row", &cql.say.row, values).await?
            } else {
                let values = (service, name, bucket_of(key), bytes);
                cql.find("read a row", &cql.say.replica, values).await?
            };
            let version = |version: i64| Version(u64::try_from(version).unwrap_or(0));
            let key = key.to_owned();
            Ok(found.map(|(at, row)| RowBytes { key, version: version(at), row }))
        })
    }

    fn rows<'a>(
        &'a self,
        table: Table,
        tenant: Option<&'a Tenant>,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
        newest_first: bool,
    ) -> Answer<'a, Vec<RowBytes>> {
        Box::pin(async move {
            let (first, end) = span(prefix, after, newest_first);
            if limit == 0 || first >= end {
                return Ok(Vec::new());
            }
            let page = Page { table, first, end, limit, newest_first };
            match tenant {
                Some(tenant) => {
                    self.0.resolve_doubts_of(tenant).await?;
                    self.0.view_rows(tenant, &page).await
                }
                None => self.0.replica_rows(&page).await,
            }
        })
    }
}

/// Which rows: from `first` on, in front of `end`.
struct Page {
    table: Table,
    first: Vec<u8>,
    end: Vec<u8>,
    limit: usize,
    newest_first: bool,
}

/// In which partition a replica's row lies.
pub(crate) fn bucket_of(key: &str) -> i32 {
    let hash = xxh3_64(key.as_bytes()) % u64::from(REPLICA_BUCKETS.unsigned_abs());
    i32::try_from(hash).expect("a remainder of 16 fits")
}

/// Between which keys the rows lie: the first one, and the one behind the last.
fn span(prefix: &str, after: Option<&str>, newest_first: bool) -> (Vec<u8>, Vec<u8>) {
    let first = prefix.as_bytes().to_vec();
    let end = behind(prefix.as_bytes());
    match after.map(str::as_bytes) {
        Some(before) if newest_first => (first, end.min(before.to_vec())),
        Some(after) => (first.max([after, &[0]].concat()), end),
        None => (first, end),
    }
}

/// The first key behind all that start with the prefix. No byte of a text is 255.
fn behind(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    match end.last_mut() {
        Some(last) => *last += 1,
        None => end.push(u8::MAX),
    }
    end
}

impl Store {
    async fn view_rows(&self, tenant: &Tenant, page: &Page) -> Result<Vec<RowBytes>, Fault> {
        let Page { table: Table { service, name }, first, end, limit, newest_first } = page;
        let say = if *newest_first { &self.cql.say.rows_back } else { &self.cql.say.rows };
        let values = (tenant.as_str(), service, name, first, end, as_limit(*limit));
        let rows: Vec<(Vec<u8>, i64, Vec<u8>)> = self.cql.read("read rows", say, values).await?;
        rows.into_iter().map(row_bytes).collect()
    }

    /// The first of all partitions' first ones.
    async fn replica_rows(&self, page: &Page) -> Result<Vec<RowBytes>, Fault> {
        let Page { table: Table { service, name }, first, end, limit, newest_first } = page;
        let say = if *newest_first { &self.cql.say.replicas_back } else { &self.cql.say.replicas };
        let buckets = (0..REPLICA_BUCKETS).map(async |bucket| {
            let values = (service, name, bucket, first, end, as_limit(*limit));
            self.cql.read::<(Vec<u8>, i64, Vec<u8>)>("read rows", say, values).await
        });
        let mut rows: Vec<_> = try_join_all(buckets).await?.into_iter().flatten().collect();
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        if *newest_first {
            rows.reverse();
        }
        rows.into_iter().take(*limit).map(row_bytes).collect()
    }
}

fn row_bytes((key, version, row): (Vec<u8>, i64, Vec<u8>)) -> Result<RowBytes, Fault> {
    let key = String::from_utf8(key).map_err(|error| Unreadable(error.to_string()))?;
    Ok(RowBytes { key, version: Version(u64::try_from(version).unwrap_or(0)), row })
}

#[cfg(test)]
mod tests {
    use super::{behind, bucket_of, span};

    #[test]
    fn the_end_of_a_prefix_is_behind_all_its_keys() {
        assert_eq!(behind(b""), [255]);
        assert_eq!(behind(b"a/"), b"a0");
        let last = "a\u{10ffff}";
        assert!(behind(last.as_bytes()) > format!("{last}\u{10ffff}").into_bytes());
    }

    #[test]
    fn a_page_begins_behind_the_last_key() {
        assert_eq!(span("a", Some("a/1"), false), (b"a/1\0".to_vec(), b"b".to_vec()));
        assert_eq!(span("a", Some("a/1"), true), (b"a".to_vec(), b"a/1".to_vec()));
        assert_eq!(span("b", Some("a"), false), (b"b".to_vec(), b"c".to_vec()));
    }

    #[test]
    fn the_partition_of_a_key_is_pinned() {
        assert_eq!(["", "a", "abc"].map(bucket_of), [2, 15, 0]);
    }
}

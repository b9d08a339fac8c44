//! Reading rows: typed access to views and replicas over one narrow port.

use std::sync::Arc;

use base_fault::{Code, Fault};
use base_ids::{Tenant, Version};
use serde::de::DeserializeOwned;

use crate::{Answer, Decider, Replica, View};

/// Which rows: a service's table, of one tenant or (a replica) of nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    /// The service.
    pub service: &'static str,
    /// The view's or replica's name.
    pub name: &'static str,
}

/// A stored row: its key, its bytes and the version of the event that last changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowBytes {
    /// The row's key.
    pub key: String,
    /// Version of the stream when the row was last changed.
    pub version: Version,
    /// The row as JSON.
    pub row: Vec<u8>,
}

/// Where rows come from; the stores implement it.
pub trait RowSource: Send + Sync + 'static {
    /// One row. `tenant` is `None` for replicas.
    fn row<'a>(
        &'a self,
        table: Table,
        tenant: Option<&'a Tenant>,
        key: &'a str,
    ) -> Answer<'a, Option<RowBytes>>;

    /// Up to `limit` rows whose keys start with `prefix` and come after `after` (exclusive), in key order; backwards if `newest_first`.
    fn rows<'a>(
        &'a self,
        table: Table,
        tenant: Option<&'a Tenant>,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
        newest_first: bool,
    ) -> Answer<'a, Vec<RowBytes>>;
}

/// A row with the version that its ETag is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<Row> {
    /// The row.
    pub row: Row,
    /// Version of the stream when the row was last changed.
    pub version: Version,
}

/// Which page of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAsk {
    /// How many rows at most: 1 to [`PageAsk::SIZE_MAX`].
    pub size: usize,
    /// The last key of the page before.
    pub after: Option<String>,
    /// Whether the list runs from the highest key to the lowest.
    pub newest_first: bool,
}

impl PageAsk {
    /// Most rows a page may have.
    pub const SIZE_MAX: usize = 200;
    /// Rows on a page when the caller does not say.
    pub const SIZE_DEFAULT: usize = 50;

    /// Reads `page_size` and `page_token` as list methods have them (AIP-158): 0 means the default, more than the limit is cut to it.
    pub fn read(page_size: i32, page_token: &str) -> Result<Self, Fault> {
        let size = match usize::try_from(page_size) {
            Ok(0) => Self::SIZE_DEFAULT,
            Ok(size) => size.min(Self::SIZE_MAX),
            Err(_) => return Err(Fault::invalid_field("page_size", "must not be negative")),
        };
        let after = match page_token {
            "" => None,
            token => Some(decode_token(token).ok_or_else(|| {
                Fault::invalid_field(
                    "page_token",
                    "is not a token that this list has given out; start again without it",
                )
            })?),
        };
        Ok(Self { size, after, newest_first: false })
    }

    /// The same page of the list read backwards.
    pub fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<Row> {
    /// The rows.
    pub rows: Vec<Row>,
    /// What to send as `page_token` for the next page; empty on the last one.
    pub next_page_token: String,
}

impl<Row> Page<Row> {
    /// The same page with each row shown another way.
    pub fn map<Shown>(self, show: impl FnMut(Row) -> Shown) -> Page<Shown> {
        Page {
            rows: self.rows.into_iter().map(show).collect(),
            next_page_token: self.next_page_token,
        }
    }
}

/// Typed reading of rows.
#[derive(Clone)]
pub struct Reading {
    source: Arc<dyn RowSource>,
}

impl Reading {
    /// Reads from `source`.
    pub fn new(source: Arc<dyn RowSource>) -> Self {
        Self { source }
    }

    /// One row of a view.
    pub async fn get<D: Decider, V: View<D>>(
        &self,
        tenant: &Tenant,
        key: &str,
    ) -> Result<Option<Versioned<V::Row>>, Fault> {
        let table = Table { service: D::SERVICE, name: V::NAME };
        self.source
            .row(table, Some(tenant), key)
            .await?
            .map(|bytes| versioned(table, &bytes))
            .transpose()
    }

    /// A page of a view's rows whose keys start with `prefix`.
    pub async fn list<D: Decider, V: View<D>>(
        &self,
        tenant: &Tenant,
        prefix: &str,
        ask: &PageAsk,
    ) -> Result<Page<V::Row>, Fault> {
        self.page(Table { service: D::SERVICE, name: V::NAME }, Some(tenant), prefix, ask).await
    }

    /// One row of a replica of `service`.
    pub async fn get_replica<R: Replica>(
        &self,
        service: &'static str,
        key: &str,
    ) -> Result<Option<R::Row>, Fault> {
        let table = Table { service, name: R::NAME };
        let row = self.source.row(table, None, key).await?;
        Ok(row.map(|bytes| versioned(table, &bytes)).transpose()?.map(|versioned| versioned.row))
    }

    /// A page of a replica's rows whose keys start with `prefix`.
    pub async fn list_replica<R: Replica>(
        &self,
        service: &'static str,
        prefix: &str,
        ask: &PageAsk,
    ) -> Result<Page<R::Row>, Fault> {
        self.page(Table { service, name: R::NAME }, None, prefix, ask).await
    }

    async fn page<Row: DeserializeOwned>(
        &self,
        table: Table,
        tenant: Option<&Tenant>,
        prefix: &str,
        ask: &PageAsk,
    ) -> Result<Page<Row>, Fault> {
        // One more than asked for tells whether there is a next page.
        let mut found = self
            .source
            .rows(table, tenant, prefix, ask.after.as_deref(), ask.size + 1, ask.newest_first)
            .await?;
        let more = found.len() > ask.size;
        found.truncate(ask.size);
        let next_page_token = match found.last() {
            Some(last) if more => hex::encode(&last.key),
            _ => String::new(),
        };
        let rows = found
            .iter()
            .map(|bytes| Ok(versioned::<Row>(table, bytes)?.row))
            .collect::<Result<_, Fault>>()?;
        Ok(Page { rows, next_page_token })
    }
}

fn versioned<Row: DeserializeOwned>(
    table: Table,
    bytes: &RowBytes,
) -> Result<Versioned<Row>, Fault> {
    let row = serde_json::from_slice(&bytes.row).map_err(|error| {
        let context = format!(
            "row `{}` of {}/{} cannot be read; rebuild the view",
            bytes.key, table.service, table.name
        );
        Fault::ours(Code::StoreBroken, context).because(error)
    })?;
    Ok(Versioned { row, version: bytes.version })
}

fn decode_token(token: &str) -> Option<String> {
    let bytes = hex::decode(token).ok().filter(|bytes| bytes.len() <= 512)?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{PageAsk, decode_token};

    #[test]
    fn a_page_token_gives_its_key_back() {
        assert_eq!(decode_token(&hex::encode("offer/كتاب")).as_deref(), Some("offer/كتاب"));
        for token in ["zz", "abc", "ff", "é0"] {
            assert_eq!(decode_token(token), None, "{token}");
        }
    }

    #[test]
    fn page_sizes_are_bounded_and_never_negative() {
        assert_eq!(PageAsk::read(0, "").unwrap().size, PageAsk::SIZE_DEFAULT);
        assert_eq!(PageAsk::read(100_000, "").unwrap().size, PageAsk::SIZE_MAX);
        assert!(PageAsk::read(-1, "").is_err());
    }
}

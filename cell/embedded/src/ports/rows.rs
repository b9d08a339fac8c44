//! Rows of views and replicas.

use base_fault::Fault;
use base_ids::Tenant;
use cell_kernel::{Answer, RowBytes, RowSource, Table};
use fjall::Slice;

use super::{IN_PLACE_MAX, is_empty, range, range_before};
use crate::{Embedded, codec, key, state::unreadable, store::View};

impl RowSource for Embedded {
    fn row<'a>(
        &'a self,
        table: Table,
        tenant: Option<&'a Tenant>,
        key: &'a str,
    ) -> Answer<'a, Option<RowBytes>> {
        self.read(move |view| {
            let stored = view.get(key::row(table, tenant, key))?;
            stored.map(|value| row_bytes(key, &value)).transpose()
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
        let all = key::rows(table, tenant);
        let place = |key: &str| [all.as_slice(), key.as_bytes()].concat();
        let page = Page {
            start: place(prefix),
            after: after.map(place),
            key_from: all.len(),
            limit,
            newest_first,
        };
        if limit <= IN_PLACE_MAX {
            self.read(move |view| page.read(view))
        } else {
            self.read_long(move |view| page.read(view))
        }
    }
}

struct Page {
    start: Vec<u8>,
    after: Option<Vec<u8>>,
    /// Where a row's own key begins in a key of the tree.
    key_from: usize,
    limit: usize,
    newest_first: bool,
}

impl Page {
    fn read(self, view: &View<'_>) -> Result<Vec<RowBytes>, Fault> {
        let key_from = self.key_from;
        let row = |found: Result<(Slice, Slice), Fault>| {
            let (place, value) = found?;
            let key = std::str::from_utf8(&place[key_from..]).map_err(unreadable)?;
            row_bytes(key, &value)
        };
        let range = if self.newest_first {
            range_before(self.start, self.after)
        } else {
            range(self.start, self.after)
        };
        if is_empty(&range) {
            Ok(Vec::new())
        } else if self.newest_first {
            view.range(range).rev().take(self.limit).map(row).collect()
        } else {
            view.range(range).take(self.limit).map(row).collect()
        }
    }
}

fn row_bytes(key: &str, value: &[u8]) -> Result<RowBytes, Fault> {
    let (version, row) = codec::read_versioned(value).map_err(unreadable)?;
    Ok(RowBytes { key: key.to_owned(), version, row })
}

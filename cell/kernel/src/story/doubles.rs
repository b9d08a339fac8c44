//! Stand-ins for what the runtime gives a service: rows in memory, a request, and futures that are ready at once.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use base_ids::{Tenant, Version};
use base_time::Timestamp;

use crate::{
    Answer, Caller, Decider, No, Reading, Request, RowBytes, RowChange, RowSource, Table, View,
};

/// Rows in memory.
#[derive(Clone, Default)]
pub struct RowsInMemory {
    rows: BTreeMap<(Table, Option<Tenant>, String), RowBytes>,
}

impl RowsInMemory {
    /// One row of a view.
    pub fn with<D: Decider, V: View<D>>(
        mut self,
        tenant: &Tenant,
        key: &str,
        version: Version,
        row: &V::Row,
    ) -> Self {
        let table = Table { service: D::SERVICE, name: V::NAME };
        let row = serde_json::to_vec(row).expect("rows are plain data, which always serialises");
        let change = RowChange { key: key.to_owned(), row: Some(row) };
        self.apply(table, Some(tenant), [change], version);
        self
    }

    /// Changes rows of a table; of a replica where there is no tenant.
    pub fn apply(
        &mut self,
        table: Table,
        tenant: Option<&Tenant>,
        changes: impl IntoIterator<Item = RowChange>,
        version: Version,
    ) {
        for RowChange { key, row } in changes {
            let at = (table, tenant.cloned(), key.clone());
            match row {
                Some(row) => self.rows.insert(at, RowBytes { key, version, row }),
                None => self.rows.remove(&at),
            };
        }
    }

    /// All rows, with their tables.
    pub fn all(&self) -> impl Iterator<Item = (Table, Option<&Tenant>, &RowBytes)> {
        self.rows.iter().map(|((table, tenant, _), row)| (*table, tenant.as_ref(), row))
    }

    pub(super) fn find(
        &self,
        table: Table,
        tenant: Option<&Tenant>,
        key: &str,
    ) -> Option<&RowBytes> {
        self.rows.get(&(table, tenant.cloned(), key.to_owned()))
    }

    /// Reads these rows.
    pub fn reading(self) -> Reading {
        Reading::new(Arc::new(self))
    }
}

impl RowSource for RowsInMemory {
    fn row<'a>(
        &'a self,
        table: Table,
        tenant: Option<&'a Tenant>,
        key: &'a str,
    ) -> Answer<'a, Option<RowBytes>> {
        at_once(self.find(table, tenant, key).cloned())
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
        let from = (table, tenant.cloned(), prefix.to_owned());
        let rows = self.rows.range(from..).take_while(|((of, whose, key), _)| {
            *of == table && whose.as_ref() == tenant && key.starts_with(prefix)
        });
        let mut found: Vec<RowBytes> = rows.map(|(_, row)| row.clone()).collect();
        if newest_first {
            found.reverse();
        }
        found.retain(|row| match after {
            Some(after) if newest_first => row.key.as_str() < after,
            Some(after) => row.key.as_str() > after,
            None => true,
        });
        found.truncate(limit);
        at_once(found)
    }
}

/// A request of `caller` to `tenant` at time 0, where there are no rows; fresh ids are all `0190ab`.
pub fn request(tenant: &str, caller: Caller) -> Request {
    Request {
        tenant: tenant.parse().expect("a story names a valid tenant"),
        caller,
        at: Timestamp::default(),
        reading: RowsInMemory::default().reading(),
        mint: Arc::new(|| "0190ab".to_owned()),
        idempotency_key: None,
        went_to: None,
    }
}

/// An answer that is there already: how the stand-in of a port answers.
pub fn at_once<'a, T: Send + 'a>(answer: T) -> Answer<'a, T> {
    Box::pin(std::future::ready(Ok(answer)))
}

/// What comes of a future that waits for nothing.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("in a story everything is ready at once"),
    }
}

/// What a call that was turned down said: its code, and the first field that is wrong.
#[track_caller]
pub fn code_of<T: std::fmt::Debug>(answer: Result<T, No>) -> String {
    match answer {
        Ok(answer) => unreachable!("a no was expected: {answer:?}"),
        Err(No::Refused { code, .. }) => code,
        Err(No::Fault(fault)) => {
            let field = fault.fields().first().map(|wrong| format!(" {}", wrong.field));
            format!("{}{}", fault.code().as_str(), field.unwrap_or_default())
        }
    }
}

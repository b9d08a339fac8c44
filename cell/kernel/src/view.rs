//! How others read a service: rows folded from events, written with them, and rebuilt from them at any time.

use std::marker::PhantomData;

use base_ids::{Tenant, Version};
use base_time::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Decider, Heard, Unreadable};

/// Rows under the tenant, folded from the service's own streams. Committed in one batch with the events, so that whoever wrote
/// reads its own write.
pub trait View<D: Decider>: Send + Sync + 'static {
    /// The table's name within the service, `a-z` and `_`.
    const NAME: &'static str;
    /// What a reader gets.
    type Row: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Turns one event into row changes. `seen.state` is the stream's state after the event.
    fn fold(seen: &Seen<'_, D>, rows: &mut Rows<Self::Row>);
}

/// One event as a view, an announcement or an effect sees it.
pub struct Seen<'a, D: Decider> {
    /// Who owns the stream.
    pub tenant: &'a Tenant,
    /// The stream's key.
    pub key: &'a str,
    /// The event.
    pub event: &'a D::Event,
    /// The stream's state after the event.
    pub state: &'a D::State,
    /// The event's version in the stream.
    pub version: Version,
    /// When it happened.
    pub at: Timestamp,
}

/// Rows that every cell has, folded from public messages in the order that their source told them. Belongs to no tenant.
pub trait Replica: Send + Sync + 'static {
    /// The table's name within the service, `a-z` and `_`.
    const NAME: &'static str;
    /// What a reader gets.
    type Row: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The full names of the messages it is folded from.
    fn hears() -> &'static [&'static str];

    /// The key of the row that the message is about; `before` in [`Replica::fold`] is that row.
    fn key(heard: &Heard<'_>) -> Result<String, Unreadable>;

    /// Turns one message into row changes: the row itself and rows that index it.
    fn fold(
        before: Option<Self::Row>,
        heard: &Heard<'_>,
        rows: &mut Rows<Self::Row>,
    ) -> Result<(), Unreadable>;
}

/// Collects the changes of rows of one table. Keys sort bytewise; `/` separates their parts by convention.
#[derive(Debug)]
pub struct Rows<Row> {
    changes: Vec<RowChange>,
    row: PhantomData<fn(Row)>,
}

/// One row set or taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    /// The row's key within its table and tenant.
    pub key: String,
    /// The row as JSON; `None` takes it away.
    pub row: Option<Vec<u8>>,
}

impl<Row: Serialize> Rows<Row> {
    /// An empty collection.
    pub fn new() -> Self {
        Self { changes: Vec::new(), row: PhantomData }
    }

    /// Sets the row under `key`.
    pub fn put(&mut self, key: impl Into<String>, row: &Row) {
        let row = serde_json::to_vec(row)
            .expect("rows are plain data with text keys, which always serialise");
        self.changes.push(RowChange { key: key.into(), row: Some(row) });
    }

    /// Takes the row under `key` away.
    pub fn delete(&mut self, key: impl Into<String>) {
        self.changes.push(RowChange { key: key.into(), row: None });
    }

    /// The changes, in order.
    pub fn into_changes(self) -> Vec<RowChange> {
        self.changes
    }
}

impl<Row: Serialize> Default for Rows<Row> {
    fn default() -> Self {
        Self::new()
    }
}

//! The database with its keyspaces; the only room that knows which product it is.

use std::path::Path;

use base_ids::Epoch;
use cp_model::{CellRecord, Change, Deed, Fleet};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::row::{self, BadRow};

/// Version of the form of the rows.
const FORMAT: u64 = 1;
/// Keys of the numbers in `meta`.
const KEY_FORMAT: &str = "format";
const KEY_COMMIT: &str = "commit";
const KEY_EPOCH: &str = "epoch";
/// Memory for blocks that were read: all rows are in the fleet anyway.
const CACHE_BYTES: u64 = 4 << 20;

pub(crate) struct Rows {
    database: Database,
    meta: Keyspace,
    cells: Keyspace,
    slots: Keyspace,
    placed: Keyspace,
    record: Keyspace,
}

/// What can go wrong while rows are read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("the database cannot be read")]
    Database(#[from] fjall::Error),
    #[error(transparent)]
    Row(#[from] BadRow),
    #[error("the rows have format {0}; this version reads format {FORMAT}")]
    Format(u64),
    #[error("the rows contradict each other")]
    Fleet(#[from] cp_model::InvalidFleet),
    #[error("reading it failed at an unexpected place: {0}")]
    Panicked(String),
}

impl Rows {
    pub(crate) fn open(path: &Path) -> Result<Self, fjall::Error> {
        let database = Database::builder(path).cache_size(CACHE_BYTES).worker_threads(1).open()?;
        let keyspace = |name| database.keyspace(name, KeyspaceCreateOptions::default);
        Ok(Self {
            meta: keyspace("meta")?,
            cells: keyspace("cells")?,
            slots: keyspace("slots")?,
            placed: keyspace("placed")?,
            record: keyspace("record")?,
            database,
        })
    }

    /// The last commit and the fleet that all rows make. A database without any commit is an empty fleet.
    pub(crate) fn read(&self) -> Result<(u64, Fleet), ReadError> {
        let commit = self.number(KEY_COMMIT)?.unwrap_or(0);
        match self.number(KEY_FORMAT)? {
            Some(FORMAT) => {}
            None if commit == 0 => {}
            other => return Err(ReadError::Format(other.unwrap_or(0))),
        }
        let epoch = Epoch(self.number(KEY_EPOCH)?.unwrap_or(0));
        let cell = |_: &[u8], value: &[u8]| serde_json::from_slice::<CellRecord>(value).ok();
        let cells = all(&self.cells, "cells", cell)?;
        let slots = all(&self.slots, "slots", |key, value| {
            Some((row::slot_of_key(key)?, row::ownership_of_value(value)?))
        })?;
        let placed = all(&self.placed, "placed", |key, value| {
            Some((row::tenant_of_key(key)?, row::ownership_of_value(value)?))
        })?;
        Ok((commit, Fleet::of_rows(epoch, cells, slots, placed)?))
    }

    /// Writes a change as commit number `commit`, and returns when it is on the disk.
    pub(crate) fn write(&self, commit: u64, change: &Change) -> Result<(), fjall::Error> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        let numbers = [(KEY_FORMAT, FORMAT), (KEY_COMMIT, commit), (KEY_EPOCH, change.epoch.0)];
        for (key, number) in numbers {
            batch.insert(&self.meta, key, number.to_le_bytes());
        }
        if let Some(cell) = &change.cell {
            batch.insert(&self.cells, cell.id.as_str(), json(serde_json::to_vec(cell))?);
        }
        for (slot, ownership) in &change.slots {
            let value = json(row::ownership_value(ownership))?;
            batch.insert(&self.slots, row::slot_key(*slot), value);
        }
        for (tenant, ownership) in &change.placed {
            let value = json(row::ownership_value(ownership))?;
            batch.insert(&self.placed, tenant.as_str(), value);
        }
        for (nth, deed) in (0..).zip(&change.deeds) {
            batch.insert(&self.record, row::deed_key(commit, nth), json(serde_json::to_vec(deed))?);
        }
        batch.commit()
    }

    /// The last `limit` things that operators did, the newest first.
    pub(crate) fn record(&self, limit: usize) -> Result<Vec<Deed>, ReadError> {
        let mut deeds = Vec::new();
        for guard in self.record.iter().rev().take(limit) {
            let (key, value) = guard.into_inner()?;
            let deed = serde_json::from_slice(&value)
                .map_err(|_| BadRow { keyspace: "record", key: key.escape_ascii().to_string() })?;
            deeds.push(deed);
        }
        Ok(deeds)
    }

    fn number(&self, key: &str) -> Result<Option<u64>, ReadError> {
        let Some(value) = self.meta.get(key)? else {
            return Ok(None);
        };
        let bytes = value
            .as_ref()
            .try_into()
            .map_err(|_| BadRow { keyspace: "meta", key: key.to_owned() })?;
        Ok(Some(u64::from_le_bytes(bytes)))
    }
}

fn json(written: Result<Vec<u8>, serde_json::Error>) -> Result<Vec<u8>, fjall::Error> {
    written.map_err(|error| std::io::Error::from(error).into())
}

fn all<T>(
    keyspace: &Keyspace,
    name: &'static str,
    parse: impl Fn(&[u8], &[u8]) -> Option<T>,
) -> Result<Vec<T>, ReadError> {
    let mut rows = Vec::new();
    for guard in keyspace.iter() {
        let (key, value) = guard.into_inner()?;
        rows.push(
            parse(&key, &value)
                .ok_or_else(|| BadRow { keyspace: name, key: key.escape_ascii().to_string() })?,
        );
    }
    Ok(rows)
}

//! How keys and values lie in the database.

use base_ids::{CellId, Generation, Slot, Tenant};
use cp_model::Ownership;

/// Why bytes in the database are not a row.
#[derive(Debug, thiserror::Error)]
#[error("a row of `{keyspace}` cannot be read: key {key:?}")]
pub(crate) struct BadRow {
    pub(crate) keyspace: &'static str,
    pub(crate) key: String,
}

/// A slot's key: its number, big-endian, so that slots lie in order.
pub(crate) fn slot_key(slot: Slot) -> [u8; 2] {
    slot.0.to_be_bytes()
}

pub(crate) fn slot_of_key(key: &[u8]) -> Option<Slot> {
    Some(Slot(u16::from_be_bytes(key.try_into().ok()?)))
}

pub(crate) fn tenant_of_key(key: &[u8]) -> Option<Tenant> {
    std::str::from_utf8(key).ok()?.parse().ok()
}

/// An ownership: the generation, little-endian, and the cell's name.
pub(crate) fn ownership_value(row: &Ownership) -> Vec<u8> {
    let mut value = row.generation.0.to_le_bytes().to_vec();
    value.extend_from_slice(row.owner.as_str().as_bytes());
    value
}

pub(crate) fn ownership_of_value(value: &[u8]) -> Option<Ownership> {
    let (generation, cell) = value.split_first_chunk::<8>()?;
    let owner: CellId = std::str::from_utf8(cell).ok()?.parse().ok()?;
    Some(Ownership { owner, generation: Generation(u64::from_le_bytes(*generation)) })
}

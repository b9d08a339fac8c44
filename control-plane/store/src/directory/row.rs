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

/// A deed's key: the commit that it came with and its number in it, so that deeds lie in order.
pub(crate) fn deed_key(commit: u64, nth: u32) -> Vec<u8> {
    [&commit.to_be_bytes()[..], &nth.to_be_bytes()[..]].concat()
}

pub(crate) fn tenant_of_key(key: &[u8]) -> Option<Tenant> {
    std::str::from_utf8(key).ok()?.parse().ok()
}

/// Between the cell's name, which never has it, and the hold.
const SEPARATOR: u8 = 0;

/// An ownership: the generation, little-endian, and the cell's name; if it is held, a zero and the hold as JSON.
pub(crate) fn ownership_value(row: &Ownership) -> Result<Vec<u8>, serde_json::Error> {
    let mut value = row.generation.0.to_le_bytes().to_vec();
    value.extend_from_slice(row.owner.as_str().as_bytes());
    if let Some(hold) = &row.held {
        value.push(SEPARATOR);
        serde_json::to_writer(&mut value, hold)?;
    }
    Ok(value)
}

pub(crate) fn ownership_of_value(value: &[u8]) -> Option<Ownership> {
    let (generation, rest) = value.split_first_chunk::<8>()?;
    let mut parts = rest.splitn(2, |byte| *byte == SEPARATOR);
    let cell = parts.next()?;
    let held = parts.next().map(serde_json::from_slice).transpose().ok()?;
    let owner: CellId = std::str::from_utf8(cell).ok()?.parse().ok()?;
    Some(Ownership { owner, generation: Generation(u64::from_le_bytes(*generation)), held })
}

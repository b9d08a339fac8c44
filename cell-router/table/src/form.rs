//! The canonical form of a table, its digest, and the checked form in which it lies on a disk.
//!
//! All numbers are little-endian; a *text* is its length in bytes (u16) and the bytes.
//!
//! | part | content |
//! | --- | --- |
//! | head | the eight letters `SOUKTAB2`, of which the last is the version of this form; epoch (u64) |
//! | cells | count (u16); each: id (text); count of pods (u16), each: name, edge, mesh and admin address (texts), by name; count of keys (u16), each: kid (text), 32 bytes, accepted until (i64, Unix ms) |
//! | slots | 65,536 times: owner (u16: 0 nobody, else index of the cell + 1; top bit: held), generation (u64) |
//! | overrides | count (u32); each: name (text), cell (u16: index; top bit: held), generation (u64); by XXH3-64 of the name, then by name |
//!
//! The digest is XXH3-64 with seed 0 over these bytes. On a disk the digest (u64) follows them. A file of another version is not
//! read: the control plane is asked for the table anew.

use std::net::SocketAddr;

use base_ids::{Epoch, Generation, Slot, Tenant};
use base_time::Timestamp;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::{Cell, Draft, InvalidTable, Pod, SigningKey, Table, overrides::HELD};

const MAGIC: &[u8; 8] = b"SOUKTAB2";
/// What all versions of the form begin with.
const KIND: &[u8] = b"SOUKTAB";

/// Why bytes are not a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// Too short, or not of this kind.
    #[error("not a routing table")]
    NotATable,
    /// Written by a build of another version.
    #[error("a routing table in the form of another version")]
    OtherVersion,
    /// The bytes are not those that were written.
    #[error("checksum is {found:016x}, the bytes say {expected:016x}: the table is damaged")]
    Checksum {
        /// What the bytes add up to.
        found: u64,
        /// What was written behind them.
        expected: u64,
    },
    /// The checksum is right but a part is not: written by a build that disagrees with this one.
    #[error("{part} of the routing table at byte {at} cannot be read")]
    Part {
        /// Which part.
        part: &'static str,
        /// Where.
        at: usize,
    },
    /// The parts contradict one another.
    #[error("the routing table contradicts itself")]
    Invalid(#[from] InvalidTable),
}

/// The digest of a table, without its bytes ever being in one piece.
pub(crate) fn digest(table: &Table) -> u64 {
    let mut hasher = Xxh3::new();
    write(table, &mut |bytes| hasher.update(bytes));
    hasher.digest()
}

fn write(table: &Table, sink: &mut impl FnMut(&[u8])) {
    sink(MAGIC);
    sink(&table.epoch().0.to_le_bytes());
    sink(&count(table.cells().len()).to_le_bytes());
    for cell in table.cells() {
        text(cell.id.as_str(), sink);
        sink(&count(cell.pods.len()).to_le_bytes());
        for pod in &cell.pods {
            text(pod.name.as_str(), sink);
            for address in [pod.edge, pod.mesh, pod.admin] {
                text(&address.to_string(), sink);
            }
        }
        sink(&count(cell.signing_keys.len()).to_le_bytes());
        for key in &cell.signing_keys {
            text(&key.kid, sink);
            sink(&key.public_key);
            sink(&key.accepted_until.as_millis().to_le_bytes());
        }
    }
    for slot in 0..=u16::MAX {
        let owner = table.slot(Slot(slot));
        let held = |held: bool| if held { HELD } else { 0 };
        let place = owner.map_or(0, |owner| count(owner.index + 1) | held(owner.held));
        sink(&place.to_le_bytes());
        sink(&owner.map_or(0, |owner| owner.generation.0).to_le_bytes());
    }
    let overrides = u32::try_from(table.overrides_len()).unwrap_or(u32::MAX);
    sink(&overrides.to_le_bytes());
    for placed in table.overrides() {
        text(&placed.tenant, sink);
        let held = if placed.held { HELD } else { 0 };
        sink(&(count(placed.cell) | held).to_le_bytes());
        sink(&placed.generation.0.to_le_bytes());
    }
}

fn text(text: &str, sink: &mut impl FnMut(&[u8])) {
    let cut = &text.as_bytes()[..usize::from(count(text.len()))];
    sink(&count(cut.len()).to_le_bytes());
    sink(cut);
}

fn count(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

impl Table {
    /// The canonical form with its checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Slot::COUNT * 10 + self.overrides_len() * 48 + 1024);
        write(self, &mut |part| bytes.extend_from_slice(part));
        bytes.extend_from_slice(&self.digest().to_le_bytes());
        bytes
    }

    /// Reads what [`Table::to_bytes`] wrote; refuses anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Damaged> {
        let (body, checksum) = bytes.split_last_chunk::<8>().ok_or(Damaged::NotATable)?;
        if !body.starts_with(MAGIC) {
            let known = body.starts_with(KIND);
            return Err(if known { Damaged::OtherVersion } else { Damaged::NotATable });
        }
        let (found, expected) = (xxh3_64(body), u64::from_le_bytes(*checksum));
        if found != expected {
            return Err(Damaged::Checksum { found, expected });
        }
        let mut reader = Reader { bytes: body, at: MAGIC.len(), part: "the head" };
        let mut draft = Draft::new(Epoch(reader.u64()?));
        reader.cells(&mut draft)?;
        reader.slots(&mut draft)?;
        reader.overrides(&mut draft)?;
        Ok(draft.build()?)
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    part: &'static str,
}

impl<'b> Reader<'b> {
    fn broken(&self) -> Damaged {
        Damaged::Part { part: self.part, at: self.at }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let chunk = (self.bytes.get(self.at..))
            .and_then(<[u8]>::first_chunk::<N>)
            .ok_or_else(|| self.broken())?;
        self.at += N;
        Ok(*chunk)
    }

    fn u16(&mut self) -> Result<u16, Damaged> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Damaged> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Damaged> {
        self.take().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Result<&'b str, Damaged> {
        let len = usize::from(self.u16()?);
        let text = (self.bytes.get(self.at..self.at + len))
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .ok_or_else(|| self.broken())?;
        self.at += len;
        Ok(text)
    }

    fn address(&mut self) -> Result<SocketAddr, Damaged> {
        self.text()?.parse().map_err(|_| self.broken())
    }

    fn cells(&mut self, draft: &mut Draft) -> Result<(), Damaged> {
        self.part = "the list of cells";
        for _ in 0..self.u16()? {
            let mut cell = Cell {
                id: self.text()?.parse().map_err(|_| self.broken())?,
                pods: Vec::new(),
                signing_keys: Vec::new(),
            };
            for _ in 0..self.u16()? {
                cell.pods.push(Pod {
                    name: self.text()?.parse().map_err(|_| self.broken())?,
                    edge: self.address()?,
                    mesh: self.address()?,
                    admin: self.address()?,
                });
            }
            for _ in 0..self.u16()? {
                cell.signing_keys.push(SigningKey {
                    kid: self.text()?.to_owned(),
                    public_key: self.take()?,
                    accepted_until: Timestamp::from_millis(self.take().map(i64::from_le_bytes)?),
                });
            }
            draft.cell(cell);
        }
        Ok(())
    }

    fn slots(&mut self, draft: &mut Draft) -> Result<(), Damaged> {
        self.part = "the list of slots";
        for slot in 0..=u16::MAX {
            let (place, generation) = (self.u16()?, Generation(self.u64()?));
            let Some(index) = usize::from(place & !HELD).checked_sub(1) else {
                continue;
            };
            let owner = draft.nth_cell(index).ok_or_else(|| self.broken())?;
            draft.slot(Slot(slot), owner, generation);
            if place & HELD != 0 {
                draft.hold_slot(Slot(slot));
            }
        }
        Ok(())
    }

    fn overrides(&mut self, draft: &mut Draft) -> Result<(), Damaged> {
        self.part = "the list of overrides";
        for _ in 0..self.u32()? {
            let tenant: Tenant = self.text()?.parse().map_err(|_| self.broken())?;
            let (place, generation) = (self.u16()?, Generation(self.u64()?));
            let owner = draft.nth_cell(usize::from(place & !HELD));
            let owner = owner.ok_or_else(|| self.broken())?;
            draft.place(&tenant, owner, generation, place & HELD != 0);
        }
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.broken()) }
    }
}

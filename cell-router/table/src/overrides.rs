//! The tenants that are placed by name, in flat arrays sorted by the hash of the name.

use std::ops::Range;

use base_ids::{Generation, Slot};

use crate::packed::{Packed, unpack};

/// Bit of a place that says that the tenant is held; the others are the cell's index.
pub(crate) const HELD: u16 = 1 << 15;

/// One override as the draft collects it.
pub(crate) struct Entry {
    pub(crate) hash: u64,
    /// Range of the packed name in the draft's names.
    pub(crate) name: Range<u32>,
    pub(crate) place: u16,
    pub(crate) generation: u64,
}

/// A tenant that is placed by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The tenant's name.
    pub tenant: String,
    /// Index of its cell in the table's list of cells.
    pub cell: usize,
    /// The number of the ownership.
    pub generation: Generation,
    /// Whether writes wait for the owner.
    pub held: bool,
}

/// All overrides: about 35 bytes for each whose id is a UUID.
#[derive(Default)]
pub(crate) struct Overrides {
    /// First entry of each slot, and the end; empty if there are no overrides.
    starts: Box<[u32]>,
    /// The 32 bits of the hash behind the slot; ascending within a slot.
    tags: Box<[u32]>,
    /// Where each packed name ends in `names`.
    name_ends: Box<[u32]>,
    names: Box<[u8]>,
    places: Box<[u16]>,
    generations: Box<[u64]>,
}

impl Overrides {
    /// Lays out entries that are sorted by hash; `names` are the packed names that they point into.
    pub(crate) fn of_sorted(entries: &[Entry], names: &[u8]) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        let mut counts = vec![0_u32; Slot::COUNT + 1];
        let mut laid = Vec::with_capacity(names.len());
        let mut name_ends = Vec::with_capacity(entries.len());
        for entry in entries {
            counts[slot_of(entry.hash) + 1] += 1;
            laid.extend_from_slice(&names[as_range(&entry.name)]);
            name_ends.push(low_bits(laid.len() as u64));
        }
        for slot in 0..Slot::COUNT {
            counts[slot + 1] += counts[slot];
        }
        Self {
            starts: counts.into(),
            tags: entries.iter().map(|entry| tag_of(entry.hash)).collect(),
            name_ends: name_ends.into(),
            names: laid.into(),
            places: entries.iter().map(|entry| entry.place).collect(),
            generations: entries.iter().map(|entry| entry.generation).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.tags.len()
    }

    /// The place and generation of the tenant with this name, whose hash is `hash`. Allocates nothing.
    pub(crate) fn find(&self, name: &str, hash: u64) -> Option<(u16, u64)> {
        let (slot, tag) = (slot_of(hash), tag_of(hash));
        let found = self.tagged(slot, tag);
        if found.is_empty() {
            return None;
        }
        let packed = Packed::of(name)?;
        self.named(found, packed.as_bytes())
    }

    /// The entries of a slot that have this tag; hardly ever more than one.
    fn tagged(&self, slot: usize, tag: u32) -> Range<usize> {
        let (Some(first), Some(end)) = (self.starts.get(slot), self.starts.get(slot + 1)) else {
            return 0..0;
        };
        let (first, end) = (*first as usize, *end as usize);
        let begin = first + self.tags[first..end].partition_point(|known| *known < tag);
        let mut at = begin;
        while at < end && self.tags[at] == tag {
            at += 1;
        }
        begin..at
    }

    fn named(&self, among: Range<usize>, packed: &[u8]) -> Option<(u16, u64)> {
        let mut among = among;
        let at = among.find(|at| self.packed_name(*at) == packed)?;
        Some((self.places[at], self.generations[at]))
    }

    /// The entry at which `other` says something else about the same name, or nothing; `same` compares two of them.
    pub(crate) fn unlike<'o>(
        &'o self,
        other: &'o Self,
        same: impl Fn((u16, u64), (u16, u64)) -> bool + 'o,
    ) -> impl Iterator<Item = String> + 'o {
        let slots = 0..self.starts.len().saturating_sub(1);
        let entries = slots.flat_map(|slot| {
            let range = as_range(&(self.starts[slot]..self.starts[slot + 1]));
            range.map(move |at| (slot, at))
        });
        entries.filter_map(move |(slot, at)| {
            let (name, mine) = (self.packed_name(at), (self.places[at], self.generations[at]));
            let theirs = other.named(other.tagged(slot, self.tags[at]), name);
            let alike = theirs.is_some_and(|theirs| same(mine, theirs));
            (!alike).then(|| unpack(name))
        })
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Placed> + '_ {
        (0..self.len()).map(|at| Placed {
            tenant: unpack(self.packed_name(at)),
            cell: usize::from(self.places[at] & !HELD),
            generation: Generation(self.generations[at]),
            held: self.places[at] & HELD != 0,
        })
    }

    /// Bytes on the heap.
    pub(crate) fn size(&self) -> usize {
        size_of_val(&*self.starts)
            + size_of_val(&*self.tags)
            + size_of_val(&*self.name_ends)
            + size_of_val(&*self.names)
            + size_of_val(&*self.places)
            + size_of_val(&*self.generations)
    }

    fn packed_name(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.name_ends[before]);
        &self.names[as_range(&(start..self.name_ends[at]))]
    }
}

pub(crate) fn as_range(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// The slot is the top 16 bits of the name's hash.
fn slot_of(hash: u64) -> usize {
    usize::from((hash >> 48) as u16)
}

fn tag_of(hash: u64) -> u32 {
    low_bits(hash >> 16)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the upper bits are cut off on purpose, or are zero since the draft bounds all names"
)]
const fn low_bits(number: u64) -> u32 {
    number as u32
}

//! Whether an append may happen: fence, heard, reply, version, in this order.

use std::collections::HashMap;

use base_fault::Fault;
use base_ids::{StreamName, Version};
use cell_runtime::port::Appended;
use fjall::{Keyspace, Slice};

use super::group::Open;
use crate::{
    codec::{self, Unreadable},
    key,
    op::PreparedAppend,
    state::unreadable,
};

/// Versions of streams, by what the keys of their events start with: what the group has changed, and what was lately read.
///
/// Two generations: when the young one is full it becomes the old one and the old one is forgotten, so a group never loses its own
/// entries.
#[derive(Default)]
pub(super) struct Heads {
    young: HashMap<Slice, Version>,
    old: HashMap<Slice, Version>,
}

/// Streams in one generation; about 2 MB.
const GENERATION_MAX: usize = 8_192;

impl Heads {
    fn get(&self, place: &Slice) -> Option<Version> {
        self.young.get(place).or_else(|| self.old.get(place)).copied()
    }

    pub(super) fn set(&mut self, place: Slice, version: Version) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(place, version);
    }
}

impl Open<'_> {
    /// `None` if the append may happen, else how it ends.
    pub(super) fn judge(&mut self, append: &PreparedAppend) -> Result<Option<Appended>, Fault> {
        if !self.writer.fences.lets_in(&append.tenant, append.generation) {
            return Ok(Some(Appended::Fenced));
        }
        for (named, _) in &append.heard {
            if let Some(note) = self.get(&named.place)?
                && let Some(note) = codec::read_heard(&named.name, &note).map_err(unreadable)?
            {
                let tenant = append.tenant.clone();
                let stream = StreamName::new(tenant, &append.stream.service, &note.key);
                let stream = stream.map_err(unreadable)?;
                return Ok(Some(Appended::AlreadyHeard { stream, version: note.version }));
            }
        }
        if let Some((named, _)) = &append.reply
            && let Some(reply) = self.get(&named.place)?
            && let Some(reply) = codec::read_reply(&named.name, &reply).map_err(unreadable)?
        {
            return Ok(Some(Appended::AlreadyReplied(reply)));
        }
        let head = self.version(append)?;
        Ok((head != append.expected).then_some(Appended::Conflict { head }))
    }

    /// The stream's version. There is no record of it: it is the expected one if that event is there and the next one is not, which
    /// two point reads tell, the second mostly from a filter in memory. A record would be one more key in every append.
    fn version(&mut self, append: &PreparedAppend) -> Result<Version, Fault> {
        if let Some(version) = self.writer.heads.get(&append.place) {
            return Ok(version);
        }
        let tree = &self.writer.shared.tree;
        let holds = |version| tree.contains_key(key::event(&append.place, version));
        let is_there =
            append.expected == Version(0) || holds(append.expected).map_err(unreadable)?;
        let version = if is_there && !holds(append.expected.next()).map_err(unreadable)? {
            append.expected
        } else {
            newest(tree, &append.place)?
        };
        self.writer.heads.set(append.place.clone(), version);
        Ok(version)
    }
}

/// The version of a stream's newest event.
fn newest(tree: &Keyspace, events: &[u8]) -> Result<Version, Fault> {
    let Some(found) = tree.prefix(events).next_back() else {
        return Ok(Version(0));
    };
    let place = found.key().map_err(unreadable)?;
    key::version_of_event(&place).ok_or_else(|| unreadable(Unreadable("an event's key")))
}

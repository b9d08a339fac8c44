//! Whether an append may happen: fence, heard, reply, version, in this order.

use std::collections::HashMap;

use base_fault::Fault;
use base_ids::{StreamName, Version};
use cell_runtime::port::Appended;
use fjall::Slice;

use super::group::Open;
use crate::{codec, op::PreparedAppend, state::unreadable};

/// Versions of streams, by the key of their head: what the group has changed, and what was lately read.
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
    fn get(&self, head: &Slice) -> Option<Version> {
        self.young.get(head).or_else(|| self.old.get(head)).copied()
    }

    pub(super) fn set(&mut self, head: Slice, version: Version) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(head, version);
    }
}

impl Open<'_> {
    /// `None` if the append may happen, else how it ends.
    pub(super) fn judge(&mut self, append: &PreparedAppend) -> Result<Option<Appended>, Fault> {
        if !self.writer.fences.lets_in(&append.tenant, append.generation) {
            return Ok(Some(Appended::Fenced));
        }
        if let Some(place) = &append.heard
            && let Some(note) = self.get(place)?
        {
            return Ok(Some(already_heard(append, &note)?));
        }
        if let Some(place) = &append.reply
            && let Some(reply) = self.get(place)?
        {
            let reply = codec::read_reply(&reply).map_err(unreadable)?;
            return Ok(Some(Appended::AlreadyReplied(reply)));
        }
        let head = self.version(&append.head)?;
        Ok((head != append.expected).then_some(Appended::Conflict { head }))
    }

    fn version(&mut self, head: &Slice) -> Result<Version, Fault> {
        if let Some(version) = self.writer.heads.get(head) {
            return Ok(version);
        }
        let stored = self.writer.shared.tree.get(head).map_err(unreadable)?;
        let version = match stored {
            Some(value) => Version(codec::read_number(&value).map_err(unreadable)?),
            None => Version(0),
        };
        self.writer.heads.set(head.clone(), version);
        Ok(version)
    }
}

fn already_heard(append: &PreparedAppend, note: &[u8]) -> Result<Appended, Fault> {
    let note = codec::read_heard(note).map_err(unreadable)?;
    let stream = &append.stream;
    let stream = StreamName::new(stream.tenant.clone(), &stream.service, &note.key);
    Ok(Appended::AlreadyHeard { stream: stream.map_err(unreadable)?, version: note.version })
}

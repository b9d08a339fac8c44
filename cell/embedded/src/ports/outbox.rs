//! Messages on their way, timers, dead letters.

use std::ops::Bound;

use base_fault::Fault;
use base_ids::MessageId;
use base_time::Timestamp;
use cell_kernel::Answer;
use cell_runtime::port::{DeadLetter, OutboxEntry, OutboxKey, OutboxStore};

use super::{IN_PLACE_MAX, is_empty, range};
use crate::{
    Embedded,
    codec::{self, Unreadable},
    key::{self, Kind},
    op::{Op, PreparedLetter},
    state::unreadable,
    store::View,
};

impl OutboxStore for Embedded {
    fn due(
        &self,
        now: Timestamp,
        after: Option<OutboxKey>,
        limit: usize,
    ) -> Answer<'_, Vec<(OutboxKey, OutboxEntry)>> {
        if limit <= IN_PLACE_MAX {
            self.read(move |view| due(view, now, after, limit))
        } else {
            self.read_long(move |view| due(view, now, after, limit))
        }
    }

    fn next_due(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        self.read(move |view| {
            let (_, end) = range(vec![Kind::Outbox as u8], None);
            let mut later = view.range((Bound::Excluded(last_due(now)), end));
            let Some(found) = later.next() else {
                return Ok(None);
            };
            let (place, _) = found?;
            Ok(Some(outbox_key(&place)?.due()))
        })
    }

    fn settle(&self, keys: Vec<OutboxKey>) -> Answer<'_, ()> {
        self.write(move |reply| Op::Settle(keys.into_iter().map(key::outbox).collect(), reply))
    }

    fn park(&self, key: Option<OutboxKey>, letter: DeadLetter) -> Answer<'_, ()> {
        self.write(move |reply| Op::Park(Box::new(PreparedLetter::of(key, &letter)), reply))
    }

    fn dead(&self, limit: usize) -> Answer<'_, Vec<DeadLetter>> {
        self.read_long(move |view| {
            view.range(range(vec![Kind::Dead as u8], None))
                .take(limit)
                .map(|found| codec::read_letter(&found?.1).map_err(unreadable))
                .collect()
        })
    }

    fn replay(&self, id: MessageId) -> Answer<'_, bool> {
        self.write(move |reply| Op::Replay(id, reply))
    }

    fn drop_dead(&self, id: MessageId) -> Answer<'_, bool> {
        self.write(move |reply| Op::DropDead(id, reply))
    }
}

fn due(
    view: &View<'_>,
    now: Timestamp,
    after: Option<OutboxKey>,
    limit: usize,
) -> Result<Vec<(OutboxKey, OutboxEntry)>, Fault> {
    let after = after.map(|key| key::outbox(key).to_vec());
    let (start, _) = range(vec![Kind::Outbox as u8], after);
    let due = (start, Bound::Excluded(last_due(now)));
    if is_empty(&due) {
        return Ok(Vec::new());
    }
    view.range(due)
        .take(limit)
        .map(|found| {
            let (place, value) = found?;
            let entry = codec::read_entry(&value).map_err(unreadable)?;
            Ok((outbox_key(&place)?, entry))
        })
        .collect()
}

/// Behind all that is due.
fn last_due(now: Timestamp) -> Vec<u8> {
    let last =
        OutboxKey { due_ms: OutboxKey::due_ms_of(Some(now)), commit: u64::MAX, ordinal: u16::MAX };
    key::outbox(last).to_vec()
}

fn outbox_key(place: &[u8]) -> Result<OutboxKey, Fault> {
    key::outbox_key(place).ok_or_else(|| unreadable(Unreadable("an outbox key")))
}

//! A group while it is put together: its batch, what of it later writes of the same group must see, and the answers that wait.

use std::collections::HashMap;

use base_fault::Fault;
use base_ids::MessageId;
use cell_runtime::port::{Appended, Fence, OutboxEntry, OutboxKey, Scope};
use fjall::{OwnedWriteBatch, PersistMode, Slice};

use super::Writer;
use crate::{
    codec,
    fences::FenceMap,
    key,
    op::{Op, PreparedAppend, PreparedFollow, PreparedLetter, Put, Reply},
    ring::{self, Group},
    state::unreadable,
};

pub(super) struct Open<'a> {
    pub(super) writer: &'a mut Writer,
    batch: OwnedWriteBatch,
    bytes: u64,
    /// What checks of this group must find although it is not committed yet.
    seen: HashMap<Slice, Option<Slice>>,
    commit: u64,
    durable: bool,
    answers: Answers,
}

/// What a group writes.
pub(super) struct Batch {
    pub(super) writes: OwnedWriteBatch,
    /// The group's number, if it must be synced.
    pub(super) group: Option<Group>,
    /// About how much memory it takes until it is written out.
    pub(super) bytes: u64,
}

/// Memory of an entry beside its key and value.
const ENTRY_BYTES: usize = 72;

/// Answers that wait for the sync.
#[derive(Default)]
pub(super) struct Answers {
    waiting: Vec<Waiting>,
    pub(super) appends: u64,
    pub(super) events: u64,
    /// The fences after this group, if it changed them.
    pub(super) fences: Option<FenceMap>,
}

enum Waiting {
    Append(Reply<Appended>, Result<Appended, Fault>),
    Unit(Reply<()>, Result<(), Fault>),
    Flag(Reply<bool>, Result<bool, Fault>),
    Count(Reply<usize>, Result<usize, Fault>),
}

impl Answers {
    pub(super) fn send(self) {
        // Who no longer waits does not want to know.
        for waiting in self.waiting {
            match waiting {
                Waiting::Append(to, answer) => drop(to.send(answer)),
                Waiting::Unit(to, answer) => drop(to.send(answer)),
                Waiting::Flag(to, answer) => drop(to.send(answer)),
                Waiting::Count(to, answer) => drop(to.send(answer)),
            }
        }
    }

    pub(super) fn fail(self, fault: &Fault) {
        for waiting in self.waiting {
            match waiting {
                Waiting::Append(to, _) => drop(to.send(Err(fault.clone()))),
                Waiting::Unit(to, _) => drop(to.send(Err(fault.clone()))),
                Waiting::Flag(to, _) => drop(to.send(Err(fault.clone()))),
                Waiting::Count(to, _) => drop(to.send(Err(fault.clone()))),
            }
        }
    }
}

impl<'a> Open<'a> {
    pub(super) fn new(writer: &'a mut Writer) -> Self {
        let database = writer.shared.database.clone();
        Self {
            commit: writer.last.commit,
            batch: OwnedWriteBatch::with_capacity(database, 6 * writer.group_max.min(64)),
            bytes: 0,
            writer,
            seen: HashMap::new(),
            durable: false,
            answers: Answers::default(),
        }
    }

    pub(super) fn take(&mut self, op: Op) {
        let waiting = match op {
            Op::Append(append, to) => Waiting::Append(to, self.append(*append)),
            Op::Settle(keys, to) => {
                self.settle(keys);
                Waiting::Unit(to, Ok(()))
            }
            Op::Park(letter, to) => Waiting::Unit(to, self.park(*letter)),
            Op::Replay(id, to) => Waiting::Flag(to, self.replay(id)),
            Op::DropDead(id, to) => Waiting::Flag(to, self.drop_dead(id)),
            Op::Follow(follow, to) => Waiting::Flag(to, self.follow(follow)),
            Op::SetFences(fences, to) => Waiting::Count(to, Ok(self.set_fences(&fences))),
            Op::Forget(keys, to) => Waiting::Count(to, Ok(self.forget(keys))),
            Op::Close(_) => return,
        };
        self.answers.waiting.push(waiting);
    }

    /// What to write, if there is anything, and who waits for it.
    pub(super) fn close(mut self) -> (Option<Batch>, Answers) {
        let mode = if self.durable { PersistMode::SyncData } else { PersistMode::Buffer };
        let group = self.durable.then(|| {
            let group = Group { number: self.writer.last.number + 1, commit: self.commit };
            let place = key::ring(ring::place(group.number));
            self.put((place, Some(codec::group(group.number, group.commit))));
            group
        });
        let bytes = self.bytes;
        let writes = self.batch.durability(Some(mode));
        let batch = (!writes.is_empty()).then_some(Batch { writes, group, bytes });
        (batch, self.answers)
    }

    /// Reads what the store holds after the writes of this group so far.
    pub(super) fn get(&self, place: &Slice) -> Result<Option<Slice>, Fault> {
        match self.seen.get(place) {
            Some(value) => Ok(value.clone()),
            None => self.writer.shared.tree.get(place).map_err(unreadable),
        }
    }

    fn put(&mut self, (place, value): Put) {
        let tree = &self.writer.shared.tree;
        let value_len = value.as_ref().map_or(0, |value| value.len());
        self.bytes += (place.len() + value_len + ENTRY_BYTES) as u64;
        match value {
            Some(value) => self.batch.insert(tree, place, value),
            None => self.batch.remove(tree, place),
        }
    }

    /// Writes what a later check of the same group may look for.
    fn put_seen(&mut self, place: Slice, value: Option<Slice>) {
        self.seen.insert(place.clone(), value.clone());
        self.put((place, value));
    }

    fn next_commit(&mut self) -> u64 {
        self.durable = true;
        self.commit += 1;
        self.commit
    }

    fn append(&mut self, append: PreparedAppend) -> Result<Appended, Fault> {
        if let Some(refused) = self.judge(&append)? {
            return Ok(refused);
        }
        let commit = self.next_commit();
        for put in append.puts {
            self.put(put);
        }
        for (named, value) in append.heard.into_iter().chain(append.reply) {
            self.put_seen(named.place, Some(value));
        }
        for (ordinal, (due, value)) in (0..).zip(append.outbox) {
            let place = key::outbox(OutboxKey::posted(due, commit, ordinal));
            self.put((place, Some(value)));
        }
        for value in append.public {
            self.writer.public_head += 1;
            let place = key::public(self.writer.public_head);
            self.put((place, Some(value)));
        }
        let events = append.version.0 - append.expected.0;
        if events > 0 {
            self.writer.heads.set(append.place, append.version);
        }
        self.answers.appends += 1;
        self.answers.events += events;
        Ok(Appended::Done { commit })
    }

    fn settle(&mut self, keys: Vec<Slice>) {
        for place in keys {
            self.put((place, None));
        }
    }

    fn forget(&mut self, keys: Vec<Slice>) -> usize {
        let count = keys.len();
        self.settle(keys);
        count
    }

    fn park(&mut self, letter: PreparedLetter) -> Result<(), Fault> {
        let known = self.get(&letter.place)?.is_some();
        self.next_commit();
        if let Some(place) = letter.outbox {
            self.put((place, None));
        }
        if !known {
            self.put_seen(letter.place, Some(letter.key.clone()));
            self.put_seen(letter.key, Some(letter.value));
        }
        Ok(())
    }

    fn replay(&mut self, id: MessageId) -> Result<bool, Fault> {
        let Some(letter) = self.take_dead(id)? else {
            return Ok(false);
        };
        let letter = codec::read_letter(&letter).map_err(unreadable)?;
        let entry = OutboxEntry { errand: letter.errand, due: None, tries: 0 };
        let place = key::outbox(OutboxKey::posted(None, self.commit, 0));
        self.put((place, Some(codec::entry(&entry))));
        Ok(true)
    }

    fn drop_dead(&mut self, id: MessageId) -> Result<bool, Fault> {
        Ok(self.take_dead(id)?.is_some())
    }

    fn take_dead(&mut self, id: MessageId) -> Result<Option<Slice>, Fault> {
        let place = key::dead_place(id);
        let Some(at) = self.get(&place)? else {
            return Ok(None);
        };
        let letter = self.get(&at)?;
        self.next_commit();
        self.put_seen(place, None);
        self.put_seen(at, None);
        Ok(letter)
    }

    fn follow(&mut self, follow: PreparedFollow) -> Result<bool, Fault> {
        let now = match self.get(&follow.cursor)? {
            Some(value) => codec::read_number(&value).map_err(unreadable)?,
            None => 0,
        };
        if now != follow.from {
            return Ok(false);
        }
        self.next_commit();
        for row in follow.rows {
            self.put(row);
        }
        self.put_seen(follow.cursor, Some(codec::number(follow.to)));
        Ok(true)
    }

    fn set_fences(&mut self, fences: &[(Scope, Fence)]) -> usize {
        let mut count = 0;
        for (scope, fence) in fences {
            if self.writer.fences.set(scope, *fence) {
                self.put((key::fence(scope), Some(codec::fence(*fence))));
                count += 1;
            }
        }
        if count > 0 {
            self.next_commit();
            self.answers.fences = Some(self.writer.fences.clone());
        }
        count
    }
}

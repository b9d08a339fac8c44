//! What this pod has to tell, in memory: the order of it, and which partitions hold it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::Arc,
};

use base_time::Timestamp;
use cell_runtime::port::{OutboxEntry, OutboxKey};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::commits::Commit;

/// Dirty streams of a minute, in the list of buckets.
pub(crate) const DIRTY: i8 = 0;
/// Messages that are due at once, by the minute of their commit.
const AT_ONCE: i8 = 1;
/// Timers, by the hour that they are due in.
const TIMERS: i8 = 2;
const HOUR_MS: u64 = 3_600_000;

/// A partition of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BucketId {
    pub(crate) pod: i32,
    pub(crate) kind: i8,
    pub(crate) number: i64,
}

impl BucketId {
    /// Where an entry lies.
    pub(crate) fn of(key: OutboxKey) -> Self {
        let commit = Commit(key.commit);
        if key.due_ms == 0 {
            Self { pod: commit.pod(), kind: AT_ONCE, number: commit.minute() }
        } else {
            let number = i64::try_from(key.due_ms / HOUR_MS).unwrap_or(i64::MAX);
            Self { pod: commit.pod(), kind: TIMERS, number }
        }
    }

    /// Whether everything in it waits for a time.
    pub(crate) fn holds_timers(self) -> bool {
        self.kind == TIMERS
    }

    /// Whether its first entry may be due by then, in Unix milliseconds.
    fn begins_by(self, now_ms: u64) -> bool {
        u64::try_from(self.number).unwrap_or(0).saturating_mul(HOUR_MS) <= now_ms
    }
}

/// A bucket that this pod looks after.
#[derive(Clone, Debug, Default)]
struct Bucket {
    /// Entries that are held, or may still come.
    open: usize,
    /// The highest commit of any entry: the clock of the deletion.
    newest: i64,
    /// Whether it is noted that it is there.
    listed: bool,
    /// Whether its entries have yet to be read.
    unread: bool,
    /// Whether entries of it were found in the store, as those of a pod that is taken over from are: more than one look may find them.
    found: bool,
    /// Entries that were found and are settled: a look that began before does not bring them back.
    over: HashSet<OutboxKey>,
}

#[derive(Default)]
struct Inner {
    entries: BTreeMap<OutboxKey, Option<Arc<OutboxEntry>>>,
    bodies: usize,
    buckets: BTreeMap<BucketId, Bucket>,
    settled: HashMap<BucketId, Vec<OutboxKey>>,
}

/// The index of the outbox.
pub(crate) struct Post {
    inner: Mutex<Inner>,
    held_max: usize,
    arrivals: watch::Sender<u64>,
}

impl Post {
    pub(crate) fn new(held_max: usize) -> Self {
        Self { inner: Mutex::default(), held_max, arrivals: watch::Sender::new(0) }
    }

    /// Changes when entries come that were not posted by an append of this process.
    pub(crate) fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    pub(crate) fn say_arrived(&self) {
        self.arrivals.send_modify(|count| *count += 1);
    }

    /// Entries that may come: their buckets stay.
    pub(crate) fn reserve(&self, keys: &[OutboxKey]) {
        let mut inner = self.inner.lock();
        for key in keys {
            let bucket = inner.buckets.entry(BucketId::of(*key)).or_default();
            bucket.open += 1;
            bucket.newest = bucket.newest.max(Commit(key.commit).as_clock());
        }
    }

    /// Entries that do not come after all.
    pub(crate) fn release(&self, keys: &[OutboxKey]) {
        let mut inner = self.inner.lock();
        for key in keys {
            inner.close(BucketId::of(*key));
        }
    }

    /// Entries that were reserved and have come. Timers are read again when they are due: another pod may call them off.
    pub(crate) fn hold(&self, entries: Vec<(OutboxKey, OutboxEntry)>) {
        let mut inner = self.inner.lock();
        for (key, entry) in entries {
            let held = key.due_ms == 0 && inner.bodies < self.held_max;
            inner.bodies += usize::from(held);
            let old = inner.entries.insert(key, held.then(|| Arc::new(entry)));
            if let Some(old) = old {
                // Reserved twice: by whoever posted it, and by whoever found it.
                inner.bodies -= usize::from(old.is_some());
                inner.close(BucketId::of(key));
            }
        }
    }

    /// Entries that were reserved and found in the store. Those that were settled meanwhile are not held again.
    pub(crate) fn hold_found(&self, entries: Vec<(OutboxKey, OutboxEntry)>) {
        let mut inner = self.inner.lock();
        let mut new = Vec::with_capacity(entries.len());
        for (key, entry) in entries {
            let bucket = inner.buckets.entry(BucketId::of(key)).or_default();
            bucket.found = true;
            if bucket.over.contains(&key) {
                bucket.open = bucket.open.saturating_sub(1);
            } else {
                new.push((key, entry));
            }
        }
        drop(inner);
        self.hold(new);
    }

    /// Buckets of a pod that is taken over. Those of timers are read when their hour comes.
    pub(crate) fn take_over(&self, buckets: &[BucketId]) {
        let mut inner = self.inner.lock();
        for bucket in buckets {
            let bucket = inner.buckets.entry(*bucket).or_default();
            (bucket.listed, bucket.unread) = (true, true);
        }
    }

    /// Buckets whose entries have yet to be read: all that are due at once, and timers that may be due by then.
    pub(crate) fn unread(&self, now: Timestamp) -> Vec<BucketId> {
        let now = OutboxKey::due_ms_of(Some(now));
        let inner = self.inner.lock();
        let due = |id: BucketId| !id.holds_timers() || id.begins_by(now);
        let unread = inner.buckets.iter().filter(|(id, bucket)| bucket.unread && due(**id));
        unread.map(|(id, _)| *id).collect()
    }

    /// The first bucket of timers that has yet to be read, if it may hold one that is due before `before`.
    pub(crate) fn unread_before(&self, before: Option<Timestamp>) -> Option<BucketId> {
        let inner = self.inner.lock();
        let unread = inner.buckets.iter().filter(|(id, bucket)| bucket.unread && id.holds_timers());
        let first = unread.map(|(id, _)| *id).min_by_key(|id| id.number)?;
        let before = before.map_or(u64::MAX, |before| OutboxKey::due_ms_of(Some(before)));
        first.begins_by(before).then_some(first)
    }

    /// The entries of a bucket that was read.
    pub(crate) fn read(&self, bucket: BucketId, entries: Vec<(OutboxKey, OutboxEntry)>) {
        let keys: Vec<_> = entries.iter().map(|(key, _)| *key).collect();
        self.reserve(&keys);
        self.hold_found(entries);
        if let Some(bucket) = self.inner.lock().buckets.get_mut(&bucket) {
            bucket.unread = false;
        }
    }

    /// Up to `limit` entries that are due; a body that is not held has to be read.
    pub(crate) fn due(
        &self,
        now: Timestamp,
        after: Option<OutboxKey>,
        limit: usize,
    ) -> Vec<(OutboxKey, Option<Arc<OutboxEntry>>)> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let now = OutboxKey::due_ms_of(Some(now));
        let inner = self.inner.lock();
        let due = inner.entries.range((start, Bound::Unbounded));
        let due = due.take_while(|(key, _)| key.due_ms <= now).take(limit);
        due.map(|(key, entry)| (*key, entry.clone())).collect()
    }

    /// The first time behind `now` at which something that was read is due.
    pub(crate) fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let due_ms = OutboxKey::due_ms_of(Some(now));
        let last = OutboxKey { due_ms, commit: u64::MAX, ordinal: u16::MAX };
        let inner = self.inner.lock();
        let (key, _) = inner.entries.range((Bound::Excluded(last), Bound::Unbounded)).next()?;
        Some(key.due())
    }

    /// Entries that are over; their rows are to be deleted.
    pub(crate) fn settle(&self, keys: &[OutboxKey]) {
        let mut inner = self.inner.lock();
        for key in keys {
            let bucket = BucketId::of(*key);
            inner.forget(*key);
            if let Some(found) = inner.buckets.get_mut(&bucket).filter(|bucket| bucket.found) {
                found.over.insert(*key);
            }
            inner.settled.entry(bucket).or_default().push(*key);
        }
    }

    /// An entry whose row is gone: somebody else settled it.
    pub(crate) fn is_gone(&self, key: OutboxKey) {
        self.inner.lock().forget(key);
    }

    pub(crate) fn take_settled(&self) -> HashMap<BucketId, Vec<OutboxKey>> {
        std::mem::take(&mut self.inner.lock().settled)
    }

    pub(crate) fn settled_again(&self, settled: HashMap<BucketId, Vec<OutboxKey>>) {
        let mut inner = self.inner.lock();
        for (bucket, keys) in settled {
            inner.settled.entry(bucket).or_default().extend(keys);
        }
    }

    pub(crate) fn is_listed(&self, bucket: BucketId) -> bool {
        self.inner.lock().buckets.get(&bucket).is_some_and(|bucket| bucket.listed)
    }

    pub(crate) fn listed(&self, bucket: BucketId) {
        if let Some(bucket) = self.inner.lock().buckets.get_mut(&bucket) {
            bucket.listed = true;
        }
    }

    /// Forgets buckets in which nothing is left and nothing comes: those before this commit's minute, and those of timers that are
    /// over. Each with the clock of its deletion.
    pub(crate) fn take_done(&self, now: Commit, at: Timestamp) -> Vec<(BucketId, i64)> {
        let hour = i64::try_from(OutboxKey::due_ms_of(Some(at)) / HOUR_MS).unwrap_or(0);
        let mut inner = self.inner.lock();
        let over = |id: &BucketId| {
            let current = if id.holds_timers() { hour } else { now.minute() };
            id.pod != now.pod() || id.number < current
        };
        let done =
            |(id, bucket): &(&BucketId, &Bucket)| bucket.open == 0 && !bucket.unread && over(id);
        let done: Vec<_> =
            inner.buckets.iter().filter(done).map(|(id, bucket)| (*id, bucket.newest)).collect();
        for (id, _) in &done {
            inner.buckets.remove(id);
            inner.settled.remove(id);
        }
        done
    }

    /// The pods of which anything is left.
    pub(crate) fn pods(&self) -> HashSet<i32> {
        self.inner.lock().buckets.keys().map(|id| id.pod).collect()
    }
}

impl Inner {
    fn forget(&mut self, key: OutboxKey) {
        if let Some(body) = self.entries.remove(&key) {
            self.bodies -= usize::from(body.is_some());
            self.close(BucketId::of(key));
        }
    }

    fn close(&mut self, bucket: BucketId) {
        if let Some(bucket) = self.buckets.get_mut(&bucket) {
            bucket.open = bucket.open.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use base_ids::{MessageId, StreamName, Version};
    use base_time::Timestamp;
    use cell_runtime::port::{Errand, Message, OutboxEntry, OutboxKey};

    use super::{BucketId, Post};
    use crate::commits::Commit;

    const NOON: Timestamp = Timestamp::from_millis(1_795_262_400_000);

    fn entry() -> OutboxEntry {
        let from: StreamName = "users/a/carts/main".parse().unwrap();
        let message = Message {
            id: MessageId::derived(&from, Version(1), 0),
            from,
            version: Version(1),
            kind: "souk.carts.v1.LineAdded".to_owned(),
            body: Vec::new(),
            at: NOON,
            trace: None,
        };
        let to = "vendors/atlas".parse().unwrap();
        let errand = Errand::Deliver { to, service: "inventory".to_owned(), message };
        OutboxEntry { errand, due: None, tries: 0 }
    }

    #[test]
    fn what_was_found_and_settled_is_not_brought_back_by_another_look() {
        let post = Post::new(10);
        let key = OutboxKey::posted(None, 7 << 12, 0);
        let bucket = BucketId::of(key);
        post.reserve(&[key]);
        post.hold_found(vec![(key, entry())]);
        assert_eq!(post.due(NOON, None, 9).len(), 1);
        post.settle(&[key]);
        // Whoever read the bucket before the entry was taken out of it.
        post.take_over(&[bucket]);
        post.read(bucket, vec![(key, entry())]);
        assert_eq!(post.due(NOON, None, 9).len(), 0);
        let done = post.take_done(Commit(u64::MAX), NOON);
        assert_eq!(done.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [bucket], "nothing is left");
    }
}

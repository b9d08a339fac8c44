//! Appends of which this pod does not know whether they happened, or whose bringings it could not make true: looked after until they are
//! settled, before anybody reads what they may have changed.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use base_fault::Fault;
use base_ids::{StreamName, Tenant, Version};
use cell_runtime::port::{Fence, OutboxKey};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::{
    append::name_of_stream, codec, commits::Commit, marks::Mark, spread::Place, store::Store,
};

/// After this long nothing that was sent can still arrive.
const SETTLES_AFTER: Duration = Duration::from_secs(15);

/// A part of a stream whose newest append may not have been finished.
pub(crate) struct Doubt {
    part: u64,
    /// The append of this pod that it is about.
    own: Option<Own>,
    /// Entries that may still come.
    keys: Vec<OutboxKey>,
    since: Instant,
    /// The stream stays marked.
    _mark: Mark,
}

struct Own {
    id: Uuid,
    last_event: Option<Version>,
    commit: Commit,
}

impl Doubt {
    pub(crate) fn of_append(
        id: Uuid,
        part: u64,
        last_event: Option<Version>,
        commit: Commit,
        keys: Vec<OutboxKey>,
        mark: Mark,
    ) -> Self {
        let own = Some(Own { id, last_event, commit });
        Self { part, own, keys, since: Instant::now(), _mark: mark }
    }

    pub(crate) fn of_found(part: u64, keys: Vec<OutboxKey>, mark: Mark) -> Self {
        Self { part, own: None, keys, since: Instant::now(), _mark: mark }
    }
}

/// What is in doubt.
#[derive(Default)]
pub(crate) struct Doubts(Mutex<HashMap<StreamName, Vec<Doubt>>>);

impl Doubts {
    pub(crate) fn add(&self, stream: StreamName, doubt: Doubt) {
        self.0.lock().entry(stream).or_default().push(doubt);
    }

    /// Streams in doubt: all, or a tenant's.
    fn of(&self, tenant: Option<&Tenant>) -> Vec<StreamName> {
        let all = self.0.lock();
        let of = |stream: &&StreamName| tenant.is_none_or(|tenant| stream.tenant == *tenant);
        all.keys().filter(of).cloned().collect()
    }

    /// Takes those of a stream to settle them. The stream stays in doubt meanwhile, so that whoever reads waits for its turn.
    fn settle(&self, stream: &StreamName) -> Settling<'_> {
        let left = self.0.lock().get_mut(stream).map(std::mem::take).unwrap_or_default();
        Settling { doubts: self, stream: stream.clone(), left, kept: Vec::new() }
    }

    pub(crate) fn are_none(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Whether any part of a stream is in doubt.
    pub(crate) fn hold(&self, stream: &StreamName) -> bool {
        self.0.lock().contains_key(stream)
    }
}

/// Doubts of a stream on their way to be settled. Those that are not come back when this is dropped, in whatever way.
struct Settling<'d> {
    doubts: &'d Doubts,
    stream: StreamName,
    left: Vec<Doubt>,
    kept: Vec<Doubt>,
}

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        let mut all = self.doubts.0.lock();
        let of_stream = all.entry(self.stream.clone()).or_default();
        of_stream.extend(self.left.drain(..).chain(self.kept.drain(..)));
        if of_stream.is_empty() {
            all.remove(&self.stream);
        }
    }
}

impl Store {
    /// Settles what is in doubt of a tenant, so that it reads what it may have written.
    pub(crate) async fn resolve_doubts_of(&self, tenant: &Tenant) -> Result<(), Fault> {
        if self.doubts.are_none() {
            return Ok(());
        }
        for stream in self.doubts.of(Some(tenant)) {
            self.resolve(&stream).await?;
        }
        Ok(())
    }

    /// Settles whatever can be settled.
    pub(crate) async fn resolve_doubts(&self) -> Result<(), Fault> {
        for stream in self.doubts.of(None) {
            self.resolve(&stream).await?;
        }
        Ok(())
    }

    async fn resolve(&self, stream: &StreamName) -> Result<(), Fault> {
        let _turn = self.locks.hold(vec![name_of_stream(stream)]).await;
        let mut settling = self.doubts.settle(stream);
        while let Some(doubt) = settling.left.last() {
            let is_settled = self.resolve_one(stream, doubt).await?;
            let doubt = settling.left.pop();
            settling.kept.extend(doubt.filter(|_| !is_settled));
        }
        Ok(())
    }

    /// Whether it is settled.
    async fn resolve_one(&self, stream: &StreamName, doubt: &Doubt) -> Result<bool, Fault> {
        let found = self.statics_for_certain(stream, doubt.part).await?;
        let is_own = |own: &Own| found.as_ref().is_some_and(|found| found.append == own.id);
        if let Some(found) = found.as_ref().filter(|_| doubt.own.as_ref().is_none_or(is_own)) {
            match self.fence_of(&stream.tenant).await? {
                Some(Fence::Open(owner)) if owner >= found.generation => {}
                // Where the tenant went it is decided; should it come back, this goes on.
                _ => return Ok(false),
            }
            self.spread_found(stream, found).await?;
            self.let_go(doubt);
            return Ok(true);
        }
        let Some(own) = &doubt.own else {
            self.let_go(doubt);
            return Ok(true);
        };
        // Somebody else has appended since, and has finished before whatever was there; or nothing was.
        let happened = match own.last_event {
            Some(version) => self.appended_by(stream, doubt.part, version).await? == Some(own.id),
            None => false,
        };
        if happened || own.last_event.is_none() {
            self.hold_stored(&doubt.keys).await?;
        }
        if happened || doubt.since.elapsed() > SETTLES_AFTER {
            self.let_go(doubt);
            return Ok(true);
        }
        Ok(false)
    }

    /// Nothing of it comes any more that is not held.
    fn let_go(&self, doubt: &Doubt) {
        self.post.release(&doubt.keys);
        if let Some(own) = &doubt.own {
            self.commits.end(own.commit);
        }
    }

    /// Holds those of the entries that lie in the outbox.
    pub(crate) async fn hold_stored(&self, keys: &[OutboxKey]) -> Result<(), Fault> {
        let mut stored = Vec::new();
        for key in keys {
            stored.extend(self.read_entry(*key).await?.map(|entry| (*key, entry)));
        }
        if !stored.is_empty() {
            self.post.reserve(&stored.iter().map(|(key, _)| *key).collect::<Vec<_>>());
            self.post.hold_found(stored);
            self.post.say_arrived();
        }
        Ok(())
    }

    pub(crate) async fn read_entry(
        &self,
        key: OutboxKey,
    ) -> Result<Option<cell_runtime::port::OutboxEntry>, Fault> {
        let Place { bucket, due, commit, ordinal } = Place::of(key);
        let values = (bucket.pod, bucket.kind, bucket.number, due, commit, ordinal);
        let found: Option<(Vec<u8>,)> =
            self.cql.find("read a message of the outbox", &self.cql.say.entry, values).await?;
        found.map(|(entry,)| Ok(codec::read_entry(&entry)?)).transpose()
    }
}

//! Makes true elsewhere what an append brings with it, by writes that may be repeated in any order and by anybody.
//!
//! Invariant spread-1: whatever an append brings with it is made true before it is answered, or by whoever takes over.
//!
//! Each write carries a clock that follows from the append and not from any machine: rows the stream's counter, outbox entries their
//! commit. So an older append that is spread late changes nothing that a newer one has written.

use std::collections::BTreeMap;

use base_fault::Fault;
use cell_runtime::port::{OutboxEntry, OutboxKey};
use futures_util::{FutureExt as _, future::BoxFuture, future::try_join_all};

use crate::{
    codec,
    cql::{Together, values},
    mishaps::Step,
    pending::{Brought, PendingRow, heard_ttl},
    post::BucketId,
    store::Store,
};

type Write<'a> = BoxFuture<'a, Result<(), Fault>>;

impl Store {
    /// Spreads all of it. Returns the entries for the outbox, which are not held yet.
    pub(crate) async fn spread(
        &self,
        brought: &Brought,
    ) -> Result<Vec<(OutboxKey, OutboxEntry)>, Fault> {
        if let Some(mishap) = self.cql.mishaps.meet(Step::Spread) {
            return Err(self.cql.unknown("finish an append").because(mishap.error()));
        }
        let posted = brought.pending.posted(brought.commit)?;
        let mut writes = self.rows_of(brought);
        writes.extend(self.notes_of(brought)?);
        writes.extend(self.entries_of(&posted));
        let settled = brought.pending.settled();
        if !settled.is_empty() {
            self.post.settle(&settled);
        }
        writes.push(self.flush_settled().boxed());
        writes.push(self.tell(brought).boxed());
        try_join_all(writes).await?;
        Ok(posted)
    }

    fn rows_of<'a>(&'a self, brought: &'a Brought) -> Vec<Write<'a>> {
        let tenant = brought.stream.tenant.as_str();
        let mut tables: BTreeMap<(&str, &str), Together<'_>> = BTreeMap::new();
        for PendingRow { service, name, key, version, row } in &brought.pending.rows {
            let table = tables.entry((service, name)).or_default();
            let (service, name) = (service.as_str(), name.as_str());
            let key = key.clone().into_bytes();
            let version = i64::try_from(*version).unwrap_or(i64::MAX);
            match row.clone() {
                Some(row) => table.add(
                    &self.cql.say.put_row,
                    values![tenant, service, name, key, version, row, brought.counter],
                ),
                None => table.add(
                    &self.cql.say.drop_row,
                    values![brought.counter, tenant, service, name, key],
                ),
            }
        }
        let write = |table| self.cql.write_together("write rows of a view", table).boxed();
        tables.into_values().map(write).collect()
    }

    /// The stream's place in the list, its snapshot, the answer, what was heard.
    fn notes_of<'a>(&'a self, brought: &'a Brought) -> Result<Vec<Write<'a>>, Fault> {
        let Brought { stream, counter, head, pending, .. } = brought;
        let (tenant, service, key) = (stream.tenant.as_str(), &*stream.service, &*stream.key);
        let mut writes: Vec<Write<'_>> = Vec::new();
        if pending.begins {
            let path = format!("{service}/{key}");
            let values = (tenant, path);
            writes.push(self.cql.write("list a stream", &self.cql.say.put_stream, values).boxed());
        }
        if let Some(state) = &pending.snapshot {
            let values = (tenant, service, key, head, state, counter);
            let say = &self.cql.say.put_snapshot;
            writes.push(self.cql.write("keep a snapshot", say, values).boxed());
        }
        if let Some(reply) = &pending.reply
            && let Some(kept) = &reply.reply
        {
            let kept = prost::Message::encode_to_vec(kept);
            let ttl = i32::try_from(reply.ttl_secs).unwrap_or(i32::MAX);
            let values = (tenant, &reply.caller, &reply.key, kept, ttl);
            writes.push(self.cql.write("keep an answer", &self.cql.say.put_reply, values).boxed());
        }
        for heard in &pending.heard {
            let version = i64::try_from(heard.version).unwrap_or(i64::MAX);
            let values = (tenant, service, heard.id()?.0, key, version, heard_ttl());
            let say = &self.cql.say.put_heard;
            writes.push(self.cql.write("note what was heard", say, values).boxed());
        }
        Ok(writes)
    }

    pub(crate) fn entries_of<'a>(&'a self, posted: &[(OutboxKey, OutboxEntry)]) -> Vec<Write<'a>> {
        let mut buckets: BTreeMap<BucketId, (i64, Together<'_>)> = BTreeMap::new();
        for (key, entry) in posted {
            let place = Place::of(*key);
            let (newest, together) = buckets.entry(place.bucket).or_default();
            *newest = (*newest).max(place.commit);
            let Place { bucket: BucketId { pod, kind, number }, due, commit, ordinal } = place;
            together.add(
                &self.cql.say.put_entry,
                values![pod, kind, number, due, commit, ordinal, codec::entry(entry), commit],
            );
        }
        let mut writes: Vec<Write<'a>> = Vec::new();
        for (bucket, (newest, together)) in buckets {
            writes.push(self.list_bucket(bucket, newest).boxed());
            writes.push(self.cql.write_together("post messages", together).boxed());
        }
        writes
    }

    /// Notes that a bucket is there, before what lies in it is promised.
    async fn list_bucket(&self, bucket: BucketId, commit: i64) -> Result<(), Fault> {
        if self.post.is_listed(bucket) {
            return Ok(());
        }
        let BucketId { pod, kind, number } = bucket;
        let values = (pod, kind, number, commit);
        self.cql.write("note a bucket", &self.cql.say.put_bucket, values).await?;
        self.post.listed(bucket);
        Ok(())
    }

    /// Takes settled entries out of their partitions.
    pub(crate) async fn flush_settled(&self) -> Result<(), Fault> {
        let settled = self.post.take_settled();
        let deletions = settled.iter().map(async |(bucket, keys)| {
            for step in keys.chunks(100) {
                let mut together = Together::default();
                for key in step {
                    let Place { due, commit, ordinal, .. } = Place::of(*key);
                    let BucketId { pod, kind, number } = *bucket;
                    let values = values![commit, pod, kind, number, due, commit, ordinal];
                    together.add(&self.cql.say.drop_entry, values);
                }
                self.cql.write_together("take messages out of the outbox", together).await?;
            }
            Ok::<_, Fault>(())
        });
        let flushed = try_join_all(deletions).await;
        if flushed.is_err() {
            // They are gone from memory; their rows go with their bucket or with the next try.
            self.post.settled_again(settled);
        }
        flushed.map(drop)
    }
}

/// Where an entry lies.
pub(crate) struct Place {
    pub(crate) bucket: BucketId,
    pub(crate) due: i64,
    pub(crate) commit: i64,
    pub(crate) ordinal: i32,
}

impl Place {
    pub(crate) fn of(key: OutboxKey) -> Self {
        Self {
            bucket: BucketId::of(key),
            due: i64::try_from(key.due_ms).unwrap_or(i64::MAX),
            commit: i64::try_from(key.commit).unwrap_or(i64::MAX),
            ordinal: i32::from(key.ordinal),
        }
    }

    /// The key of an entry that was read.
    pub(crate) fn key(due: i64, commit: i64, ordinal: i32) -> OutboxKey {
        OutboxKey {
            due_ms: u64::try_from(due).unwrap_or(0),
            commit: u64::try_from(commit).unwrap_or(0),
            ordinal: u16::try_from(ordinal).unwrap_or(u16::MAX),
        }
    }
}

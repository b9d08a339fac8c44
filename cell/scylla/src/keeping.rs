//! Taking over from pods that do not live: what they left half done is finished, and what they had to tell is told.

use std::collections::HashMap;

use base_fault::Fault;
use base_ids::StreamName;
use cell_runtime::port::Fence;
use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::{
    append::name_of_stream,
    codec,
    doubts::Doubt,
    pods::Seat,
    post::{BucketId, DIRTY},
    spread::Place,
    store::Store,
};

/// Streams that are finished at once while a pod is taken over.
const AT_ONCE: usize = 16;

/// A number that this pod looks after.
#[derive(Clone, Copy)]
struct Kept {
    incarnation: Uuid,
    /// Whether everything it left half done is finished, and what it has to tell is known.
    swept: bool,
}

/// The numbers that this pod looks after beside its own.
#[derive(Default)]
pub(crate) struct Keeping(Mutex<HashMap<i32, Kept>>);

impl Keeping {
    pub(crate) fn has(&self, number: i32) -> bool {
        self.0.lock().contains_key(&number)
    }

    fn set(&self, number: i32, kept: Kept) {
        self.0.lock().insert(number, kept);
    }

    fn of(&self, swept: bool) -> Vec<(i32, Uuid)> {
        let kept = self.0.lock();
        let of = kept.iter().filter(|(_, kept)| kept.swept == swept);
        of.map(|(number, kept)| (*number, kept.incarnation)).collect()
    }
}

impl Store {
    /// Becomes the keeper of a number, unless somebody else was faster.
    pub(crate) async fn adopt(&self, seat: Seat) -> Result<(), Fault> {
        let me = self.pods.me().incarnation;
        let values = (me, seat.number, seat.incarnation, seat.state.as_str(), seat.keeper);
        if self.cql.write_if("take over from a pod", &self.cql.say.adopt, values).await? {
            tracing::info!(number = seat.number, "takes over from a pod that does not live");
            self.keeping.set(seat.number, Kept { incarnation: seat.incarnation, swept: false });
        }
        Ok(())
    }

    /// Finishes what kept pods have left half done, and learns what they have to tell.
    pub(crate) async fn sweep_kept(&self) -> Result<(), Fault> {
        for (number, incarnation) in self.keeping.of(false) {
            self.sweep_pod(number).await?;
            self.keeping.set(number, Kept { incarnation, swept: true });
            self.post.say_arrived();
        }
        Ok(())
    }

    async fn sweep_pod(&self, pod: i32) -> Result<(), Fault> {
        let mut minutes = Vec::new();
        for bucket in self.buckets_of(pod).await?.into_iter().filter(|id| id.kind == DIRTY) {
            let values = (pod, bucket.number);
            let dirty: Vec<(String, String, String, i64)> =
                self.cql.read("read marks", &self.cql.say.dirty, values).await?;
            let finishing = stream::iter(dirty).map(|row| self.finish_marked(row));
            let mut finishing = finishing.buffer_unordered(AT_ONCE);
            while let Some(finished) = finishing.next().await {
                finished?;
            }
            minutes.push(bucket.number);
        }
        // Listed again: finishing has posted what no list had.
        let told: Vec<_> =
            self.buckets_of(pod).await?.into_iter().filter(|id| id.kind != DIRTY).collect();
        self.post.take_over(&told);
        self.read_buckets(&told.into_iter().filter(|id| !id.holds_timers()).collect::<Vec<_>>())
            .await?;
        let clock = self.commits.now().as_clock();
        for minute in minutes {
            self.clean_page((pod, minute), clock).await?;
        }
        Ok(())
    }

    async fn buckets_of(&self, pod: i32) -> Result<Vec<BucketId>, Fault> {
        let rows: Vec<(i8, i64)> =
            self.cql.read("read what a pod has", &self.cql.say.buckets, (pod,)).await?;
        Ok(rows.into_iter().map(|(kind, number)| BucketId { pod, kind, number }).collect())
    }

    async fn finish_marked(
        &self,
        (tenant, service, key, part): (String, String, String, i64),
    ) -> Result<(), Fault> {
        let name =
            tenant.parse().ok().and_then(|tenant| StreamName::new(tenant, &service, &key).ok());
        let Some(stream) = name else {
            return Err(codec::Unreadable(format!("stream {tenant}/{service}/{key}")).into());
        };
        let part = u64::try_from(part).unwrap_or(0);
        let _turn = self.locks.hold(vec![name_of_stream(&stream)]).await;
        let Some(found) = self.statics_for_certain(&stream, part).await? else { return Ok(()) };
        // Whoever takes over from this pod finds it too.
        let mark = self.mark(&stream, part).await?;
        match self.fence_of(&stream.tenant).await? {
            Some(Fence::Open(owner)) if owner >= found.generation => {
                if self.known.lock().get(&stream) == Some(found.counter) {
                    return Ok(());
                }
                self.spread_found(&stream, &found).await
            }
            _ => {
                // Its tenant is elsewhere, where it is decided; should it come back, this goes on.
                let keys: Vec<_> =
                    found.brought(&stream)?.pending.posted(found.commit)?.into_iter().collect();
                let keys: Vec<_> = keys.into_iter().map(|(key, _)| key).collect();
                self.post.reserve(&keys);
                self.doubts.add(stream, Doubt::of_found(part, keys, mark));
                Ok(())
            }
        }
    }

    /// Reads buckets whose entries are not known.
    pub(crate) async fn read_buckets(&self, buckets: &[BucketId]) -> Result<(), Fault> {
        for bucket in buckets {
            let values = (bucket.pod, bucket.kind, bucket.number);
            let rows: Vec<(i64, i64, i32, Vec<u8>)> =
                self.cql.read("read messages of the outbox", &self.cql.say.entries, values).await?;
            let mut entries = Vec::with_capacity(rows.len());
            for (due, commit, ordinal, entry) in rows {
                entries.push((Place::key(due, commit, ordinal), codec::read_entry(&entry)?));
            }
            self.post.read(*bucket, entries);
        }
        Ok(())
    }

    /// Frees the numbers of pods of which nothing is left.
    pub(crate) async fn free_kept(&self) -> Result<(), Fault> {
        let left = self.post.pods();
        let me = self.pods.me().incarnation;
        for (number, incarnation) in self.keeping.of(true) {
            if left.contains(&number) {
                continue;
            }
            let floor = self.commits.now().as_clock();
            let values = (floor, number, incarnation, me);
            self.cql.write_if("free a number", &self.cql.say.free, values).await?;
            self.keeping.0.lock().remove(&number);
        }
        Ok(())
    }
}

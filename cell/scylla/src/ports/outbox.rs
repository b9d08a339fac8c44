//! Messages on their way, timers, dead letters.

use base_fault::Fault;
use base_ids::MessageId;
use base_time::Timestamp;
use cell_kernel::Answer;
use cell_runtime::port::{DeadLetter, OutboxEntry, OutboxKey, OutboxStore};
use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;
use uuid::Uuid;

use super::{AT_ONCE, Ports, limit as as_limit};
use crate::{
    codec,
    cql::{Together, values},
    spread::Place,
    store::Store,
};

impl OutboxStore for Ports {
    fn due(
        &self,
        now: Timestamp,
        after: Option<OutboxKey>,
        limit: usize,
    ) -> Answer<'_, Vec<(OutboxKey, OutboxEntry)>> {
        Box::pin(self.0.due(now, after, limit))
    }

    fn next_due(&self, now: Timestamp) -> Answer<'_, Option<Timestamp>> {
        Box::pin(self.0.next_due(now))
    }

    fn settle(&self, keys: Vec<OutboxKey>) -> Answer<'_, ()> {
        // Durable with the next append, or the next turn of the pod.
        self.0.post.settle(&keys);
        Box::pin(std::future::ready(Ok(())))
    }

    fn park(&self, key: Option<OutboxKey>, letter: DeadLetter) -> Answer<'_, ()> {
        Box::pin(self.0.park(key, letter))
    }

    fn dead(&self, limit: usize) -> Answer<'_, Vec<DeadLetter>> {
        Box::pin(async move {
            let values = (as_limit(limit),);
            let say = &self.0.cql.say.dead_letters;
            let rows: Vec<(Vec<u8>,)> = self.0.cql.read("list dead letters", say, values).await?;
            rows.into_iter().map(|(letter,)| Ok(codec::read_letter(&letter)?)).collect()
        })
    }

    fn replay(&self, id: MessageId) -> Answer<'_, bool> {
        Box::pin(self.0.replay(id))
    }

    fn drop_dead(&self, id: MessageId) -> Answer<'_, bool> {
        Box::pin(async move {
            let Some(at) = self.0.dead_place(id).await? else { return Ok(false) };
            self.0.bury(id, at).await
        })
    }

    fn arrivals(&self) -> watch::Receiver<u64> {
        self.0.post.arrivals()
    }
}

impl Store {
    async fn due(
        &self,
        now: Timestamp,
        after: Option<OutboxKey>,
        limit: usize,
    ) -> Result<Vec<(OutboxKey, OutboxEntry)>, Fault> {
        self.read_buckets(&self.post.unread(now)).await?;
        let mut due = Vec::new();
        let mut after = after;
        while due.len() < limit {
            let wanted = limit - due.len();
            let page = self.post.due(now, after, wanted);
            let last = page.last().map(|(key, _)| *key);
            let reading = stream::iter(page).map(async |(key, body)| {
                let entry = match body {
                    Some(body) => Some((*body).clone()),
                    None => self.read_entry(key).await?,
                };
                Ok::<_, Fault>((key, entry))
            });
            let mut reading = reading.buffered(AT_ONCE);
            while let Some(read) = reading.next().await {
                match read? {
                    (key, Some(entry)) => due.push((key, entry)),
                    (key, None) => self.post.is_gone(key),
                }
            }
            if last.is_none() {
                break;
            }
            after = last;
        }
        Ok(due)
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
        self.read_buckets(&self.post.unread(now)).await?;
        loop {
            let next = self.post.next_due(now);
            match self.post.unread_before(next) {
                Some(bucket) => self.read_buckets(&[bucket]).await?,
                None => return Ok(next),
            }
        }
    }

    async fn park(&self, key: Option<OutboxKey>, letter: DeadLetter) -> Result<(), Fault> {
        let id = letter.errand.message().id.0;
        let at = letter.at.as_millis();
        let place = self.cql.write_if("park", &self.cql.say.take_dead_place, (id, at)).await?;
        // Its place is taken first: should this end here, parking it again goes on.
        let at = if place { Some(at) } else { self.dead_place(MessageId(id)).await? };
        if let Some(at) = at
            && (place || self.dead_letter(MessageId(id), at).await?.is_none())
        {
            let values = (at, id, codec::letter(&letter));
            self.cql.write("park a message", &self.cql.say.put_dead_letter, values).await?;
        }
        self.post.settle(key.as_slice());
        self.flush_settled().await
    }

    async fn dead_place(&self, id: MessageId) -> Result<Option<i64>, Fault> {
        let found: Option<(Option<i64>,)> =
            self.cql.find("look for a dead letter", &self.cql.say.dead_place, (id.0,)).await?;
        Ok(found.and_then(|(at,)| at))
    }

    async fn dead_letter(&self, id: MessageId, at: i64) -> Result<Option<Vec<u8>>, Fault> {
        let say = &self.cql.say.dead_letter;
        let found: Option<(Vec<u8>,)> =
            self.cql.find("read a dead letter", say, (at, id.0)).await?;
        Ok(found.map(|(letter,)| letter))
    }

    async fn replay(&self, id: MessageId) -> Result<bool, Fault> {
        let Some(at) = self.dead_place(id).await? else { return Ok(false) };
        let Some(letter) = self.dead_letter(id, at).await? else { return Ok(false) };
        let errand = codec::read_letter(&letter)?.errand;
        let commit = self.commits.begin();
        let entry = OutboxEntry { errand, due: None, tries: 0 };
        let key = OutboxKey::posted(None, commit.0, 0);
        self.post.reserve(&[key]);
        let replayed = self.replay_as(id, at, key, &entry).await;
        match replayed {
            Ok(true) => self.post.hold(vec![(key, entry)]),
            _ => self.post.release(&[key]),
        }
        self.commits.end(commit);
        replayed
    }

    /// Posted before the dead letter goes: a crash between the two tells it once more, and it is heard once.
    async fn replay_as(
        &self,
        id: MessageId,
        at: i64,
        key: OutboxKey,
        entry: &OutboxEntry,
    ) -> Result<bool, Fault> {
        for write in self.entries_of(&[(key, entry.clone())]) {
            write.await?;
        }
        let buried = self.bury(id, at).await?;
        if !buried {
            // Somebody else replays it.
            let mut together = Together::default();
            let Place { bucket, due, commit, ordinal } = Place::of(key);
            let values =
                values![commit, bucket.pod, bucket.kind, bucket.number, due, commit, ordinal];
            together.add(&self.cql.say.drop_entry, values);
            self.cql.write_together("take a message back", together).await?;
        }
        Ok(buried)
    }

    /// Takes a dead letter away; false if somebody else did.
    async fn bury(&self, id: MessageId, at: i64) -> Result<bool, Fault> {
        let id: Uuid = id.0;
        let left = self.cql.write_if("bury", &self.cql.say.leave_dead_place, (id, at)).await?;
        if left {
            let say = &self.cql.say.drop_dead_letter;
            self.cql.write("take a dead letter away", say, (at, id)).await?;
        }
        Ok(left)
    }
}

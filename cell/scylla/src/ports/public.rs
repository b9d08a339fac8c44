//! Messages for everyone, and how far those of others were followed.

use std::collections::HashMap;

use base_fault::Fault;
use base_ids::CellId;
use cell_kernel::Answer;
use cell_runtime::port::{Message, PublicLog, RowWrite};
use futures_util::{FutureExt as _, future::try_join_all};
use tokio::sync::watch;

use super::{Ports, limit as as_limit, rows};
use crate::{
    codec,
    cql::{Together, values},
    public::{bucket_of, last_of},
    store::Store,
};

/// In `places`: how far each other cell was followed.
const FOLLOWED: &str = "followed";
/// In `places`: how far superseded messages of the own log were forgotten.
const TIDIED: (&str, &str) = ("public", "tidied");
/// Positions that one step of forgetting looks at.
const STEP: i64 = 256;
/// How often a round of replicas is tried while others move their own.
const ROUNDS_MAX: usize = 5;

impl PublicLog for Ports {
    fn after(&self, position: u64, limit: usize) -> Answer<'_, Vec<(u64, Message)>> {
        Box::pin(self.0.public_after(position, limit))
    }

    fn forget_superseded(&self, keep: u64) -> Answer<'_, usize> {
        Box::pin(self.0.forget_superseded(keep))
    }

    fn head(&self) -> watch::Receiver<u64> {
        self.0.log.head()
    }

    fn cursor<'a>(&'a self, source: &'a CellId) -> Answer<'a, u64> {
        Box::pin(async move {
            let (position, _) = self.0.place(FOLLOWED, source.as_str()).await?;
            Ok(u64::try_from(position).unwrap_or(0))
        })
    }

    fn apply<'a>(
        &'a self,
        source: &'a CellId,
        from: u64,
        to: u64,
        rows: Vec<RowWrite>,
    ) -> Answer<'a, bool> {
        Box::pin(self.0.follow(source, from, to, rows))
    }
}

fn as_position(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

impl Store {
    async fn public_after(
        &self,
        position: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Message)>, Fault> {
        let head = as_position(*self.log.head().borrow());
        let found = self.public_between(as_position(position), head, limit).await?;
        let message = |(position, _, message): Told| {
            Ok((u64::try_from(position).unwrap_or(0), codec::read_message(&message)?))
        };
        found.into_iter().map(message).collect()
    }

    async fn public_between(
        &self,
        after: i64,
        head: i64,
        limit: usize,
    ) -> Result<Vec<Told>, Fault> {
        let (mut after, mut found) = (after, Vec::new());
        while after < head && found.len() < limit {
            let bucket = bucket_of(after + 1);
            let last = last_of(bucket).min(head);
            let values = (bucket, after, last, as_limit(limit - found.len()));
            found.extend(
                self.cql.read::<Told>("read the public log", &self.cql.say.public, values).await?,
            );
            after = last;
        }
        Ok(found)
    }

    /// Where something is, and its stamp.
    async fn place(&self, kind: &str, name: &str) -> Result<(i64, Option<i64>), Fault> {
        let say = &self.cql.say.place;
        let found: Option<(Option<i64>, Option<i64>)> =
            self.cql.find("look how far something is", say, (kind, name)).await?;
        Ok(found.map_or((0, None), |(position, stamp)| (position.unwrap_or(0), stamp)))
    }

    /// Moves something from where it is; false if it is elsewhere.
    async fn move_place(
        &self,
        (kind, name): (&str, &str),
        from: i64,
        to: i64,
        stamp: i64,
    ) -> Result<bool, Fault> {
        let (what, say) = ("note how far something is", &self.cql.say);
        let begins =
            from == 0 && self.cql.write_if(what, &say.begin_place, (kind, name, to, stamp)).await?;
        let moved = begins
            || self.cql.write_if(what, &say.move_place, (to, stamp, kind, name, from)).await?;
        Ok(moved)
    }

    /// Each step moves the place behind what it has forgotten; a step that is made twice forgets nothing more.
    async fn forget_superseded(&self, keep: u64) -> Result<usize, Fault> {
        let end = as_position(self.log.head().borrow().saturating_sub(keep));
        let (mut at, _) = self.place(TIDIED.0, TIDIED.1).await?;
        let mut count = 0;
        while at < end {
            let to = (at + STEP).min(end);
            count += self.forget_step(at, to).await?;
            if !self.move_place(TIDIED, at, to, 0).await? {
                // Somebody else is at it.
                break;
            }
            at = to;
        }
        Ok(count)
    }

    async fn forget_step(&self, after: i64, to: i64) -> Result<usize, Fault> {
        let mut newest: HashMap<(String, String), i64> = HashMap::new();
        let mut over = Vec::new();
        for (position, key, message) in self.public_between(after, to, usize::MAX).await? {
            let kind = codec::read_message(&message)?.kind;
            over.extend(newest.insert((key.unwrap_or_default(), kind), position));
        }
        let before = newest.iter().map(async |((key, kind), position)| {
            let say = &self.cql.say.public_newest;
            let found: Option<(i64,)> =
                self.cql.find("read the public log", say, (key, kind)).await?;
            Ok::<_, Fault>(found.map(|(before,)| before).filter(|before| before < position))
        });
        over.extend(try_join_all(before).await?.into_iter().flatten());
        let deletions = over.iter().map(|position| {
            let values = (bucket_of(*position), *position);
            self.cql.write("forget a message", &self.cql.say.drop_public, values).boxed()
        });
        try_join_all(deletions).await?;
        let notes = newest.iter().map(|((key, kind), position)| {
            let values = (key, kind, position, position);
            self.cql.write("note a message", &self.cql.say.put_public_newest, values).boxed()
        });
        try_join_all(notes).await?;
        Ok(over.len())
    }

    /// Rows first, then the place. The rows carry the round's stamp as their clock, which is above that of every round before it: whoever
    /// writes an older round late changes nothing.
    async fn follow(
        &self,
        source: &CellId,
        from: u64,
        to: u64,
        rows: Vec<RowWrite>,
    ) -> Result<bool, Fault> {
        let _turn = self.following.lock().await;
        let (from, to) = (as_position(from), as_position(to));
        for _ in 0..ROUNDS_MAX {
            let (at, _) = self.place(FOLLOWED, source.as_str()).await?;
            if at != from {
                return Ok(false);
            }
            let all: Vec<(Option<i64>, Option<i64>)> =
                self.cql.read("look how far all are", &self.cql.say.places, (FOLLOWED,)).await?;
            let stamp = all.iter().filter_map(|(_, stamp)| *stamp).max().unwrap_or(0) + 1;
            try_join_all(self.replica_writes(&rows, stamp)).await?;
            if self.move_place((FOLLOWED, source.as_str()), from, to, stamp).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn replica_writes<'a>(
        &'a self,
        rows: &'a [RowWrite],
        stamp: i64,
    ) -> Vec<futures_util::future::BoxFuture<'a, Result<(), Fault>>> {
        let mut partitions: HashMap<(&str, &str, i32), HashMap<&str, &RowWrite>> = HashMap::new();
        for write in rows {
            let place = (write.table.service, write.table.name, rows::bucket_of(&write.key));
            partitions.entry(place).or_default().insert(&write.key, write);
        }
        let write =
            |((service, name, bucket), writes): ((&str, &str, i32), HashMap<_, &RowWrite>)| {
                let mut together = Together::default();
                for RowWrite { key, row, version, .. } in writes.into_values() {
                    let (key, version) = (key.clone().into_bytes(), as_position(version.0));
                    match row.clone() {
                        Some(row) => together.add(
                            &self.cql.say.put_replica,
                            values![service, name, bucket, key, version, row, stamp],
                        ),
                        None => together.add(
                            &self.cql.say.drop_replica,
                            values![stamp, service, name, bucket, key],
                        ),
                    }
                }
                self.cql.write_together("write rows of a replica", together).boxed()
            };
        partitions.into_iter().map(write).collect()
    }
}

/// Position, key, message.
type Told = (i64, Option<String>, Vec<u8>);

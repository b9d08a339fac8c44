//! The cell's public log: one writer in each pod, who appends what this pod tells in groups and sees what others told.
//!
//! A position is taken by one conditional batch on its bucket. Whoever loses the race reads what came between; a message that is
//! among it already is not told again, so a group that is sent twice is told once.

use std::{
    collections::{HashSet, VecDeque},
    sync::Weak,
};

use base_fault::{Code, Fault};
use cell_runtime::record::MessageRecord;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::{
    codec::Unreadable,
    cql::{Cql, Together, values},
    outcome::Ended,
    pending::Brought,
    store::Store,
};

/// Positions in a bucket.
const BUCKET: i64 = 4_096;
/// Messages told in one batch, and bytes of them.
const GROUP_MAX: usize = 512;
const GROUP_BYTES_MAX: usize = 1 << 20;
/// Ids that are remembered: those of the last positions.
const REMEMBERED: usize = 16_384;
/// How often a group is sent before whoever waits for it is told that it could not be.
const SENT_MAX: usize = 20;
/// In `places`: which bucket is the newest, or was lately.
pub(crate) const TIP: (&str, &str) = ("public", "tip");

/// A message to tell.
struct Telling {
    id: Uuid,
    key: String,
    message: Vec<u8>,
}

struct Wanted {
    tellings: Vec<Telling>,
    told: oneshot::Sender<Result<(), Fault>>,
}

/// The way to the writer.
pub(crate) struct Log {
    wanted: mpsc::UnboundedSender<Wanted>,
    head: watch::Receiver<u64>,
}

/// Writes the log.
pub(crate) struct Writer {
    wanted: mpsc::UnboundedReceiver<Wanted>,
    head: watch::Sender<u64>,
    /// The newest position that was seen.
    seen: i64,
    recent: VecDeque<Uuid>,
    known: HashSet<Uuid>,
    /// The newest bucket that is known to be noted.
    tip: i64,
}

/// The bucket of a position.
pub(crate) fn bucket_of(position: i64) -> i64 {
    position / BUCKET
}

/// The last position of a bucket.
pub(crate) fn last_of(bucket: i64) -> i64 {
    (bucket + 1) * BUCKET - 1
}

impl Log {
    /// Finds the log's end.
    pub(crate) async fn open(cql: &Cql) -> Result<(Self, Writer), Fault> {
        let tip: Option<(Option<i64>, Option<i64>)> =
            cql.find("look for the public log", &cql.say.place, TIP).await?;
        let tip = tip.and_then(|(position, _)| position).unwrap_or(0);
        let (send, receive) = mpsc::unbounded_channel();
        let (head, seen_head) = watch::channel(0);
        let (recent, known) = (VecDeque::new(), HashSet::new());
        let seen = tip * BUCKET - 1;
        let mut writer = Writer { wanted: receive, head, seen: seen.max(0), recent, known, tip };
        writer.catch_up(cql, true).await?;
        Ok((Self { wanted: send, head: seen_head }, writer))
    }

    /// The newest position.
    pub(crate) fn head(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }
}

impl Store {
    /// Tells everyone what an append tells everyone.
    pub(crate) async fn tell(&self, brought: &Brought) -> Result<(), Fault> {
        if brought.pending.public.is_empty() {
            return Ok(());
        }
        let mut tellings = Vec::with_capacity(brought.pending.public.len());
        for public in &brought.pending.public {
            let Some(message) = &public.message else { continue };
            let id = message.clone().open().map_err(Unreadable::from)?.id.0;
            tellings.push(Telling { id, key: public.key.clone(), message: encoded(message) });
        }
        let (told, answer) = oneshot::channel();
        let gone = || Fault::ours(Code::Unavailable, "the process is about to end");
        self.log.wanted.send(Wanted { tellings, told }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn encoded(message: &MessageRecord) -> Vec<u8> {
    prost::Message::encode_to_vec(message)
}

impl Writer {
    /// Writes until the store is gone, and looks with each beat what others have told.
    pub(crate) async fn run(mut self, store: Weak<Store>) {
        let Some(beat) = store.upgrade().map(|store| store.config.beat()) else { return };
        let mut turns = tokio::time::interval(beat);
        turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let first = tokio::select! {
                first = self.wanted.recv() => match first {
                    Some(first) => Some(first),
                    None => return,
                },
                _ = turns.tick() => None,
            };
            let Some(store) = store.upgrade() else { return };
            match first {
                Some(first) => self.tell_group(&store.cql, first).await,
                None => {
                    if let Err(fault) = self.catch_up(&store.cql, false).await {
                        let fault = base_fault::chain(&fault);
                        tracing::warn!(fault, "the public log cannot be read; it is tried again");
                    }
                }
            }
        }
    }

    async fn tell_group(&mut self, cql: &Cql, first: Wanted) {
        let (mut waiting, mut group, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut next = Some(first);
        while let Some(Wanted { tellings, told }) = next {
            waiting.push(told);
            bytes += tellings.iter().map(|telling| telling.message.len()).sum::<usize>();
            group.extend(tellings);
            let full = group.len() >= GROUP_MAX || bytes >= GROUP_BYTES_MAX;
            next = if full { None } else { self.wanted.try_recv().ok() };
        }
        let told = self.tell_all(cql, group).await;
        for waits in waiting {
            // Whoever has stopped waiting finds its messages told when it asks.
            let _ = waits.send(told.clone());
        }
    }

    async fn tell_all(&mut self, cql: &Cql, mut group: Vec<Telling>) -> Result<(), Fault> {
        let mut last = None;
        for _ in 0..SENT_MAX {
            group.retain(|telling| !self.known.contains(&telling.id));
            if group.is_empty() {
                return Ok(());
            }
            let room = usize::try_from(last_of(bucket_of(self.seen + 1)) - self.seen).unwrap_or(1);
            let step = &group[..group.len().min(room)];
            match self.tell_step(cql, step).await {
                Ok(true) => {
                    for telling in step {
                        self.remember(telling.id);
                    }
                    let told = i64::try_from(step.len()).unwrap_or(0);
                    self.move_to(self.seen + told);
                    self.note_tip(cql).await;
                    continue;
                }
                Ok(false) => {}
                Err(failed) if failed.ended == Ended::NotApplied => last = Some(failed.fault),
                Err(failed) => {
                    tracing::debug!(fault = %failed.fault, "the public log is read back");
                    last = Some(failed.fault);
                }
            }
            if let Err(fault) = self.catch_up(cql, true).await {
                last = Some(fault);
            }
        }
        Err(last.unwrap_or_else(|| cql.unknown("tell everyone")))
    }

    async fn tell_step(&self, cql: &Cql, step: &[Telling]) -> Result<bool, crate::cql::Failed> {
        let bucket = bucket_of(self.seen + 1);
        let head = self.seen + i64::try_from(step.len()).unwrap_or(0);
        let mut batch = Together::default();
        // The head of a bucket in which nothing lies is not set. Position 0 is never taken.
        if self.seen == 0 || bucket_of(self.seen) != bucket {
            batch.add(&cql.say.tell_first, values![head, bucket]);
        } else {
            batch.add(&cql.say.tell_next, values![head, bucket, self.seen]);
        }
        for (position, telling) in (self.seen + 1..).zip(step) {
            let (key, message) = (telling.key.as_str(), telling.message.clone());
            batch.add(&cql.say.told, values![bucket, position, telling.id, key, message]);
        }
        cql.write_together_if("tell everyone", &batch, None).await
    }

    /// Learns what was told behind the newest position that was seen.
    async fn catch_up(&mut self, cql: &Cql, for_certain: bool) -> Result<(), Fault> {
        loop {
            let bucket = bucket_of(self.seen + 1);
            let say = if for_certain { &cql.say.public_head } else { &cql.say.public_head_seen };
            let found: Option<(i64, Option<i64>)> =
                cql.find("look for the public log's end", say, (bucket,)).await?;
            let Some(head) = found.and_then(|(_, head)| head).filter(|head| *head > self.seen)
            else {
                return Ok(());
            };
            let values = (bucket, self.seen, head);
            let ids: Vec<(Option<Uuid>,)> =
                cql.read("read the public log", &cql.say.public_ids, values).await?;
            for (id,) in ids {
                self.remember(id.unwrap_or_default());
            }
            self.move_to(head);
            self.note_tip(cql).await;
        }
    }

    fn remember(&mut self, id: Uuid) {
        if self.known.insert(id) {
            self.recent.push_back(id);
        }
        if self.recent.len() > REMEMBERED
            && let Some(oldest) = self.recent.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    fn move_to(&mut self, position: i64) {
        self.seen = position;
        self.head.send_replace(u64::try_from(position).unwrap_or(0));
    }

    /// A new bucket is noted, so that whoever starts looks from there; from an older one it finds it too.
    async fn note_tip(&mut self, cql: &Cql) {
        let bucket = bucket_of(self.seen);
        if bucket > self.tip {
            self.tip = bucket;
            let (kind, name) = TIP;
            let values = (kind, name, bucket, bucket);
            if let Err(fault) = cql.write("note a bucket", &cql.say.put_tip, values).await {
                tracing::debug!(fault = %fault, "a bucket of the public log is not noted");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BUCKET, bucket_of, last_of};

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        assert_eq!((bucket_of(1), bucket_of(BUCKET - 1), bucket_of(BUCKET)), (0, 0, 1));
        assert_eq!((last_of(0), last_of(1)), (BUCKET - 1, 2 * BUCKET - 1));
    }
}

//! A feed in memory: the twin of a real one, with stretches that are lost on the way.

use std::{
    collections::{BTreeSet, HashSet},
    future::ready,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use base_fault::{Code, Fault};
use base_ids::CellId;
use cell_kernel::Answer;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Feed, Follower, Stretch, Told};
use crate::queue::Receipt;

/// A log that lives as long as a clone of this handle; whoever joins opens it at its end.
#[derive(Clone, Default)]
pub struct MemoryFeed {
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    told: Mutex<Vec<Stretch>>,
    changed: watch::Sender<u64>,
    losing: Mutex<usize>,
    silent: Mutex<usize>,
    away: Mutex<bool>,
    /// Processes that share the sources with others of their cell.
    members: Mutex<BTreeSet<(CellId, usize)>>,
}

/// One process that has the feed open.
pub struct Subscriber {
    log: Arc<Log>,
    next: Mutex<usize>,
    /// Which of its cell's processes it is, if it shares the sources with them.
    member: Option<(CellId, usize)>,
    left_to_another: Mutex<HashSet<CellId>>,
}

impl MemoryFeed {
    /// A process opens it that follows all sources; it hears what is told from now on.
    pub fn join(&self) -> Arc<Subscriber> {
        self.open(None)
    }

    /// A process opens it that shares the sources with all who have joined for the same cell and live.
    pub fn join_for(&self, cell: &CellId) -> Arc<Subscriber> {
        let mut members = self.log.members.lock();
        let number = members.iter().map(|(_, number)| number + 1).max().unwrap_or(0);
        let member = (cell.clone(), number);
        members.insert(member.clone());
        self.open(Some(member))
    }

    fn open(&self, member: Option<(CellId, usize)>) -> Arc<Subscriber> {
        let (log, next) = (self.log.clone(), Mutex::new(self.log.told.lock().len()));
        Arc::new(Subscriber { log, next, member, left_to_another: Mutex::default() })
    }

    /// Loses the answers to the next so many calls that tell something: it is told all the same.
    pub fn lose_answers(&self, calls: usize) {
        *self.log.silent.lock() = calls;
    }

    /// Loses the next so many stretches that have messages in them: whoever told them believes that they are there.
    pub fn lose(&self, stretches: usize) {
        *self.log.losing.lock() = stretches;
    }

    /// Whether the log can be reached.
    pub fn away(&self, away: bool) {
        *self.log.away.lock() = away;
        self.log.changed.send_modify(|changes| *changes += 1);
    }

    /// The messages that were told, with copies.
    pub fn messages(&self) -> usize {
        self.log.told.lock().iter().map(|stretch| stretch.batch.messages.len()).sum()
    }
}

impl Subscriber {
    /// Leaves a source to another process of the cell, or takes it back.
    pub fn leave_to_another(&self, source: &CellId, leave: bool) {
        let mut left = self.left_to_another.lock();
        if leave {
            left.insert(source.clone());
        } else {
            left.remove(source);
        }
    }

    fn take(&self) -> Vec<Told> {
        if *self.log.away.lock() {
            return Vec::new();
        }
        let told = self.log.told.lock();
        let mut next = self.next.lock();
        let received = |(at, stretch): (usize, &Stretch)| {
            let offset = i64::try_from(at).unwrap_or(i64::MAX);
            let receipt = Receipt::new(0, offset, Arc::new(AtomicBool::new(false)));
            Told { stretch: stretch.clone(), receipt }
        };
        let new = told.iter().enumerate().skip(*next);
        let new = new.filter(|(_, stretch)| self.follower(&stretch.source) == Follower::This);
        let new = new.map(received).collect();
        *next = told.len();
        new
    }
}

impl Feed for Subscriber {
    fn tell<'a>(&'a self, stretch: &'a Stretch) -> Answer<'a, ()> {
        if *self.log.away.lock() {
            let fault = Fault::downstream(Code::Unavailable, Duration::ZERO, "the feed is away");
            return Box::pin(ready(Err(fault)));
        }
        let mut losing = self.log.losing.lock();
        if *losing > 0 && !stretch.batch.messages.is_empty() {
            *losing -= 1;
        } else {
            self.log.told.lock().push(stretch.clone());
        }
        self.log.changed.send_modify(|changes| *changes += 1);
        let mut silent = self.log.silent.lock();
        let answer = if *silent > 0 {
            *silent -= 1;
            let text = "the feed does not say whether it was told";
            Err(Fault::downstream(Code::OutcomeUnknown, Duration::ZERO, text))
        } else {
            Ok(())
        };
        Box::pin(ready(answer))
    }

    fn receive(&self) -> Answer<'_, Vec<Told>> {
        Box::pin(async move {
            let mut changed = self.log.changed.subscribe();
            loop {
                let told = self.take();
                if !told.is_empty() {
                    return Ok(told);
                }
                // The log lives as long as this subscriber.
                let _ = changed.changed().await;
            }
        })
    }

    fn acknowledge(&self, _: &[Receipt]) {}

    fn follower(&self, source: &CellId) -> Follower {
        let is_mine = self.member.as_ref().is_none_or(|mine| {
            let members = self.log.members.lock();
            let of_cell: Vec<_> = members.iter().filter(|(cell, _)| *cell == mine.0).collect();
            let turn = source.as_str().bytes().map(usize::from).sum::<usize>() % of_cell.len();
            *of_cell[turn] == *mine
        });
        if is_mine && !self.left_to_another.lock().contains(source) {
            Follower::This
        } else {
            Follower::Another
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        if let Some(member) = &self.member {
            self.log.members.lock().remove(member);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base_ids::CellId;

    use super::{Feed, MemoryFeed};
    use crate::conformance::feed::{FeedSubject, laws};

    struct Twin(MemoryFeed);

    impl FeedSubject for Twin {
        async fn join(&mut self, cell: &CellId) -> Arc<dyn Feed> {
            self.0.join_for(cell)
        }

        async fn leave(&mut self, member: Arc<dyn Feed>) {
            drop(member);
        }

        fn lose_answer(&self, _: &Arc<dyn Feed>) -> bool {
            self.0.lose_answers(1);
            true
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_feed_in_memory_keeps_every_law() {
        assert_eq!(laws(async || Twin(MemoryFeed::default())).await, 4);
    }
}

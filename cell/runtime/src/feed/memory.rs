//! A feed in memory: the twin of a real one, with stretches that are lost on the way.

use std::{
    collections::HashSet,
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

/// A log that lives as long as a clone of this handle; [`MemoryFeed::join`] is a process that opens it at its end.
#[derive(Clone, Default)]
pub struct MemoryFeed {
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    told: Mutex<Vec<Stretch>>,
    changed: watch::Sender<u64>,
    losing: Mutex<usize>,
    away: Mutex<bool>,
}

/// One process that has the feed open.
pub struct Subscriber {
    log: Arc<Log>,
    next: Mutex<usize>,
    left_to_another: Mutex<HashSet<CellId>>,
}

impl MemoryFeed {
    /// A process opens it; it hears what is told from now on.
    pub fn join(&self) -> Arc<Subscriber> {
        let next = Mutex::new(self.log.told.lock().len());
        Arc::new(Subscriber { log: self.log.clone(), next, left_to_another: Mutex::default() })
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
        let left = self.left_to_another.lock();
        let received = |(at, stretch): (usize, &Stretch)| {
            let offset = i64::try_from(at).unwrap_or(i64::MAX);
            let receipt = Receipt::new(0, offset, Arc::new(AtomicBool::new(false)));
            Told { stretch: stretch.clone(), receipt }
        };
        let new = told.iter().enumerate().skip(*next);
        let new = new.filter(|(_, stretch)| !left.contains(&stretch.source)).map(received);
        let new = new.collect();
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
        Box::pin(ready(Ok(())))
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
        if self.left_to_another.lock().contains(source) {
            Follower::Another
        } else {
            Follower::This
        }
    }
}

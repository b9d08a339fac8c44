//! The one writer thread: it drains the queue into groups, checks each write against the database and the group so far, commits the
//! group as one batch with one sync, and answers only then.
//!
//! One thread, because fjall syncs under its journal's lock: many threads that sync are no faster than one, and one can check
//! versions without transactions.

mod group;
mod judge;
mod retire;

use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use base_fault::{Code, Fault, Retry, Source};
use tokio::sync::mpsc;

use self::{
    group::{Answers, Batch},
    judge::Heads,
    retire::Retiring,
};
use crate::{
    fences::FenceMap, mark::Mark, op::Op, pace::Phase, refusal::advice, ring::Group, state::Shared,
};

/// No write for this long: nobody is about to come. About the time in which an answered writer comes back.
const QUIET: Duration = Duration::from_micros(20);
/// Longest wait for a group; below the time of one sync.
const GATHER_MAX: Duration = Duration::from_micros(150);

/// Above this a group would outgrow the writer's memory of streams.
const GROUP_MAX: usize = 4_096;

/// What the thread starts from.
pub(crate) struct Start {
    pub(crate) shared: Arc<Shared>,
    pub(crate) mark: Mark,
    pub(crate) last: Group,
    pub(crate) public_head: u64,
    pub(crate) fences: FenceMap,
    pub(crate) group_max: usize,
    pub(crate) memtable_bytes: u64,
}

struct Writer {
    shared: Arc<Shared>,
    mark: Mark,
    last: Group,
    public_head: u64,
    fences: FenceMap,
    heads: Heads,
    retiring: Retiring,
    group_max: usize,
}

/// Starts the thread; it ends when the queue's senders are gone, or on [`Op::Close`].
pub(crate) fn spawn(
    start: Start,
    queue: mpsc::Receiver<Op>,
) -> std::io::Result<thread::JoinHandle<()>> {
    let shared = start.shared.clone();
    let mut writer = Writer {
        shared: start.shared,
        mark: start.mark,
        last: start.last,
        public_head: start.public_head,
        fences: start.fences,
        heads: Heads::default(),
        retiring: Retiring::start(start.memtable_bytes)?,
        group_max: start.group_max.clamp(1, GROUP_MAX),
    };
    thread::Builder::new().name("souk-store".to_owned()).spawn(move || {
        let ended = catch_unwind(AssertUnwindSafe(|| writer.run(queue)));
        if ended.is_err() {
            shared.break_down(Fault::ours(Code::StoreBroken, "the store's writer thread panicked"));
        }
    })
}

impl Writer {
    fn run(&mut self, mut queue: mpsc::Receiver<Op>) {
        let mut ops = Vec::with_capacity(self.group_max);
        let mut crowd = 0;
        while queue.blocking_recv_many(&mut ops, self.group_max) > 0 {
            let begun = Instant::now();
            if ops.len().max(crowd) > 1 {
                gather(&mut queue, &mut ops, self.group_max);
            }
            self.shared.pace.note(Phase::Gather, begun);
            crowd = ops.len();
            if let Some(closed) = self.group(&mut ops) {
                queue.close();
                let _ = closed.send(self.rest());
                return;
            }
        }
        if let Err(fault) = self.rest() {
            self.shared.break_down(fault);
        }
    }

    /// Brings the mark to rest, so that even a loss of power after a close finds it exact.
    fn rest(&mut self) -> Result<(), Fault> {
        self.shared.whole()?;
        self.count_sync();
        self.mark.sync().map_err(|error| write_failed(&error, &error))
    }

    fn group(&mut self, ops: &mut Vec<Op>) -> Option<crate::op::Reply<()>> {
        let begun = Instant::now();
        let mut group = group::Open::new(self);
        let mut closed = None;
        for op in ops.drain(..) {
            match op {
                Op::Close(reply) => closed = Some(reply),
                op => group.take(op),
            }
        }
        let (batch, answers) = group.close();
        self.shared.pace.note(Phase::Check, begun);
        let outcome = self.shared.whole().and_then(|()| match batch {
            Some(batch) => self.commit(batch),
            None => Ok(()),
        });
        let decided = Instant::now();
        match outcome {
            Ok(()) => self.publish(answers),
            Err(fault) => answers.fail(&fault),
        }
        self.shared.pace.note(Phase::Answer, decided);
        closed
    }

    fn commit(&mut self, batch: Batch) -> Result<(), Fault> {
        let begun = Instant::now();
        let beside = self.shared.is_tidying();
        if let Err(error) = batch.writes.commit() {
            return Err(self.fail(io_cause(&error), &error));
        }
        let beside = beside || self.shared.is_tidying();
        let phase = if beside { Phase::CommitBeside } else { Phase::Commit };
        let committed = self.shared.pace.note(phase, begun);
        let Some(group) = batch.group else {
            return Ok(());
        };
        self.count_sync();
        self.shared.counters.groups.fetch_add(1, Ordering::Relaxed);
        self.last = group;
        match self.mark.promise(group) {
            Ok(false) => {}
            Ok(true) => self.count_sync(),
            Err(error) => return Err(self.fail(Some(&error), &error)),
        }
        let marked = self.shared.pace.note(Phase::Mark, committed);
        match self.retiring.committed(&self.shared.tree, group.number, batch.bytes) {
            Ok(false) => {}
            Ok(true) => _ = self.shared.pace.note(Phase::Rotate, marked),
            // Not fatal by itself: the next commit shows whether the store still takes writes.
            Err(error) => tracing::warn!(%error, "the memtable was not written out"),
        }
        Ok(())
    }

    /// After a failed write it is not known what reached the disk: the store is broken until it is opened again, and whoever waits
    /// for this group does not know either.
    fn fail(&self, cause: Option<&std::io::Error>, text: &dyn Display) -> Fault {
        let broken = match cause {
            Some(cause) => write_failed(cause, text),
            None => Fault::ours(Code::StoreBroken, format!("the store cannot be written: {text}")),
        };
        self.shared.break_down(broken);
        Fault::new(
            Code::OutcomeUnknown,
            Source::Us,
            Retry::Same,
            format!("the store failed while it wrote this: {text}"),
        )
    }

    fn publish(&self, answers: Answers) {
        if let Some(fences) = &answers.fences {
            *self.shared.fences.write() = fences.clone();
        }
        let head = self.public_head;
        self.shared.public_head.send_if_modified(|seen| std::mem::replace(seen, head) != head);
        let counters = &self.shared.counters;
        counters.appends.fetch_add(answers.appends, Ordering::Relaxed);
        counters.events.fetch_add(answers.events, Ordering::Relaxed);
        answers.send();
    }

    fn count_sync(&self) {
        self.shared.counters.syncs.fetch_add(1, Ordering::Relaxed);
    }
}

/// Waits for those who were answered a moment ago and come back with the next write. Without this, writers split into two halves that
/// take turns, and each sync serves one half. A writer that is alone is not kept waiting.
fn gather(queue: &mut mpsc::Receiver<Op>, ops: &mut Vec<Op>, group_max: usize) {
    let start = Instant::now();
    let mut quiet_since = start;
    while ops.len() < group_max {
        match queue.try_recv() {
            Ok(op) => {
                ops.push(op);
                quiet_since = Instant::now();
            }
            Err(mpsc::error::TryRecvError::Disconnected) => return,
            Err(mpsc::error::TryRecvError::Empty) => {
                if quiet_since.elapsed() >= QUIET || start.elapsed() >= GATHER_MAX {
                    return;
                }
                thread::yield_now();
            }
        }
    }
}

fn write_failed(cause: &std::io::Error, text: &dyn Display) -> Fault {
    let advice = advice(cause);
    Fault::ours(Code::StoreBroken, format!("the store cannot be written: {text}; {advice}"))
}

fn io_cause(error: &fjall::Error) -> Option<&std::io::Error> {
    match error {
        fjall::Error::Io(cause) | fjall::Error::Storage(fjall::LsmError::Io(cause)) => Some(cause),
        _ => None,
    }
}

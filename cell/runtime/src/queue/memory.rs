//! A queue in memory: the twin of a real one for tests and the simulation, shared by whoever joins it, with answers that are lost.

use std::{
    collections::BTreeSet,
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base_fault::{Code, Fault};
use cell_kernel::Answer;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Progress, Queue, Receipt, Received};
use crate::{mesh::Addressed, port::DeadLetter};

/// Messages that a member receives at once, at most.
const BATCH: usize = 100;

/// A log that lives as long as a clone of this handle; [`MemoryQueue::join`] is a process that opens it.
#[derive(Clone)]
pub struct MemoryQueue {
    log: Arc<Log>,
}

struct Log {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    parts: Vec<Part>,
    members: BTreeSet<u64>,
    joined: u64,
    answers_to_lose: usize,
    away: bool,
    dead: Vec<DeadLetter>,
}

#[derive(Default)]
struct Part {
    records: Vec<Addressed>,
    /// Where reading goes on after a change of members.
    kept: i64,
    reader: Option<Reader>,
}

/// Who reads a part now.
struct Reader {
    member: u64,
    next: i64,
    progress: Progress,
    taken_away: Arc<AtomicBool>,
}

/// One process that has the queue open. Whoever drops it leaves; what it has not acknowledged comes to the others.
pub struct Member {
    log: Arc<Log>,
    number: u64,
}

impl MemoryQueue {
    /// An empty log of so many parts.
    pub fn new(parts: usize) -> Self {
        let parts = (0..parts).map(|_| Part::default()).collect();
        let state = Mutex::new(State { parts, ..State::default() });
        Self { log: Arc::new(Log { state, changed: watch::Sender::new(0) }) }
    }

    /// Another process of the cell opens it.
    pub fn join(&self) -> Arc<Member> {
        let mut state = self.log.state.lock();
        state.joined += 1;
        let number = state.joined;
        state.members.insert(number);
        state.share_out();
        drop(state);
        self.log.tell();
        Arc::new(Member { log: self.log.clone(), number })
    }

    /// Loses the answers to the next so many calls that put something in: it is in the log, and the caller hears that it may not be.
    pub fn lose_answers(&self, answers: usize) {
        self.log.state.lock().answers_to_lose = answers;
    }

    /// Whether the log can be reached; while it cannot, nothing is put in and nothing comes.
    pub fn away(&self, away: bool) {
        self.log.state.lock().away = away;
        self.log.tell();
    }

    /// How many messages were ever put in.
    pub fn records(&self) -> usize {
        self.log.state.lock().parts.iter().map(|part| part.records.len()).sum()
    }

    /// How many messages would come again if all processes died now.
    pub fn behind(&self) -> usize {
        let state = self.log.state.lock();
        let behind = |part: &Part| part.records.len() - usize::try_from(part.kept).unwrap_or(0);
        state.parts.iter().map(behind).sum()
    }

    /// The dead letters that were shown.
    pub fn dead(&self) -> Vec<DeadLetter> {
        self.log.state.lock().dead.clone()
    }
}

impl Log {
    fn tell(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }
}

impl State {
    /// Gives each part to one of the members; who keeps a part goes on where it is.
    fn share_out(&mut self) {
        let members: Vec<_> = self.members.iter().copied().collect();
        for (nth, part) in self.parts.iter_mut().enumerate() {
            let member = members.get(nth % members.len().max(1)).copied();
            if part.reader.as_ref().map(|reader| reader.member) == member {
                continue;
            }
            if let Some(before) = part.reader.take() {
                before.taken_away.store(true, Ordering::Release);
            }
            part.reader = member.map(|member| Reader {
                member,
                next: part.kept,
                progress: Progress::from(part.kept),
                taken_away: Arc::default(),
            });
        }
    }
}

impl Part {
    fn receive(&mut self, member: u64, number: usize, received: &mut Vec<Received>) {
        let Some(reader) = self.reader.as_mut().filter(|reader| reader.member == member) else {
            return;
        };
        let from = usize::try_from(reader.next).unwrap_or(0);
        for addressed in self.records[from..].iter().take(BATCH) {
            let offset = reader.next;
            reader.next += 1;
            reader.progress.received(offset);
            let partition = i32::try_from(number).unwrap_or(i32::MAX);
            let receipt = Receipt::new(partition, offset, Arc::clone(&reader.taken_away));
            received.push(Received { addressed: addressed.clone(), receipt });
        }
    }
}

impl Member {
    /// What there is for this member now.
    fn take(&self) -> Vec<Received> {
        let mut state = self.log.state.lock();
        let mut received = Vec::new();
        if !state.away {
            for (number, part) in state.parts.iter_mut().enumerate() {
                part.receive(self.number, number, &mut received);
            }
        }
        received
    }

    fn put_in(&self, messages: &[Addressed]) -> Result<(), Fault> {
        let unavailable = |text| Fault::downstream(Code::Unavailable, Duration::ZERO, text);
        let mut state = self.log.state.lock();
        if state.away {
            return Err(unavailable("the queue is away"));
        }
        let parts = state.parts.len();
        for message in messages {
            state.parts[message.to.slot().index() % parts].records.push(message.clone());
        }
        if state.answers_to_lose > 0 {
            state.answers_to_lose -= 1;
            return Err(unavailable("the answer was lost"));
        }
        Ok(())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.log.state.lock();
        state.members.remove(&self.number);
        state.share_out();
        drop(state);
        self.log.tell();
    }
}

impl Queue for Member {
    fn send(&self, messages: &[Addressed]) -> Answer<'static, ()> {
        let put_in = self.put_in(messages);
        self.log.tell();
        Box::pin(ready(put_in))
    }

    fn receive(&self) -> Answer<'_, Vec<Received>> {
        Box::pin(async move {
            let mut changed = self.log.changed.subscribe();
            loop {
                let received = self.take();
                if !received.is_empty() {
                    return Ok(received);
                }
                // The log lives as long as this member.
                let _ = changed.changed().await;
            }
        })
    }

    fn acknowledge(&self, receipts: &[Receipt]) {
        let mut state = self.log.state.lock();
        for receipt in receipts.iter().filter(|receipt| !receipt.is_void()) {
            let number = usize::try_from(receipt.partition).unwrap_or(usize::MAX);
            let Some(part) = state.parts.get_mut(number) else { continue };
            if let Some(reader) = &mut part.reader {
                reader.progress.acknowledged(receipt.offset);
                part.kept = reader.progress.over();
            }
        }
    }

    fn show_dead<'a>(&'a self, letter: &'a DeadLetter) -> Answer<'a, ()> {
        self.log.state.lock().dead.push(letter.clone());
        Box::pin(ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{MemoryQueue, Queue};
    use crate::conformance::queue::{QueueSubject, laws};

    struct Twin(MemoryQueue);

    impl QueueSubject for Twin {
        async fn join(&mut self) -> Arc<dyn Queue> {
            self.0.join()
        }

        async fn leave(&mut self, member: Arc<dyn Queue>) {
            drop(member);
        }

        fn lose_answer(&self, _: &Arc<dyn Queue>) -> bool {
            self.0.lose_answers(1);
            true
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_in_memory_keeps_every_law() {
        assert_eq!(laws(async || Twin(MemoryQueue::new(3))).await, 8);
        assert_eq!(laws(async || Twin(MemoryQueue::new(1))).await, 8);
    }
}

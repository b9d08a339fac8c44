//! The messages for one other cell, or for the queue between this cell's own processes: in order, many at once, and patiently while it
//! cannot be reached.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use base_fault::Fault;
use base_ids::CellId;
use base_time::Timestamp;
use cell_kernel::Answer;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

use crate::{
    cell::Inner,
    mesh::{Addressed, Delivery},
    patience::Failures,
    port::{Errand, OutboxEntry, OutboxKey},
    relay::Underway,
};

/// Deliveries to one cell that wait for an answer at once.
const DELIVERIES_MAX: usize = 8;
/// How long messages wait for company while another delivery is on its way. A delivery costs both cells several times what one more
/// message in it does, and the receiver syncs once for all that come together.
const COMPANY: Duration = Duration::from_millis(1);

/// What is known here of a message; the message itself lies beside it.
struct Waiting {
    key: OutboxKey,
    failures: Failures,
}

/// What waits for one other cell; of this cell itself, for its queue.
pub(crate) struct Lane {
    to: CellId,
    queue: Mutex<VecDeque<(Waiting, Addressed)>>,
    wake: Notify,
    places: Arc<Semaphore>,
    /// A delivery has ended.
    ended: Notify,
    /// Deliveries in a row that did not reach the cell.
    failures: Mutex<u32>,
}

impl Lane {
    pub(crate) fn new(to: CellId) -> Self {
        Self {
            to,
            queue: Mutex::default(),
            wake: Notify::new(),
            places: Arc::new(Semaphore::new(DELIVERIES_MAX)),
            ended: Notify::new(),
            failures: Mutex::new(0),
        }
    }

    /// Queues a message; false if there is no room for it.
    pub(crate) fn push(&self, underway: Underway, lane_max: usize) -> bool {
        let Underway { key, entry, failures } = underway;
        let Errand::Deliver { to, service, message } = entry.errand else {
            unreachable!("only messages go to other cells");
        };
        let mut queue = self.queue.lock();
        if queue.len() >= lane_max {
            return false;
        }
        queue.push_back((Waiting { key, failures }, Addressed { to, service, message }));
        self.wake.notify_one();
        true
    }

    /// The cell, how many messages wait for it here, and since when.
    pub(crate) fn waiting(&self) -> (CellId, usize, Option<Timestamp>) {
        let queue = self.queue.lock();
        (self.to.clone(), queue.len(), queue.front().map(|(_, first)| first.message.at))
    }

    /// Delivers what is queued, for as long as the cell runs.
    pub(crate) async fn run(self: Arc<Self>, cell: Arc<Inner>) {
        loop {
            let (batch, messages) = self.take(cell.config.delivery_max).await;
            let failures = *self.failures.lock();
            if failures > 0 {
                // Nothing gets through: one try at a time, with growing waits.
                tokio::time::sleep(cell.config.retry_after(failures, batch[0].key.commit)).await;
                let sent = self.send(&cell, &messages);
                self.deliver(&cell, batch, messages, sent).await;
                continue;
            }
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
            let (lane, by) = (Arc::clone(&self), Arc::clone(&cell));
            let sent = self.send(&cell, &messages);
            cell.spawn(async move {
                lane.deliver(&by, batch, messages, sent).await;
                drop(place);
                lane.ended.notify_waiters();
            });
        }
    }

    /// Takes what is to be delivered next: at once if nothing is on its way, else with what comes meanwhile.
    async fn take(&self, batch_max: usize) -> (Vec<Waiting>, Vec<Addressed>) {
        while self.queue.lock().is_empty() {
            self.wake.notified().await;
        }
        // What was committed together is told together.
        tokio::task::yield_now().await;
        let ended = self.ended.notified();
        if self.places.available_permits() < DELIVERIES_MAX {
            let _ = tokio::time::timeout(COMPANY, ended).await;
        }
        let mut queue = self.queue.lock();
        let size = queue.len().min(batch_max);
        queue.drain(..size).unzip()
    }

    /// Puts messages into the queue, if that is where they go, in the order of the calls.
    fn send(&self, cell: &Inner, messages: &[Addressed]) -> Option<Answer<'static, ()>> {
        let queue = cell.queue.as_ref().filter(|_| self.to == cell.id);
        queue.map(|queue| queue.send(messages))
    }

    async fn deliver(
        &self,
        cell: &Arc<Inner>,
        batch: Vec<Waiting>,
        messages: Vec<Addressed>,
        sent: Option<Answer<'static, ()>>,
    ) {
        let delivered = match sent {
            Some(sent) => sent.await.map(|()| vec![Delivery::Applied; messages.len()]),
            None => cell.mesh.deliver(&self.to, &messages).await,
        };
        let outcomes = match delivered {
            Ok(outcomes) if outcomes.len() == batch.len() => Ok(outcomes),
            Ok(_) => Err("its answer does not fit the question".to_owned()),
            Err(fault) => Err(base_fault::chain(&fault)),
        };
        let batch = batch.into_iter().zip(messages).map(underway);
        let outcomes = match outcomes {
            Ok(outcomes) => outcomes,
            Err(why) => return self.unreachable(cell, batch, &why),
        };
        *self.failures.lock() = 0;
        let mut arrived = Vec::with_capacity(outcomes.len());
        for (underway, outcome) in batch.zip(outcomes) {
            match outcome {
                Delivery::Applied | Delivery::Parked => arrived.push(underway.key),
                Delivery::NotMine => cell.route_later(underway),
                Delivery::Retry(fault) => self.again(cell, underway, fault),
            }
        }
        if !arrived.is_empty() {
            cell.settle(arrived, false).await;
        }
    }

    /// Routes the whole batch again: the cell is away, or its tenants have moved meanwhile.
    fn unreachable(&self, cell: &Arc<Inner>, batch: impl Iterator<Item = Underway>, why: &str) {
        let failures = {
            let mut failures = self.failures.lock();
            *failures = failures.saturating_add(1);
            *failures
        };
        if failures == 1 {
            let to = if self.to == cell.id { "the queue of this cell" } else { self.to.as_str() };
            tracing::warn!(to, why, "cannot be reached; messages for it wait");
        }
        batch.for_each(|underway| cell.route(underway));
    }

    fn again(&self, cell: &Arc<Inner>, mut underway: Underway, fault: Fault) {
        let (to, cell, by) = (self.to.clone(), Arc::clone(cell), Arc::clone(cell));
        by.spawn(async move {
            match cell.wait_or_give_up(&mut underway, &fault).await {
                Ok(()) => cell.route(underway),
                Err(tries) => {
                    let why = format!("{to} could not apply it: {}", base_fault::chain(&fault));
                    cell.park_own(underway.key, underway.entry.errand, why, tries).await;
                }
            }
        });
    }
}

fn underway((waiting, addressed): (Waiting, Addressed)) -> Underway {
    let Waiting { key, failures } = waiting;
    let Addressed { to, service, message } = addressed;
    let errand = Errand::Deliver { to, service, message };
    Underway { key, entry: OutboxEntry { errand, due: None, tries: 0 }, failures }
}

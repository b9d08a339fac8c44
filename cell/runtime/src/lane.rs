//! The messages for one other cell: in order, many at once, and patiently while that cell is away.

use std::{collections::VecDeque, sync::Arc};

use base_fault::Fault;
use base_ids::CellId;
use base_time::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};

use crate::{
    cell::Inner,
    mesh::{Addressed, Delivery},
    port::{Errand, OutboxEntry, OutboxKey},
    relay::given_up,
};

/// Deliveries to one cell that wait for an answer at once.
const DELIVERIES_MAX: usize = 8;

struct Waiting {
    key: OutboxKey,
    addressed: Addressed,
    tries: u32,
}

/// What waits for one other cell.
pub(crate) struct Lane {
    to: CellId,
    queue: Mutex<VecDeque<Waiting>>,
    wake: Notify,
    places: Arc<Semaphore>,
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
            failures: Mutex::new(0),
        }
    }

    /// Queues a message; false if there is no room for it.
    pub(crate) fn push(
        &self,
        key: OutboxKey,
        addressed: Addressed,
        tries: u32,
        lane_max: usize,
    ) -> bool {
        let mut queue = self.queue.lock();
        if queue.len() >= lane_max {
            return false;
        }
        queue.push_back(Waiting { key, addressed, tries });
        self.wake.notify_one();
        true
    }

    /// The cell, how many messages wait for it here, and since when.
    pub(crate) fn waiting(&self) -> (CellId, usize, Option<Timestamp>) {
        let queue = self.queue.lock();
        (self.to.clone(), queue.len(), queue.front().map(|first| first.addressed.message.at))
    }

    /// Delivers what is queued, for as long as the cell runs.
    pub(crate) async fn run(self: Arc<Self>, cell: Arc<Inner>) {
        loop {
            let batch = self.take(cell.config.delivery_max).await;
            let failures = *self.failures.lock();
            if failures > 0 {
                // Nothing gets through: one try at a time, with growing waits.
                tokio::time::sleep(cell.config.retry_after(failures, batch[0].key.commit)).await;
                self.deliver(&cell, batch).await;
                continue;
            }
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
            let (lane, by) = (Arc::clone(&self), Arc::clone(&cell));
            cell.spawn(async move {
                lane.deliver(&by, batch).await;
                drop(place);
            });
        }
    }

    async fn take(&self, batch_max: usize) -> Vec<Waiting> {
        loop {
            {
                let mut queue = self.queue.lock();
                if !queue.is_empty() {
                    let size = queue.len().min(batch_max);
                    return queue.drain(..size).collect();
                }
            }
            self.wake.notified().await;
        }
    }

    async fn deliver(&self, cell: &Arc<Inner>, batch: Vec<Waiting>) {
        let addressed: Vec<Addressed> =
            batch.iter().map(|waiting| waiting.addressed.clone()).collect();
        let outcomes = match cell.mesh.deliver(&self.to, &addressed).await {
            Ok(outcomes) if outcomes.len() == batch.len() => outcomes,
            Ok(_) => return self.unreachable(cell, batch, "its answer does not fit the question"),
            Err(fault) => return self.unreachable(cell, batch, &base_fault::chain(&fault)),
        };
        *self.failures.lock() = 0;
        let mut arrived = Vec::with_capacity(batch.len());
        for (waiting, outcome) in batch.into_iter().zip(outcomes) {
            match outcome {
                Delivery::Applied | Delivery::Parked => arrived.push(waiting.key),
                Delivery::NotMine => cell.route_later(waiting.key, waiting.entry()),
                Delivery::Retry(fault) => self.again(cell, waiting, fault),
            }
        }
        if !arrived.is_empty() {
            cell.settle(arrived, false).await;
        }
    }

    /// Routes the whole batch again: the cell is away, or its tenants have moved meanwhile.
    fn unreachable(&self, cell: &Arc<Inner>, batch: Vec<Waiting>, why: &str) {
        let failures = {
            let mut failures = self.failures.lock();
            *failures = failures.saturating_add(1);
            *failures
        };
        if failures == 1 {
            tracing::warn!(cell = %self.to, why, "a cell cannot be reached; its messages wait");
        }
        for waiting in batch {
            cell.route(waiting.key, waiting.entry());
        }
    }

    fn again(&self, cell: &Arc<Inner>, mut waiting: Waiting, fault: Fault) {
        waiting.tries += 1;
        cell.metrics.tried_again();
        let (to, cell, by) = (self.to.clone(), Arc::clone(cell), Arc::clone(cell));
        by.spawn(async move {
            let (key, tries) = (waiting.key, waiting.tries);
            if given_up(&fault, tries, cell.config.tries_max) {
                let why = format!("{to} could not apply it: {}", base_fault::chain(&fault));
                return cell.park_own(key, waiting.entry().errand, why, tries).await;
            }
            tokio::time::sleep(cell.wait_before(&fault, tries, key)).await;
            cell.route(key, waiting.entry());
        });
    }
}

impl Waiting {
    fn entry(self) -> OutboxEntry {
        let Self { addressed: Addressed { to, service, message }, tries, .. } = self;
        OutboxEntry { errand: Errand::Deliver { to, service, message }, due: None, tries }
    }
}

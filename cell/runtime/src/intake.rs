//! The intake: hears what the queue brings, in order for each tenant, many tenants at once, and acknowledges what has had its effect.
//!
//! Of one tenant up to [`TOGETHER`] messages are begun at once, in order; those behind them wait until each of these has ended. Whatever
//! cannot be heard for long is put back at the queue's end, so that it neither fills the memory nor holds up what the queue may forget.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use base_fault::{Code, Fault};
use base_ids::{CellId, Tenant};
use parking_lot::Mutex;
use router_table::Route;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use crate::{
    cell::Inner,
    mesh::{Addressed, Delivery},
    patience::{Failures, Outage},
    port::{DeadLetter, Errand, OutboxKey},
    queue::{Queue, Receipt, Received},
    relay::REROUTE,
    room::Hearing,
};

/// Most messages of one tenant that are begun at once: as many as one append hears.
const TOGETHER: usize = 64;
/// How long a tenant's messages wait before they are put back.
const PUT_BACK: Duration = Duration::from_mins(1);
/// The same while the intake is full and others wait for a place. Longer than it takes to give a message up for its own reason.
const PUT_BACK_CROWDED: Duration = Duration::from_secs(20);

/// A message that was received, with its place.
struct Waiting {
    addressed: Addressed,
    receipt: Receipt,
    failures: Failures,
    _place: OwnedSemaphorePermit,
}

/// What was received and not acknowledged yet.
pub(crate) struct Intake {
    queue: Arc<dyn Queue>,
    /// What waits for each tenant behind what is being heard. A tenant stands here while somebody sees to its messages.
    tenants: Mutex<HashMap<Tenant, VecDeque<Waiting>>>,
    places: Arc<Semaphore>,
}

impl Intake {
    pub(crate) fn new(queue: Arc<dyn Queue>, places: usize) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(places));
        Arc::new(Self { queue, tenants: Mutex::default(), places })
    }

    /// Receives for as long as the cell runs.
    pub(crate) async fn run(self: Arc<Self>, cell: Arc<Inner>) {
        let mut outage = Outage::default();
        loop {
            let received = match self.queue.receive().await {
                Ok(received) => received,
                Err(fault) => {
                    if outage.begins() {
                        let fault = base_fault::chain(&fault);
                        tracing::warn!(fault, "the queue cannot be read; what it holds waits");
                    }
                    outage.wait(&cell.config).await;
                    continue;
                }
            };
            outage.ends();
            for Received { addressed, receipt } in received {
                let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
                let failures = Failures::default();
                self.queue_up(&cell, Waiting { addressed, receipt, failures, _place: place });
            }
        }
    }

    fn queue_up(self: &Arc<Self>, cell: &Arc<Inner>, waiting: Waiting) {
        let to = waiting.addressed.to.clone();
        let mut tenants = self.tenants.lock();
        if let Some(behind) = tenants.get_mut(&to) {
            behind.push_back(waiting);
            return;
        }
        tenants.insert(to.clone(), VecDeque::from([waiting]));
        drop(tenants);
        cell.spawn(Arc::clone(self).see_to(Arc::clone(cell), to));
    }

    /// Hears what waits for a tenant, and what comes meanwhile.
    async fn see_to(self: Arc<Self>, cell: Arc<Inner>, to: Tenant) {
        // What was received together is heard together.
        tokio::task::yield_now().await;
        while let Some(batch) = self.next(&to) {
            self.hear_all(&cell, &to, batch).await;
        }
    }

    fn next(&self, to: &Tenant) -> Option<Vec<Waiting>> {
        let mut tenants = self.tenants.lock();
        let behind = tenants.get_mut(to)?;
        if behind.is_empty() {
            tenants.remove(to);
            return None;
        }
        let size = behind.len().min(TOGETHER);
        Some(behind.drain(..size).collect())
    }

    /// Sees to messages of one tenant until each has had its effect, is parked, or was put back.
    async fn hear_all(&self, cell: &Arc<Inner>, to: &Tenant, mut batch: Vec<Waiting>) {
        let since = Instant::now();
        loop {
            batch.retain(|waiting| !waiting.receipt.is_void());
            if batch.is_empty() {
                return;
            }
            let wait = self.try_all(cell, to, &mut batch).await;
            if batch.is_empty() {
                return;
            }
            let patience =
                if self.places.available_permits() == 0 { PUT_BACK_CROWDED } else { PUT_BACK };
            let is_others = batch.iter().all(|waiting| waiting.failures.lie_with_others());
            if is_others && since.elapsed() >= patience && self.put_back(cell, to, &mut batch).await
            {
                return;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// One try of each: here, or at the cell to which the tenant has moved. What is over is acknowledged and gone from the batch;
    /// says how long to wait before the next try of what is left.
    async fn try_all(&self, cell: &Arc<Inner>, to: &Tenant, batch: &mut Vec<Waiting>) -> Duration {
        let elsewhere = match cell.table.load().route(to.as_str()) {
            Route::To { owner, .. } if owner.cell.id != cell.id => Some(owner.cell.id.clone()),
            Route::To { owner, .. } if !owner.held => None,
            _ => return REROUTE,
        };
        let outcomes = match elsewhere {
            Some(owner) => pass_on(cell, &owner, batch).await,
            None => hear_here(cell, batch).await,
        };
        let (mut left, mut over, mut wait) = (Vec::new(), Vec::new(), REROUTE);
        for (mut waiting, outcome) in batch.drain(..).zip(outcomes) {
            match self.judge(cell, &mut waiting, outcome).await {
                None => over.push(waiting.receipt),
                Some(asked) => {
                    wait = wait.max(asked);
                    left.push(waiting);
                }
            }
        }
        *batch = left;
        self.queue.acknowledge(&over);
        wait
    }

    /// What follows from how a try ended: how long to wait before the next one, or nothing if the message is over.
    async fn judge(
        &self,
        cell: &Inner,
        waiting: &mut Waiting,
        outcome: Hearing,
    ) -> Option<Duration> {
        let (fault, why) = match outcome {
            Hearing::Heard { .. } => return None,
            Hearing::NotMine => return Some(REROUTE),
            Hearing::Poison(why) => (None, why),
            Hearing::Retry(fault) => {
                let why = base_fault::chain(&fault);
                (Some(fault), why)
            }
        };
        let Addressed { to, service, message } = waiting.addressed.clone();
        let age = cell.clock.now().since(message.at);
        let errand = Errand::Deliver { to, service, message };
        let key = OutboxKey {
            due_ms: 0,
            commit: u64::try_from(waiting.receipt.offset).unwrap_or_default(),
            ordinal: 0,
        };
        let config = &cell.config;
        if let Some(fault) = &fault {
            waiting.failures.count(fault);
            cell.metrics.tried_again();
            if !waiting.failures.are_enough(fault, &errand, age, config) {
                return Some(waiting.failures.wait(fault, key, config));
            }
        }
        let tries = waiting.failures.tries + u32::from(fault.is_none());
        let letter = DeadLetter { errand, why, tries, at: cell.clock.now() };
        if !cell.park_letter(None, letter.clone()).await {
            // It stays in the queue until the store takes it.
            let text = "a dead letter could not be parked";
            let fault = Fault::downstream(Code::StoreBroken, Duration::from_secs(1), text);
            waiting.failures.count(&fault);
            return Some(waiting.failures.wait(&fault, key, config));
        }
        if let Err(fault) = self.queue.show_dead(&letter).await {
            let fault = base_fault::chain(&fault);
            tracing::warn!(fault, "a dead letter lies in the store, but could not be shown");
        }
        None
    }

    /// Puts what waits for a tenant at the queue's end, in order; false if it cannot be, and stays.
    async fn put_back(&self, cell: &Inner, to: &Tenant, batch: &mut Vec<Waiting>) -> bool {
        if let Some(behind) = self.tenants.lock().get_mut(to) {
            batch.extend(behind.drain(..).filter(|waiting| !waiting.receipt.is_void()));
        }
        let messages: Vec<_> = batch.iter().map(|waiting| waiting.addressed.clone()).collect();
        match self.queue.send(&messages).await {
            Ok(()) => {
                cell.metrics.put_back(messages.len());
                let receipts: Vec<_> = batch.drain(..).map(|waiting| waiting.receipt).collect();
                self.queue.acknowledge(&receipts);
                true
            }
            Err(fault) => {
                let fault = base_fault::chain(&fault);
                tracing::warn!(fault, "messages that cannot be heard could not be put back either");
                false
            }
        }
    }
}

/// Hears messages here. All are queued at their streams, in order, before the first is begun.
async fn hear_here(cell: &Arc<Inner>, batch: &[Waiting]) -> Vec<Hearing> {
    let hear = |waiting: &Waiting| cell.tasks().spawn(cell.hear_received(&waiting.addressed));
    let tasks: Vec<_> = batch.iter().map(hear).collect();
    let mut heard = Vec::with_capacity(tasks.len());
    for task in tasks {
        heard.push(task.await.unwrap_or_else(|bug| {
            let text = "hearing the message failed";
            Hearing::Retry(Fault::ours(Code::Internal, text).because(bug))
        }));
    }
    heard
}

/// Takes messages to the cell to which their tenant has moved, before they are acknowledged here.
async fn pass_on(cell: &Inner, owner: &CellId, batch: &[Waiting]) -> Vec<Hearing> {
    let messages: Vec<_> = batch.iter().map(|waiting| waiting.addressed.clone()).collect();
    match cell.mesh.deliver(owner, &messages).await {
        Ok(outcomes) if outcomes.len() == batch.len() => {
            outcomes.into_iter().map(hearing_of).collect()
        }
        Ok(_) => {
            let text = format!("the answer of {owner} does not fit the question");
            let fault = Fault::downstream(Code::Unavailable, Duration::ZERO, text);
            vec![Hearing::Retry(fault); batch.len()]
        }
        Err(fault) => vec![Hearing::Retry(fault); batch.len()],
    }
}

/// What a delivery to another cell comes to: whatever that cell has parked is over here.
fn hearing_of(delivery: Delivery) -> Hearing {
    match delivery {
        Delivery::Applied | Delivery::Parked => Hearing::Heard { settled: false },
        Delivery::NotMine => Hearing::NotMine,
        Delivery::Retry(fault) => Hearing::Retry(fault),
    }
}

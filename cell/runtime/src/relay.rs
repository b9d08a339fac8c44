//! The relay: takes what waits in the outbox to whom it is addressed, until it is heard.
//!
//! What was just committed comes straight from the ring; what was left over (by a crash, an unreachable cell, a deadline in the
//! future) is found by scanning the outbox. An entry is on its way at most once at a time.

use std::{
    collections::{HashMap, HashSet},
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base_fault::Fault;
use base_ids::CellId;
use base_time::Timestamp;
use parking_lot::Mutex;
use router_table::Route;
use tokio::sync::Notify;

use crate::{
    cell::Inner,
    lane::Lane,
    patience::Failures,
    port::{DeadLetter, Errand, OutboxEntry, OutboxKey},
    room::{Boxed, Hearing},
};

/// How long an entry waits whose tenant has no owner, or whose owner has just changed.
pub(crate) const REROUTE: Duration = Duration::from_millis(50);
/// How many entries a scan reads at once.
const SCAN: usize = 500;
/// Longest sleep of the scanner: a bound on how long a lost wake-up can hurt.
const SCAN_AT_LEAST: Duration = Duration::from_secs(30);

/// An entry on its way.
pub(crate) struct Underway {
    pub(crate) key: OutboxKey,
    pub(crate) entry: OutboxEntry,
    pub(crate) failures: Failures,
}

/// What is on its way.
#[derive(Default)]
pub(crate) struct Relay {
    on_way: Mutex<HashSet<OutboxKey>>,
    lanes: Mutex<HashMap<CellId, Arc<Lane>>>,
    /// The nearest deadline that the scanner sleeps towards.
    nearest: Mutex<Option<Timestamp>>,
    wake: Notify,
    /// Something was left in the store that only a scan from the beginning finds.
    left_over: AtomicBool,
}

impl Relay {
    /// Scans the outbox from its beginning.
    pub(crate) fn rescan(&self) {
        self.left_over.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// How many entries are on their way.
    pub(crate) fn on_way(&self) -> usize {
        self.on_way.lock().len()
    }

    fn wake_for(&self, due: Timestamp) {
        let mut nearest = self.nearest.lock();
        if nearest.is_none_or(|nearest| due < nearest) {
            *nearest = Some(due);
            self.wake.notify_one();
        }
    }

    /// Forgets entries that are no longer on their way; a relay that was full looks for what it left behind.
    pub(crate) fn arrived(&self, keys: &[OutboxKey], errands_max: usize) {
        let mut on_way = self.on_way.lock();
        let was_full = on_way.len() * 2 >= errands_max;
        for key in keys {
            on_way.remove(key);
        }
        if was_full && on_way.len() * 2 < errands_max && self.left_over.load(Ordering::Acquire) {
            self.wake.notify_one();
        }
    }
}

impl Inner {
    /// Takes entries that were just committed on their way.
    pub(crate) fn post(self: &Arc<Self>, entries: Vec<(OutboxKey, OutboxEntry)>) {
        for (key, entry) in entries {
            match entry.due {
                Some(due) if due > self.clock.now() => self.relay.wake_for(due),
                _ => self.set_out(key, entry),
            }
        }
    }

    /// Takes one entry on its way unless it already is.
    fn set_out(self: &Arc<Self>, key: OutboxKey, entry: OutboxEntry) {
        {
            let mut on_way = self.relay.on_way.lock();
            if on_way.len() >= self.config.errands_max {
                self.relay.left_over.store(true, Ordering::Release);
                return;
            }
            if !on_way.insert(key) {
                return;
            }
            self.metrics.errands(on_way.len());
        }
        self.route(Underway { key, entry, failures: Failures::default() });
    }

    /// Finds the way of an entry that has set out.
    pub(crate) fn route(self: &Arc<Self>, underway: Underway) {
        let Errand::Deliver { to, .. } = &underway.entry.errand else { return self.go(underway) };
        let table = self.table.load();
        match table.route(to.as_str()) {
            Route::To { owner, .. } if owner.cell.id != self.id => {
                self.hand_over(&owner.cell.id, underway);
            }
            Route::To { owner, .. } if !owner.held => {
                if self.goes_over_the_queue(&underway.entry) {
                    self.hand_over(&self.id, underway);
                } else {
                    self.go(underway);
                }
            }
            _ => self.route_later(underway),
        }
    }

    /// Whether somebody else of this cell may hear an entry for one of its tenants. What a tenant tells itself, a reminder above all,
    /// is heard where it was told: its streams are held in memory there.
    fn goes_over_the_queue(&self, entry: &OutboxEntry) -> bool {
        let Errand::Deliver { to, message, .. } = &entry.errand else { return false };
        self.queue.is_some() && entry.due.is_none() && message.from.tenant != *to
    }

    /// Finds the way again a little later: the owner is changing or not known.
    pub(crate) fn route_later(self: &Arc<Self>, underway: Underway) {
        let cell = Arc::clone(self);
        self.spawn(async move {
            tokio::time::sleep(REROUTE).await;
            cell.route(underway);
        });
    }

    fn hand_over(self: &Arc<Self>, to_cell: &CellId, underway: Underway) {
        let lane = {
            let mut lanes = self.relay.lanes.lock();
            let made = lanes.entry(to_cell.clone()).or_insert_with(|| {
                let lane = Arc::new(Lane::new(to_cell.clone()));
                self.spawn(Arc::clone(&lane).run(Arc::clone(self)));
                lane
            });
            Arc::clone(made)
        };
        let key = underway.key;
        if !lane.push(underway, self.config.lane_max) {
            self.relay.left_over.store(true, Ordering::Release);
            self.relay.arrived(&[key], self.config.errands_max);
        }
    }

    /// How many messages wait in memory for each other cell.
    pub(crate) fn waiting(&self) -> Vec<(CellId, usize, Option<Timestamp>)> {
        let lanes = self.relay.lanes.lock();
        let mut waiting: Vec<_> = lanes.values().map(|lane| lane.waiting()).collect();
        waiting.sort();
        waiting
    }

    fn go(self: &Arc<Self>, underway: Underway) {
        let cell = Arc::clone(self);
        // Queued at once, but begun when those that were committed together have queued what they tell.
        let first = self.hear_own(&underway);
        self.spawn(async move {
            tokio::task::yield_now().await;
            let hearing = first.await;
            cell.try_until_heard(underway, hearing).await;
        });
    }

    async fn try_until_heard(self: Arc<Self>, mut underway: Underway, mut hearing: Hearing) {
        let key = underway.key;
        loop {
            match hearing {
                Hearing::Heard { settled } => return self.settle(vec![key], settled).await,
                Hearing::NotMine => return self.route_later(underway),
                Hearing::Poison(why) => {
                    let tries = underway.failures.tries + 1;
                    return self.park_own(key, underway.entry.errand, why, tries).await;
                }
                Hearing::Retry(fault) => {
                    if let Err(tries) = self.wait_or_give_up(&mut underway, &fault).await {
                        let why = base_fault::chain(&fault);
                        return self.park_own(key, underway.entry.errand, why, tries).await;
                    }
                }
            }
            hearing = self.hear_own(&underway).await;
        }
    }

    fn hear_own(self: &Arc<Self>, underway: &Underway) -> Boxed<'static, Hearing> {
        let Underway { key, entry: OutboxEntry { errand, due, .. }, .. } = underway;
        let service = service_of(errand);
        let Some(room) = self.rooms.get(service).cloned() else {
            let why = format!("this cell has no service `{service}`");
            return Box::pin(ready(Hearing::Poison(why)));
        };
        match errand {
            Errand::Deliver { to, message, .. } => {
                room.hear(self, to, message, Some(*key), due.is_some())
            }
            Errand::Perform { message } => room.perform(self, message, *key),
        }
    }

    /// Waits before the next try of what has just failed; `Err` with the number of tries if it is given up.
    pub(crate) async fn wait_or_give_up(
        &self,
        underway: &mut Underway,
        fault: &Fault,
    ) -> Result<(), u32> {
        let Underway { key, entry: OutboxEntry { errand, .. }, failures } = underway;
        failures.count(fault);
        self.metrics.tried_again();
        let since = if key.due_ms > 0 { key.due() } else { errand.message().at };
        if failures.are_enough(fault, errand, self.clock.now().since(since), &self.config) {
            return Err(failures.tries);
        }
        tokio::time::sleep(failures.wait(fault, *key, &self.config)).await;
        Ok(())
    }

    /// Forgets entries that are heard.
    pub(crate) async fn settle(&self, keys: Vec<OutboxKey>, settled: bool) {
        if !settled && let Err(fault) = self.stores.outbox.settle(keys.clone()).await {
            // The entry is told again after a restart, and heard once.
            tracing::warn!(
                fault = base_fault::chain(&fault),
                "heard messages could not be taken out of the outbox"
            );
        }
        self.relay.arrived(&keys, self.config.errands_max);
    }

    /// Puts an entry of this cell's outbox among the dead letters.
    pub(crate) async fn park_own(&self, key: OutboxKey, errand: Errand, why: String, tries: u32) {
        self.park(Some(key), errand, why, tries).await;
        self.relay.arrived(&[key], self.config.errands_max);
    }

    /// Puts a message among the dead letters, durably; says whether that worked.
    pub(crate) async fn park(
        &self,
        key: Option<OutboxKey>,
        errand: Errand,
        why: String,
        tries: u32,
    ) -> bool {
        self.park_letter(key, DeadLetter { errand, why, tries, at: self.clock.now() }).await
    }

    /// The same, of a letter that is written.
    pub(crate) async fn park_letter(&self, key: Option<OutboxKey>, letter: DeadLetter) -> bool {
        let DeadLetter { errand, why, tries, .. } = &letter;
        let message = errand.message();
        tracing::warn!(kind = message.kind, from = %message.from, why, tries, "parked among the dead letters");
        if let Some(room) = self.rooms.get(service_of(errand)) {
            self.metrics.parked(room.service());
        }
        match self.stores.outbox.park(key, letter).await {
            Ok(()) => true,
            Err(fault) => {
                tracing::error!(
                    fault = base_fault::chain(&fault),
                    "a dead letter could not be parked"
                );
                false
            }
        }
    }

    /// Finds what waits in the store: everything at first, then what comes due.
    pub(crate) async fn scan(self: Arc<Self>) {
        self.relay.left_over.store(true, Ordering::Release);
        let mut arrivals = self.stores.outbox.arrivals();
        loop {
            let whole = self.relay.left_over.swap(false, Ordering::AcqRel);
            let now = self.clock.now();
            if let Err(fault) = self.scan_due(now, whole).await {
                tracing::error!(fault = base_fault::chain(&fault), "the outbox cannot be read");
                self.relay.left_over.store(true, Ordering::Release);
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            let next = self.stores.outbox.next_due(now).await.ok().flatten();
            *self.relay.nearest.lock() = next;
            let sleep = next.map_or(SCAN_AT_LEAST, |next| next.since(now).min(SCAN_AT_LEAST));
            tokio::select! {
                biased;
                () = tokio::time::sleep(sleep) => {}
                () = self.relay.wake.notified() => {}
                Ok(()) = arrivals.changed() => self.relay.left_over.store(true, Ordering::Release),
            }
        }
    }

    async fn scan_due(self: &Arc<Self>, now: Timestamp, whole: bool) -> Result<(), Fault> {
        // What is due at once comes first in the outbox, and is taken on its way when it is posted.
        let past_at_once = OutboxKey { due_ms: 0, commit: u64::MAX, ordinal: u16::MAX };
        let mut after = (!whole).then_some(past_at_once);
        loop {
            let page = self.stores.outbox.due(now, after, SCAN).await?;
            let full = page.len() == SCAN;
            after = page.last().map(|(key, _)| *key).or(after);
            for (key, entry) in page {
                self.set_out(key, entry);
            }
            if !full || self.relay.on_way() >= self.config.errands_max {
                return Ok(());
            }
        }
    }
}

fn service_of(errand: &Errand) -> &str {
    match errand {
        Errand::Deliver { service, .. } => service,
        Errand::Perform { message } => &message.from.service,
    }
}

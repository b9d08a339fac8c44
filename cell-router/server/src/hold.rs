//! Requests that wait, unread, for the owner of a held tenant: in order, bounded in number, bytes and time.
//!
//! A place in a tenant's queue is a right to wait and no more: who is first looks again whenever a table arrives, and every now
//! and then without one, so that a hold that has ended is noticed with the control plane away. Each place that is given back
//! wakes the next one: what has waited goes on in the order in which it came.

mod bounds;
mod count;
mod queue;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use base_ids::Epoch;
use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

pub use bounds::HoldBounds;
pub(crate) use count::HoldCounts;
use queue::Queues;

/// How long the first in a queue waits before it looks again without a new table; doubled each time.
const PROBE_MIN: Duration = Duration::from_millis(100);
const PROBE_MAX: Duration = Duration::from_secs(1);

/// All requests that wait.
pub(crate) struct Hold {
    bounds: HoldBounds,
    queues: Mutex<Queues>,
    /// How many wait; read without the lock by every request.
    waiting: AtomicUsize,
    /// Epoch of the newest table.
    newest: AtomicU64,
    counts: HoldCounts,
}

/// A bound that does not let another request wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    #[error("too many requests wait for the tenant already")]
    TenantRequests,
    #[error("the requests that wait for the tenant are too large already")]
    TenantBytes,
    #[error("too many requests wait already")]
    AllRequests,
    #[error("the requests that wait are too large already")]
    AllBytes,
}

impl Full {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::TenantRequests => "tenant_requests",
            Self::TenantBytes => "tenant_bytes",
            Self::AllRequests => "requests",
            Self::AllBytes => "bytes",
        }
    }
}

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is first, and there may be news.
    Look,
    /// It is first, and there have been no news for a while.
    Probe,
    /// It has waited as long as a request may.
    TimeUp,
}

/// A request's place in the queue of its tenant; given back when dropped, and the next one is woken.
pub(crate) struct Place {
    hold: Arc<Hold>,
    tenant: Box<str>,
    ticket: Ticket,
    wake: Arc<Notify>,
    probe_pause: Duration,
}

/// Keeps a request's rank and deadline if it has to wait once more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    rank: u64,
    bytes: usize,
    since: Instant,
    until: Instant,
}

impl Hold {
    pub(crate) fn new(bounds: HoldBounds, newest: Epoch, counts: HoldCounts) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            queues: Mutex::default(),
            waiting: AtomicUsize::new(0),
            newest: AtomicU64::new(newest.0),
            counts,
        })
    }

    /// Whether requests of the tenant wait: a new one goes behind them. Takes no lock while nobody waits.
    pub(crate) fn waits_for(&self, tenant: &str) -> bool {
        self.waiting.load(Ordering::Acquire) > 0 && self.queues.lock().has(tenant)
    }

    /// A place for a request that takes `bytes` of memory, or the bound that leaves none.
    pub(crate) fn enter(self: &Arc<Self>, tenant: &str, bytes: usize) -> Result<Place, Full> {
        let since = Instant::now();
        let until = since + self.bounds.wait();
        let mut queues = self.queues.lock();
        if let Err(full) = queues.room(tenant, bytes, &self.bounds) {
            self.counts.refused(full.as_str());
            return Err(full);
        }
        let ticket = Ticket { rank: queues.next_rank(), bytes, since, until };
        self.counts.held.inc();
        Ok(self.seat(&mut queues, tenant, ticket))
    }

    /// The place of a request that has waited before and was refused once more: it was let in already.
    pub(crate) fn return_to(self: &Arc<Self>, tenant: &str, ticket: Ticket) -> Place {
        self.seat(&mut self.queues.lock(), tenant, ticket)
    }

    fn seat(self: &Arc<Self>, queues: &mut Queues, tenant: &str, ticket: Ticket) -> Place {
        let wake = Arc::new(Notify::new());
        queues.put(tenant, ticket, Arc::clone(&wake));
        self.show(queues);
        Place {
            hold: Arc::clone(self),
            tenant: tenant.into(),
            ticket,
            wake,
            probe_pause: PROBE_MIN,
        }
    }

    /// A new table is routed by: whoever is first in a queue looks again.
    pub(crate) fn news(&self, epoch: Epoch) {
        self.newest.fetch_max(epoch.0, Ordering::AcqRel);
        if self.waiting.load(Ordering::Acquire) > 0 {
            self.queues.lock().wake_all_first();
        }
    }

    /// The request is on its way: the next one of its tenant may follow.
    pub(crate) fn pass_on(&self, place: Option<Place>) {
        if let Some(place) = place {
            let waited = place.ticket.since.elapsed();
            self.counts.waited.observe(waited.as_secs_f64());
        }
    }

    fn show(&self, queues: &Queues) {
        self.waiting.store(queues.len(), Ordering::Release);
        self.counts.waiting.set(i64::try_from(queues.len()).unwrap_or(i64::MAX));
        self.counts.waiting_bytes.set(i64::try_from(queues.bytes()).unwrap_or(i64::MAX));
    }
}

impl Place {
    /// Whether nobody came before.
    pub(crate) fn is_first(&self) -> bool {
        self.hold.queues.lock().is_first(&self.tenant, self.ticket.rank)
    }

    /// The right to the same place once more.
    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Waits until it is this request's turn to look again; `seen` is the epoch of the table that it has looked into.
    pub(crate) async fn wait(&mut self, seen: Epoch) -> Turn {
        let probe_at = Instant::now() + self.probe_pause;
        loop {
            let first = self.is_first();
            if first && self.hold.newest.load(Ordering::Acquire) > seen.0 {
                return Turn::Look;
            }
            let until = if first { probe_at.min(self.ticket.until) } else { self.ticket.until };
            if timeout_at(until, self.wake.notified()).await.is_ok() {
                if self.is_first() {
                    return Turn::Look;
                }
            } else if Instant::now() >= self.ticket.until {
                self.hold.counts.refused("time");
                return Turn::TimeUp;
            } else {
                self.probe_pause = (2 * self.probe_pause).min(PROBE_MAX);
                return Turn::Probe;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.hold.queues.lock();
        queues.leave(&self.tenant, self.ticket.rank);
        self.hold.show(&queues);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.counts.waiting.set(0);
    }
}

#[cfg(test)]
mod tests;

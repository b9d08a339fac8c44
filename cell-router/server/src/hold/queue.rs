//! Who waits for which tenant, in the order of their coming.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use tokio::sync::Notify;

use super::{Full, HoldBounds, Ticket};

/// The queues of all tenants for which anybody waits.
#[derive(Default)]
pub(super) struct Queues {
    by_tenant: HashMap<Box<str>, Queue>,
    requests: usize,
    bytes: usize,
    rank_next: u64,
}

#[derive(Default)]
struct Queue {
    waiting: BTreeMap<u64, Waiting>,
    bytes: usize,
}

struct Waiting {
    bytes: usize,
    wake: Arc<Notify>,
}

impl Queues {
    pub(super) fn len(&self) -> usize {
        self.requests
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn has(&self, tenant: &str) -> bool {
        self.by_tenant.contains_key(tenant)
    }

    pub(super) fn is_first(&self, tenant: &str, rank: u64) -> bool {
        let queue = self.by_tenant.get(tenant);
        queue.and_then(Queue::first).is_some_and(|(first, _)| *first == rank)
    }

    pub(super) fn next_rank(&mut self) -> u64 {
        self.rank_next += 1;
        self.rank_next
    }

    /// Whether a request of `bytes` finds room.
    pub(super) fn room(&self, tenant: &str, bytes: usize, bounds: &HoldBounds) -> Result<(), Full> {
        let queue = self.by_tenant.get(tenant);
        let (mine, my_bytes) = queue.map_or((0, 0), |queue| (queue.waiting.len(), queue.bytes));
        if mine >= bounds.tenant_requests_max {
            Err(Full::TenantRequests)
        } else if my_bytes + bytes > bounds.tenant_bytes_max {
            Err(Full::TenantBytes)
        } else if self.requests >= bounds.requests_max {
            Err(Full::AllRequests)
        } else if self.bytes + bytes > bounds.bytes_max {
            Err(Full::AllBytes)
        } else {
            Ok(())
        }
    }

    /// Puts a request into its place. Whoever was first and is so no longer finds out when it is woken.
    pub(super) fn put(&mut self, tenant: &str, ticket: Ticket, wake: Arc<Notify>) {
        if !self.by_tenant.contains_key(tenant) {
            self.by_tenant.insert(tenant.into(), Queue::default());
        }
        let Some(queue) = self.by_tenant.get_mut(tenant) else { return };
        queue.waiting.insert(ticket.rank, Waiting { bytes: ticket.bytes, wake });
        queue.bytes += ticket.bytes;
        self.requests += 1;
        self.bytes += ticket.bytes;
    }

    /// Takes a request out of its place and wakes the one that is first now.
    pub(super) fn leave(&mut self, tenant: &str, rank: u64) {
        let Some(queue) = self.by_tenant.get_mut(tenant) else { return };
        if let Some(gone) = queue.waiting.remove(&rank) {
            queue.bytes -= gone.bytes;
            self.requests -= 1;
            self.bytes -= gone.bytes;
        }
        match queue.first() {
            Some((_, first)) => first.wake.notify_one(),
            None => drop(self.by_tenant.remove(tenant)),
        }
    }

    pub(super) fn wake_all_first(&self) {
        for (_, first) in self.by_tenant.values().filter_map(Queue::first) {
            first.wake.notify_one();
        }
    }
}

impl Queue {
    fn first(&self) -> Option<(&u64, &Waiting)> {
        self.waiting.first_key_value()
    }
}

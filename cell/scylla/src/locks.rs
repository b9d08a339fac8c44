//! Locks by name within a pod: one append at a time on a stream, under a key, for a message.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Locks that exist while somebody holds or awaits them.
#[derive(Default)]
pub(crate) struct Locks(Arc<Mutex<HashMap<u128, Arc<Turn<()>>>>>);

/// Some locks, held.
pub(crate) struct Held {
    locks: Arc<Mutex<HashMap<u128, Arc<Turn<()>>>>>,
    held: Vec<(u128, OwnedMutexGuard<()>)>,
}

impl Locks {
    /// Waits for all of them. They are taken in order, so that no two wait for each other.
    pub(crate) async fn hold(&self, mut names: Vec<u128>) -> Held {
        names.sort_unstable();
        names.dedup();
        let mut held = Held { locks: self.0.clone(), held: Vec::with_capacity(names.len()) };
        for name in names {
            let turn = self.0.lock().entry(name).or_default().clone();
            held.held.push((name, turn.lock_owned().await));
        }
        held
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut locks = self.locks.lock();
        for (name, guard) in self.held.drain(..) {
            drop(guard);
            // Whoever waits has a clone of it; new ones come through the map, which is locked.
            if locks.get(&name).is_some_and(|turn| Arc::strong_count(turn) == 1) {
                locks.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Locks;

    #[tokio::test]
    async fn one_at_a_time_in_any_order_and_none_stays() {
        let (locks, inside) = (Locks::default(), AtomicUsize::new(0));
        let turns = (0..50_u128).map(async |turn| {
            let names = if turn % 2 == 0 { vec![1, 2, turn + 3] } else { vec![2, 1] };
            let held = locks.hold(names).await;
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            tokio::task::yield_now().await;
            inside.fetch_sub(1, Ordering::SeqCst);
            drop(held);
        });
        join_all(turns).await;
        assert_eq!(locks.0.lock().len(), 0);
    }
}

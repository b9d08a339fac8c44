//! What was learnt lately, bounded: the most recent entries stay, the older half is forgotten at a time.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    sync::atomic::{AtomicBool, Ordering},
};

use parking_lot::Mutex;

/// Locks are per shard, so that cores seldom meet.
const SHARDS: usize = 16;

/// A bounded map from `K` to `V`. Entries that are written or found again stay the longest.
pub(crate) struct Recent<K, V> {
    shards: [Mutex<Halves<K, V>>; SHARDS],
    hasher: RandomState,
    half_len_max: usize,
    /// While false, a look-up takes no lock.
    used: AtomicBool,
}

struct Halves<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq, V: Clone> Recent<K, V> {
    /// Room for about `len_max` entries.
    pub(crate) fn new(len_max: usize) -> Self {
        let halves = || Mutex::new(Halves { young: HashMap::new(), old: HashMap::new() });
        Self {
            shards: std::array::from_fn(|_| halves()),
            hasher: RandomState::new(),
            half_len_max: (len_max / (2 * SHARDS)).max(1),
            used: AtomicBool::new(false),
        }
    }

    pub(crate) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if !self.used.load(Ordering::Relaxed) {
            return None;
        }
        let mut halves = self.shard(key).lock();
        if let Some(value) = halves.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = halves.old.remove_entry(key)?;
        self.insert(&mut halves, key, value.clone());
        Some(value)
    }

    pub(crate) fn put(&self, key: K, value: V) {
        self.used.store(true, Ordering::Relaxed);
        self.insert(&mut self.shard(&key).lock(), key, value);
    }

    pub(crate) fn clear(&self) {
        self.used.store(false, Ordering::Relaxed);
        for shard in &self.shards {
            let mut halves = shard.lock();
            halves.young.clear();
            halves.old.clear();
        }
    }

    fn insert(&self, halves: &mut Halves<K, V>, key: K, value: V) {
        if halves.young.len() >= self.half_len_max {
            halves.old = std::mem::take(&mut halves.young);
        }
        halves.old.remove(&key);
        halves.young.insert(key, value);
    }

    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> &Mutex<Halves<K, V>> {
        // The top bits: the maps use the lower ones of their own, differently keyed, hashes.
        let at = usize::try_from(self.hasher.hash_one(key) >> 60).unwrap_or(0);
        &self.shards[at % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn it_stays_bounded_and_keeps_what_is_used() {
        let recent = Recent::new(320);
        recent.put(0, 0);
        for n in 1..10_000 {
            recent.put(n, n);
            assert_eq!(recent.get(&0), Some(0), "after {n}");
        }
        let kept = (0..10_000).filter(|n| recent.get(n).is_some()).count();
        assert!((100..=320).contains(&kept), "{kept}");
        recent.clear();
        assert_eq!(recent.get(&0), None);
    }
}

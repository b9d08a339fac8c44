//! The order in which webhooks go out: when they are due, one at a time per lane. Pure.

use std::collections::{BTreeMap, HashSet};

/// Something to deliver.
pub(crate) trait Parcel {
    /// Parcels of one lane never travel at the same time.
    fn lane(&self) -> &str;
    /// Parcels that are held together until the last of them comes.
    fn group(&self) -> Option<&str>;
}

/// Parcels that wait; times in Unix milliseconds.
#[derive(Debug)]
pub(crate) struct Queue<P> {
    waiting: BTreeMap<(u64, u64), P>,
    busy: HashSet<String>,
    next: u64,
    travelling_max: usize,
}

impl<P: Parcel> Queue<P> {
    /// An empty queue that lets at most `travelling_max` parcels travel at once.
    pub(crate) fn new(travelling_max: usize) -> Self {
        Self { waiting: BTreeMap::new(), busy: HashSet::new(), next: 0, travelling_max }
    }

    /// Takes a parcel in, behind those that are due at the same time.
    pub(crate) fn push(&mut self, parcel: P, due: u64) {
        self.waiting.insert((due, self.next), parcel);
        self.next += 1;
    }

    /// Makes all parcels of a group due, the last first.
    pub(crate) fn release_reversed(&mut self, group: &str, now: u64) {
        let keys: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, parcel)| parcel.group() == Some(group))
            .map(|(key, _)| *key)
            .collect();
        // By arrival, not by due time: every copy waited equally long for its last.
        let mut keys = keys;
        keys.sort_by_key(|(_, arrival)| std::cmp::Reverse(*arrival));
        for key in keys {
            if let Some(parcel) = self.waiting.remove(&key) {
                self.push(parcel, now);
            }
        }
    }

    /// The next parcel that may leave now; its lane stays busy until [`Queue::arrived`].
    pub(crate) fn take(&mut self, now: u64) -> Option<P> {
        if self.busy.len() >= self.travelling_max {
            return None;
        }
        let key = self
            .waiting
            .range(..=(now, u64::MAX))
            .find(|(_, parcel)| !self.busy.contains(parcel.lane()))
            .map(|(key, _)| *key)?;
        let parcel = self.waiting.remove(&key)?;
        self.busy.insert(parcel.lane().to_owned());
        Some(parcel)
    }

    /// The parcel of this lane has come to the end of its way.
    pub(crate) fn arrived(&mut self, lane: &str) {
        self.busy.remove(lane);
    }

    /// When the next parcel whose lane is free will be due; nothing while all that may travel do.
    pub(crate) fn next_due(&self) -> Option<u64> {
        if self.busy.len() >= self.travelling_max {
            return None;
        }
        self.waiting
            .iter()
            .find(|(_, parcel)| !self.busy.contains(parcel.lane()))
            .map(|((due, _), _)| *due)
    }

    /// Forgets what waits; what travels comes to its end.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Letter(&'static str, u32, Option<&'static str>);

    impl Parcel for Letter {
        fn lane(&self) -> &str {
            self.0
        }

        fn group(&self) -> Option<&str> {
            self.2
        }
    }

    fn taken(queue: &mut Queue<Letter>, now: u64) -> Option<u32> {
        queue.take(now).map(|letter| letter.1)
    }

    #[test]
    fn one_lane_sends_in_order_and_lanes_do_not_wait_for_each_other() {
        let mut queue = Queue::new(8);
        for (lane, number) in [("a", 1), ("a", 2), ("b", 3)] {
            queue.push(Letter(lane, number, None), 10);
        }
        assert_eq!(taken(&mut queue, 9), None);
        assert_eq!(taken(&mut queue, 10), Some(1));
        assert_eq!(taken(&mut queue, 10), Some(3));
        assert_eq!(taken(&mut queue, 10), None);
        queue.arrived("a");
        assert_eq!(taken(&mut queue, 10), Some(2));
    }

    #[test]
    fn a_delayed_parcel_is_overtaken() {
        let mut queue = Queue::new(8);
        queue.push(Letter("a", 1, None), 50);
        queue.push(Letter("a", 2, None), 10);
        assert_eq!(queue.next_due(), Some(10));
        assert_eq!(taken(&mut queue, 20), Some(2));
        assert_eq!(queue.next_due(), None);
        queue.arrived("a");
        assert_eq!(queue.next_due(), Some(50));
        assert_eq!(taken(&mut queue, 49), None);
        assert_eq!(taken(&mut queue, 50), Some(1));
    }

    #[test]
    fn a_held_group_leaves_in_reverse() {
        let mut queue = Queue::new(8);
        for number in 1..=3 {
            queue.push(Letter("g", number, Some("g")), 5_000 - u64::from(number));
        }
        assert_eq!(taken(&mut queue, 10), None);
        queue.release_reversed("g", 10);
        let mut order = Vec::new();
        while let Some(number) = taken(&mut queue, 10) {
            order.push(number);
            queue.arrived("g");
        }
        assert_eq!(order, [3, 2, 1]);
    }

    #[test]
    fn only_so_many_travel_at_once() {
        let mut queue = Queue::new(2);
        for lane in ["a", "b", "c"] {
            queue.push(Letter(lane, 0, None), 0);
        }
        assert!(queue.take(0).is_some() && queue.take(0).is_some());
        assert_eq!(queue.take(0), None);
        assert_eq!(queue.next_due(), None);
        queue.arrived("a");
        assert_eq!(queue.next_due(), Some(0));
        assert!(queue.take(0).is_some());
    }
}

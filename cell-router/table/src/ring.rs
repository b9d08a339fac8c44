//! Which pod of a cell a tenant prefers, and which next: a consistent-hash ring, so that a pod that comes or goes moves only its share.
//!
//! Any pod may serve any tenant; the preference keeps a tenant's streams in one pod's cache. Everybody who holds a table must prefer
//! the same pod, whatever it was built by: what is hashed are bytes that are written down here, never a type's own `Hash`.

use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

use base_ids::PodName;
use consistent_hash::{Node, RingHash, StaticHashRing};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use crate::{Cell, Pod};

/// Points of each pod on the ring: the fullest of 32 pods then has a tenth more than its share.
const POINTS: u16 = 640;
/// Most pods of a cell.
pub(crate) const PODS_MAX: usize = 64;
/// Tenants' places on the ring, apart from those among the slots: what a cell owns is a choice of slots.
const SEED: u64 = 0x736f_756b_2d70_6f64;

/// The pods of one cell in order of preference, for each tenant. It depends on the pods' names and on nothing else.
pub(crate) struct Ring {
    pods: usize,
    /// Where each stretch of the ring ends, in order.
    ends: Box<[u64]>,
    /// For each stretch the pods, the preferred one first: their places in the cell's list.
    orders: Box<[u8]>,
}

impl Ring {
    /// The ring of pods with these names.
    fn of(names: &[PodName]) -> Self {
        let hash = Bytes { names };
        let places = 0..u8::try_from(names.len()).expect("a table checks how many pods there are");
        let nodes = places.clone().map(|place| Node::new(place).quantity(POINTS.into()));
        let ring = StaticHashRing::new(hash, nodes);
        let point = |place, number| Bytes { names }.hash_vnode(&place, number);
        let mut ends: Vec<u64> = places
            .flat_map(|place| (0..usize::from(POINTS)).map(move |number| point(place, number)))
            .collect();
        ends.sort_unstable();
        // The ring's own walk allocates; here it does so once, and no look-up ever.
        let orders = ends.iter().flat_map(|end| ring.calc_candidates(&Point(*end)));
        let orders = orders.map(|node| node.key).collect();
        Self { pods: names.len(), ends: ends.into(), orders }
    }

    /// The places of the pods in the order that this tenant prefers.
    fn order(&self, tenant_name: &str) -> &[u8] {
        let point = xxh3_64_with_seed(tenant_name.as_bytes(), SEED);
        let nth = self.ends.partition_point(|end| *end < point);
        // Behind the last point the ring begins anew.
        let start = if nth == self.ends.len() { 0 } else { nth * self.pods };
        &self.orders[start..start + self.pods]
    }

    /// Bytes that it takes in memory.
    pub(crate) fn size(&self) -> usize {
        size_of_val(&*self.ends) + size_of_val(&*self.orders)
    }
}

/// Hashes over bytes that do not depend on compiler, width or version.
struct Bytes<'n> {
    names: &'n [PodName],
}

impl RingHash for Bytes<'_> {
    /// The point itself: it is a hash already.
    fn hash_item<T: Hash>(&self, item: &T) -> u64 {
        number_in(item)
    }

    /// XXH3-64 over the pod's name and the number of the point (u32, little-endian).
    fn hash_vnode<K: Hash>(&self, place: &K, number: usize) -> u64 {
        let name = usize::try_from(number_in(place)).ok().and_then(|place| self.names.get(place));
        let mut hasher = Xxh3::new();
        hasher.update(name.map_or("", PodName::as_str).as_bytes());
        hasher.update(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        hasher.digest()
    }
}

/// A place on the ring.
struct Point(u64);

impl Hash for Point {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Reads the one number that a point or a place consists of.
fn number_in<T: Hash>(item: &T) -> u64 {
    let mut reading = Reading(0);
    item.hash(&mut reading);
    reading.finish()
}

struct Reading(u64);

impl Hasher for Reading {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |number, byte| number << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// Rings by the names that they are made of: cells whose pods have the same names share one, and so do tables that follow one another.
#[derive(Default)]
pub(crate) struct Rings(BTreeMap<Vec<PodName>, Arc<Ring>>);

impl Rings {
    /// The ring of a cell; none if there is nothing to choose.
    pub(crate) fn of(&mut self, cell: &Cell) -> Option<Arc<Ring>> {
        if cell.pods.len() < 2 {
            return None;
        }
        let names: Vec<_> = cell.pods.iter().map(|pod| pod.name.clone()).collect();
        let ring = self.0.entry(names).or_insert_with_key(|names| Arc::new(Ring::of(names)));
        Some(Arc::clone(ring))
    }

    /// Keeps the ring of a cell for the next table.
    pub(crate) fn keep(&mut self, cell: &Cell, ring: &Arc<Ring>) {
        self.0.insert(cell.pods.iter().map(|pod| pod.name.clone()).collect(), Arc::clone(ring));
    }
}

/// The pods of a cell in the order that a tenant prefers. Allocates nothing.
#[derive(Clone, Debug)]
pub struct Preference<'t> {
    pods: &'t [Pod],
    order: std::slice::Iter<'t, u8>,
}

impl<'t> Preference<'t> {
    pub(crate) fn of(pods: &'t [Pod], ring: Option<&'t Ring>, tenant_name: &str) -> Self {
        let order = ring.map_or(&[0][..], |ring| ring.order(tenant_name)).iter();
        Self { pods, order }
    }
}

impl<'t> Iterator for Preference<'t> {
    type Item = &'t Pod;

    fn next(&mut self) -> Option<&'t Pod> {
        self.pods.get(usize::from(*self.order.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.order.size_hint()
    }
}

impl ExactSizeIterator for Preference<'_> {}

//! Token buckets for any number of senders in a fixed number of places.
//!
//! A bucket is one number: the point in time at which it will be full again (the generic cell rate algorithm). A bucket that is
//! full says nothing, so its place can be given away freely. Where all places of a set are taken, the bucket that will be full
//! soonest gives way: the smallest debt is forgiven, never a larger one.
//!
//! What an attacker gains by pushing others out: nothing. To have a debt of his own forgiven he must fill the set with buckets that
//! are deeper in debt, and each request that makes such a debt was one that he was allowed anyway. Which keys share a set nobody can
//! tell: keys are hashed under a secret that the process made at its start. What others lose by being pushed out: nothing, they get
//! a full bucket.

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    time::Duration,
};

use parking_lot::Mutex;

use crate::Rate;

/// Places per set: as many as fit in two cache lines with their keys.
const WAYS: usize = 8;

/// What became of a request that was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// It was taken from the bucket.
    Paid {
        /// Requests that the bucket still holds.
        left: u32,
        /// Until it is full again.
        full_in: Duration,
    },
    /// The bucket is empty, and stays as it is.
    Empty {
        /// Until it holds one request.
        wait: Duration,
        /// Until it is full again.
        full_in: Duration,
    },
}

/// Token buckets by key, in a fixed number of places.
pub struct Meter {
    sets: Box<[Mutex<Set>]>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Default)]
struct Place {
    /// 0 for nobody.
    key: u64,
    /// When the bucket is full again, in nanoseconds; earlier than now for a full one.
    full_at: u64,
}

#[derive(Clone, Copy, Default)]
struct Set([Place; WAYS]);

impl Meter {
    /// Room for `places` buckets, rounded up to a power of two, at least 8; 16 bytes each.
    pub fn new(places: usize) -> Self {
        let sets = (places / WAYS).max(1).next_power_of_two();
        Self { sets: (0..sets).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// Takes one request from the bucket of `key`, if it holds one.
    pub fn charge(&self, key: impl Hash, rate: Rate, now: Duration) -> Charge {
        let hash = self.hasher.hash_one(key).max(1);
        let now = nanos(now);
        let mut set = self.set(hash).lock();
        let place = set.place(hash);
        let debt = place.full_at.saturating_sub(now);
        let (each, whole) = (rate.each(), rate.whole());
        // A smaller rate may have come into force: a debt never exceeds a whole bucket.
        let debt = debt.min(whole);
        if debt + each > whole {
            let wait = Duration::from_nanos(debt + each - whole);
            return Charge::Empty { wait, full_in: Duration::from_nanos(debt) };
        }
        let debt = debt + each;
        *place = Place { key: hash, full_at: now + debt };
        let left = u32::try_from((whole - debt) / each).unwrap_or(u32::MAX);
        Charge::Paid { left, full_in: Duration::from_nanos(debt) }
    }

    /// How many buckets it has room for.
    pub fn places(&self) -> usize {
        self.sets.len() * WAYS
    }

    /// How many places are taken by buckets that are not full at `now`.
    pub fn used(&self, now: Duration) -> usize {
        let now = nanos(now);
        let used =
            |set: &Mutex<Set>| set.lock().0.iter().filter(|place| place.full_at > now).count();
        self.sets.iter().map(used).sum()
    }

    fn set(&self, hash: u64) -> &Mutex<Set> {
        // The top bits; the number of sets is a power of two.
        let bits = self.sets.len().trailing_zeros();
        let at = if bits == 0 { 0 } else { hash >> (64 - bits) };
        &self.sets[usize::try_from(at).unwrap_or(0)]
    }
}

impl Set {
    /// The place of `key`: its own, else that of the bucket which will be full soonest, emptied of its debt.
    fn place(&mut self, key: u64) -> &mut Place {
        let own = self.0.iter().position(|place| place.key == key);
        let at = own.unwrap_or_else(|| {
            let soonest = self.0.iter().enumerate().min_by_key(|(_, place)| place.full_at);
            let at = soonest.map_or(0, |(at, _)| at);
            self.0[at] = Place { key, full_at: 0 };
            at
        });
        &mut self.0[at]
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Charge, Meter};
    use crate::Rate;

    const RATE: Rate = Rate::new(10, 5);

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn paid(charge: Charge) -> bool {
        matches!(charge, Charge::Paid { .. })
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate() {
        let meter = Meter::new(64);
        let ask = |at| meter.charge("u1", RATE, ms(at));
        for left in [4, 3, 2, 1, 0] {
            assert!(matches!(ask(1000), Charge::Paid { left: found, .. } if found == left));
        }
        assert_eq!(ask(1000), Charge::Empty { wait: ms(100), full_in: ms(500) });
        assert_eq!(
            ask(1050),
            Charge::Empty { wait: ms(50), full_in: ms(450) },
            "asking costs nothing"
        );
        assert!(paid(ask(1100)) && !paid(ask(1100)));
        assert!(
            (0..5).all(|_| paid(ask(60_000))) && !paid(ask(60_000)),
            "full again, and not fuller"
        );
    }

    #[test]
    fn keys_have_buckets_of_their_own() {
        let meter = Meter::new(1024);
        assert!((0..5).all(|_| paid(meter.charge("u1", RATE, ms(1)))));
        assert!(!paid(meter.charge("u1", RATE, ms(1))));
        assert!(paid(meter.charge("u2", RATE, ms(1))));
        assert!(paid(meter.charge(("u1", 7), RATE, ms(1))));
    }

    #[test]
    fn a_million_strangers_take_no_more_room() {
        let meter = Meter::new(4096);
        for stranger in 0..1_000_000_u32 {
            assert!(paid(meter.charge(stranger, RATE, ms(1))), "a stranger is never refused");
        }
        assert_eq!(meter.places(), 4096);
        assert!(meter.used(ms(1)) <= 4096);
        assert_eq!(meter.used(ms(10_000)), 0);
    }

    proptest! {
        /// Who has spent a burst is not forgiven because strangers come by who have spent less, however many they are.
        #[test]
        fn who_is_in_debt_stays_in_debt_however_many_strangers_come(
            strangers in prop::collection::vec((any::<u64>(), 1_u8..4), 0..2_000),
        ) {
            let meter = Meter::new(8);
            for _ in 0..5 {
                prop_assert!(paid(meter.charge("spender", RATE, ms(1))));
            }
            for (stranger, times) in strangers {
                for _ in 0..times {
                    meter.charge(stranger, RATE, ms(1));
                }
                prop_assert!(!paid(meter.charge("spender", RATE, ms(1))));
            }
        }

        /// With room for all, nobody gets more than burst + rate × time, and whoever asks slower than the rate gets all.
        #[test]
        fn nobody_gets_more_than_burst_and_rate(gaps in prop::collection::vec(0_u64..400, 1..300)) {
            let meter = Meter::new(8);
            let (mut now, mut got) = (1_000, 0_u64);
            for gap in &gaps {
                now += gap;
                got += u64::from(paid(meter.charge("u1", RATE, ms(now))));
            }
            prop_assert!(got <= 5 + (now - 1_000) / 100 + 1, "{got} in {} ms", now - 1_000);
            if gaps.iter().all(|gap| *gap >= 100) {
                prop_assert_eq!(got, gaps.len() as u64);
            }
        }
    }
}

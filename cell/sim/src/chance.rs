//! Chance from a seed: ids, choices and waits that are the same at every run of the same seed.

use std::{ops::Range, sync::Arc};

use base_time::Clock;
use cell_runtime::Mint;
use parking_lot::Mutex;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// A source of chance. Clones share it.
#[derive(Clone)]
pub(crate) struct Chance(Arc<Mutex<ChaCha8Rng>>);

impl Chance {
    /// The chance of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed))))
    }

    /// Any number.
    pub(crate) fn number(&self) -> u64 {
        self.0.lock().random()
    }

    /// A number of a range that is not empty.
    pub(crate) fn within(&self, range: Range<u64>) -> u64 {
        self.0.lock().random_range(range)
    }

    /// Whether something happens that happens once in `times`.
    pub(crate) fn once_in(&self, times: u64) -> bool {
        self.within(0..times.max(1)) == 0
    }

    /// One of several; there must be one.
    pub(crate) fn one_of<'a, T>(&self, several: &'a [T]) -> &'a T {
        let place = self.0.lock().random_range(0..several.len());
        &several[place]
    }
}

/// Gives ids as processes do: 32 characters, ordered by time.
#[derive(Clone)]
pub(crate) struct Ids {
    chance: Chance,
    clock: Arc<dyn Clock>,
}

impl Ids {
    pub(crate) fn new(chance: Chance, clock: Arc<dyn Clock>) -> Self {
        Self { chance, clock }
    }

    /// As the runtime takes it.
    pub(crate) fn mint(&self) -> Mint {
        let Self { chance, clock } = self.clone();
        Arc::new(move || {
            let at = u64::try_from(clock.now().as_millis()).unwrap_or(0);
            format!("{at:012x}{:04x}{:016x}", chance.number() & 0xffff, chance.number())
        })
    }
}

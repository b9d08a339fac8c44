//! Idempotency keys, guests' secrets and dice, all from one seed, so that a journey can be walked again.

use std::sync::Arc;

use base_ids::GuestSecret;
use parking_lot::Mutex;
use rand::{Rng as _, RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// A source of chance that everybody in a journey shares. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Keys {
    chance: Arc<Mutex<ChaCha8Rng>>,
}

impl Keys {
    /// The source of this seed.
    pub fn of_seed(seed: u64) -> Self {
        Self { chance: Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed))) }
    }

    /// A key that nobody has used.
    pub fn next(&self) -> String {
        let mut chance = self.chance.lock();
        format!("{:016x}{:016x}", chance.next_u64(), chance.next_u64())
    }

    /// A visitor's secret.
    pub fn guest(&self) -> GuestSecret {
        let mut bytes = [0; 32];
        self.chance.lock().fill_bytes(&mut bytes);
        GuestSecret::of_random(&bytes)
    }

    /// A number from 0 to below `end`; 0 if that is 0.
    pub fn below(&self, end: usize) -> usize {
        self.chance.lock().random_range(0..end.max(1))
    }

    /// True so many times in a hundred.
    pub fn percent(&self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of several.
    ///
    /// Panics if there is none: a journey without anything to choose from is a bug of ours.
    pub fn pick<'t, T>(&self, among: &'t [T]) -> &'t T {
        &among[self.below(among.len())]
    }
}

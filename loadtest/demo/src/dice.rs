//! Seeded chance, in integers only, with a stream of its own for each thing that is made.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What the chance is for, so that vendor 7 and user 7 do not share their luck.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Author = 1,
    Work = 2,
    Edition = 3,
    Offers = 4,
    Vendor = 5,
    User = 6,
}

/// A source of chance that depends on the seed, the kind and the index, and on nothing else.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, kind: Kind, index: u32) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = kind as u8;
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(u64::from(index));
        Self(rng)
    }

    /// A number from 0 up to, not including, `bound`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        let scaled = u64::from(self.0.next_u32()) * u64::from(bound);
        u32::try_from(scaled >> 32).expect("the upper half of 64 bits fits 32")
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// Like [`Dice::below`], with small numbers far more likely: number 0 gets the square root of
    /// its fair share, as the largest shop of a town does.
    pub(crate) fn skewed_below(&mut self, bound: u32) -> u32 {
        let chance = u64::from(self.0.next_u32());
        let squared = (chance * chance) >> 32;
        u32::try_from((squared * u64::from(bound)) >> 32)
            .expect("the upper half of 64 bits fits 32")
    }

    /// True so many times out of a hundred.
    pub(crate) fn percent(&mut self, share: u32) -> bool {
        self.below(100) < share
    }

    /// One of `choices`, all equally likely.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.position(choices.len())]
    }

    /// One of `choices` by the weight beside it.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(u32, T)]) -> T {
        let total = choices.iter().map(|(weight, _)| weight).sum();
        let mut rest = self.below(total);
        for &(weight, choice) in choices {
            if rest < weight {
                return choice;
            }
            rest -= weight;
        }
        choices[0].1
    }

    /// So many random decimal digits.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap_or(0))).collect()
    }

    /// A position in a list of `length`.
    pub(crate) fn position(&mut self, length: usize) -> usize {
        let bound = u32::try_from(length).expect("word lists are short");
        usize::try_from(self.below(bound)).expect("32 bits fit a position")
    }
}

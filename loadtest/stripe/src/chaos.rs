//! Random misbehaviour from a seed: the same calls in the same order go wrong in the same way.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::script::{After, Before, Misdeed, Plan};

/// How often what goes wrong; every rate is in calls (or webhooks) per thousand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// Where the dice start.
    pub seed: u64,
    /// Longest random wait, in milliseconds.
    pub delay_ms_max: u64,
    /// Wait before the effect.
    pub delay_before: u16,
    /// Wait after the effect.
    pub delay_after: u16,
    /// Connection dropped, no effect.
    pub drop_before: u16,
    /// Connection dropped after the effect.
    pub drop_after: u16,
    /// 500, no effect.
    pub fail_before: u16,
    /// 500 after the effect.
    pub fail_after: u16,
    /// 429.
    pub rate_limit: u16,
    /// Webhook delivered twice.
    pub webhook_duplicate: u16,
    /// Webhook delayed, and so overtaken by later ones.
    pub webhook_delay: u16,
    /// First attempt of a webhook lost.
    pub webhook_drop: u16,
    /// First attempt of a webhook wrongly signed.
    pub webhook_wrong_signature: u16,
    /// First attempt of a webhook signed ten minutes ago.
    pub webhook_stale: u16,
    /// Webhook delivered before the call that caused it is answered.
    pub webhook_before_response: u16,
}

impl Chaos {
    /// Everything that can go wrong goes wrong at the same rate, in calls per thousand.
    pub fn even(seed: u64, rate: u16, delay_ms_max: u64) -> Self {
        Self {
            seed,
            delay_ms_max,
            delay_before: rate,
            delay_after: rate,
            drop_before: rate,
            drop_after: rate,
            fail_before: rate,
            fail_after: rate,
            rate_limit: rate,
            webhook_duplicate: rate,
            webhook_delay: rate,
            webhook_drop: rate,
            webhook_wrong_signature: rate,
            webhook_stale: rate,
            webhook_before_response: rate,
        }
    }
}

/// The dice that decide.
#[derive(Debug)]
pub(crate) struct Dice {
    chaos: Chaos,
    source: ChaCha8Rng,
}

impl Dice {
    pub(crate) fn new(chaos: Chaos) -> Self {
        Self { chaos, source: ChaCha8Rng::seed_from_u64(chaos.seed) }
    }

    pub(crate) fn chaos(&self) -> &Chaos {
        &self.chaos
    }

    /// What goes wrong with the next call.
    pub(crate) fn misdeed(&mut self) -> Misdeed {
        let rates = self.chaos;
        let delay_before_ms = self.wait(rates.delay_before);
        let delay_after_ms = self.wait(rates.delay_after);
        // All dice are rolled each time, so that one rate does not shift the luck of another.
        let before = [
            (self.hits(rates.drop_before), Before::Drop),
            (self.hits(rates.fail_before), Before::Fail),
            (self.hits(rates.rate_limit), Before::RateLimit),
        ];
        let after = [
            (self.hits(rates.drop_after), After::Drop),
            (self.hits(rates.fail_after), After::Fail),
        ];
        Misdeed {
            delay_before_ms,
            before: before.into_iter().find_map(|(hit, it)| hit.then_some(it)),
            delay_after_ms,
            after: after.into_iter().find_map(|(hit, it)| hit.then_some(it)),
        }
    }

    /// What goes wrong with the next webhook.
    pub(crate) fn plan(&mut self) -> Plan {
        let rates = self.chaos;
        Plan {
            delay_ms: self.wait(rates.webhook_delay),
            duplicate: u32::from(self.hits(rates.webhook_duplicate)),
            drop_first: u32::from(self.hits(rates.webhook_drop)),
            wrong_signature: u32::from(self.hits(rates.webhook_wrong_signature)),
            stale: u32::from(self.hits(rates.webhook_stale)),
            stale_seconds: 600,
            before_response: self.hits(rates.webhook_before_response),
            ..Plan::default()
        }
    }

    fn hits(&mut self, rate: u16) -> bool {
        self.source.random_range(0..1000) < rate
    }

    fn wait(&mut self, rate: u16) -> u64 {
        let wait = self.source.random_range(0..=self.chaos.delay_ms_max);
        if self.hits(rate) { wait } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_course_of_events() {
        let course = |seed| {
            let mut dice = Dice::new(Chaos::even(seed, 300, 20));
            (0..50).map(|_| (dice.misdeed(), dice.plan())).collect::<Vec<_>>()
        };
        assert_eq!(course(7), course(7));
        assert_ne!(course(7), course(8));
    }

    #[test]
    fn rates_of_nothing_and_of_all_are_kept() {
        let mut calm = Dice::new(Chaos::default());
        let mut wild = Dice::new(Chaos::even(1, 1000, 5));
        for _ in 0..100 {
            assert_eq!(calm.misdeed(), Misdeed::default());
            assert_eq!(wild.misdeed().before, Some(Before::Drop));
            assert_eq!(wild.plan().duplicate, 1);
        }
    }
}

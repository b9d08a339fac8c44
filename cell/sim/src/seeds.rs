//! Seeds: several purchases at once, scenarios, homes and faults by chance; the same at every run of the same seed.

use std::{fmt, sync::Arc, time::Instant};

use futures_util::future::join_all;
use strum::IntoEnumIterator as _;

use crate::{
    accounts::{self, Broken},
    chance::Chance,
    client::Refused,
    clock, crew,
    days::{Days, Stormy},
    fleet::{CELLS, Fleet},
    market::{self, Market},
    purchase::Purchase,
    scenario::Scenario,
    story,
    trial::{Verdict, caught, in_virtual_time, wrongs_of},
};

/// Something goes wrong once in so many messages, calls and (four times rarer) writes.
const ONCE_IN: u64 = 25;
/// Things that go wrong at most.
const WRONGS_MAX: u64 = 12;
/// Milliseconds over which the purchases begin.
const BEGIN_MS: u64 = 4_000;

/// What came of some seeds.
pub struct Report {
    market: u64,
    count: usize,
    failed: Vec<(u64, Vec<Broken>)>,
    seconds: f64,
}

/// Runs `count` seeds from `from` on.
pub fn run(market: &Market, from: u64, count: u64) -> Report {
    let began = Instant::now();
    let seeds: Vec<u64> = (from..from.saturating_add(count)).collect();
    let verdicts = crew::each(&seeds, |seed| caught(|| one(market, *seed, false)));
    let broken = seeds.iter().copied().zip(verdicts.into_iter().map(|verdict| verdict.broken));
    let failed: Vec<_> = broken.filter(|(_, broken)| !broken.is_empty()).collect();
    Report {
        market: market.seed,
        count: seeds.len(),
        failed,
        seconds: began.elapsed().as_secs_f64(),
    }
}

/// Runs one seed.
pub fn one(market: &Market, seed: u64, tell: bool) -> Verdict {
    in_virtual_time(|| go(market, seed, tell))
}

async fn go(market: &Market, seed: u64, tell: bool) -> Verdict {
    let chance = Chance::of(seed);
    let days: Arc<dyn Days> =
        Arc::new(Stormy::new(Chance::of(chance.number()), ONCE_IN, WRONGS_MAX));
    let fleet = Fleet::start(market.world.fork(chance.number()), &days);
    let began = fleet.now();
    let scenarios: Vec<Scenario> = Scenario::iter().collect();
    let buyers: Vec<_> = (0..chance.within(2..7))
        .map(|number| {
            let home = usize::try_from(chance.within(0..CELLS as u64)).unwrap_or(0);
            let nth = 10 + usize::try_from(number).unwrap_or(0);
            let plan = chance.one_of(&scenarios).plan();
            let user =
                if plan.guest { market::guest_in(home, nth) } else { market::user_in(home, nth) };
            (user, plan, chance.within(0..BEGIN_MS))
        })
        .collect();
    let purchases = buyers.iter().map(|(user, plan, wait)| {
        let purchase = Purchase::new(&fleet, &market.listings, *plan, user.clone());
        async move {
            clock::millis(*wait).await;
            purchase.go().await
        }
    });
    let went = join_all(purchases).await;
    let users: Vec<_> = buyers.into_iter().map(|(user, ..)| user).collect();
    let (counts, mut broken) = accounts::close(&fleet, &market.listings, &users).await;
    // Several buyers want the same few copies: those who come too late are told so, at the cart already.
    let wrong = |went: &&Result<_, Refused>| !matches!(went, Err(no) if no.is_sold_out());
    broken.extend(went.iter().filter(wrong).flat_map(wrongs_of));
    let story = if tell { story::of(&fleet, began).await } else { Vec::new() };
    fleet.stop().await;
    Verdict { end: None, counts, broken, story }
}

impl Report {
    /// How many seeds failed.
    pub fn failed(&self) -> usize {
        self.failed.len()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (seed, broken) in &self.failed {
            writeln!(f, "broken: cargo xtask sim --seed {} --from {seed} --count 1", self.market)?;
            for broken in broken {
                writeln!(f, "  {broken}")?;
            }
        }
        write!(f, "seeds: {} run, {} broken, {:.1} s", self.count, self.failed.len(), self.seconds)
    }
}

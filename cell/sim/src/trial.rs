//! One purchase under given bad days, from a fresh copy of the market to the accounts.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use crate::{
    accounts::{self, Broken},
    client::Refused,
    days::{Days, Injection, Planned},
    fleet::{Counts, Fleet},
    market::{self, Market},
    purchase::{Purchase, Went},
    scenario::{Deed, End, Plan, Scenario},
    story,
};

/// A scenario with its bad days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What is bought, and how.
    pub scenario: Scenario,
    /// What goes wrong.
    pub days: Vec<Injection>,
}

/// What came of a trial.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// How the checkout ended.
    pub end: Option<End>,
    /// How much happened.
    pub counts: Counts,
    /// What is broken; nothing, if all is well.
    pub broken: Vec<Broken>,
    /// What happened, if it was to be told.
    pub story: Vec<String>,
}

impl Trial {
    /// The command that does it again.
    pub fn command(&self, seed: u64) -> String {
        let days: String = self.days.iter().map(|day| format!(" --at {day}")).collect();
        format!("cargo xtask crash-points --seed {seed} --scenario {}{days}", self.scenario)
    }

    /// Does it in a thread of its own time; a panic is a broken invariant too.
    pub fn run(&self, market: &Market, seed: u64, tell: bool) -> Verdict {
        in_virtual_time(|| self.go(market, seed, tell))
    }

    async fn go(&self, market: &Market, seed: u64, tell: bool) -> Verdict {
        let days: Arc<dyn Days> = Arc::new(Planned(self.days.clone()));
        let fleet = Fleet::start(market.world.fork(seed), &days);
        let began = fleet.now();
        let plan = self.scenario.plan();
        let user = if plan.guest { market::guest_in(0, 0) } else { market::user_in(0, 2) };
        let went = Purchase::new(&fleet, &market.listings, plan, user.clone()).go().await;
        let waits = self.waits_for_nobody(&fleet, &plan).await;
        let (counts, mut broken) = accounts::close(&fleet, &market.listings, &[user]).await;
        let end = went.as_ref().ok().and_then(|went| went.end);
        broken.extend(wrongs_of(&went).into_iter().chain(waits));
        if self.days.is_empty() && end != Some(plan.ends) {
            let what = format!("ended {end:?} on good days, not {:?}: {went:?}", plan.ends);
            broken.push(Broken { invariant: "scenario", what });
        }
        let story = if tell { story::of(&fleet, began).await } else { Vec::new() };
        fleet.stop().await;
        Verdict { end, counts, broken, story }
    }

    /// Deadlines that stand after a purchase on good days although what they were set for has happened. On bad days a cell may have
    /// forgotten to call them off.
    async fn waits_for_nobody(&self, fleet: &Fleet, plan: &Plan) -> Vec<Broken> {
        if !self.days.is_empty() {
            return Vec::new();
        }
        let silent = plan.deeds.contains(&Deed::KeepsSilent);
        let standing = accounts::deadlines(fleet).await;
        let over = standing.into_iter().filter(|kind| !(silent && kind.ends_with(".AnswerDue")));
        let told =
            |kind| Broken { invariant: "scenario", what: format!("{kind} was not called off") };
        over.map(told).collect()
    }
}

/// What the buyer or a vendor has met that nobody should.
pub(crate) fn wrongs_of(went: &Result<Went, Refused>) -> Vec<Broken> {
    let wrong = |invariant, what| vec![Broken { invariant, what }];
    match went {
        Err(no) => wrong("scenario", no.to_string()),
        Ok(Went { end: None, checkout, .. }) => {
            wrong("checkout-4", format!("{} never ended", checkout.name))
        }
        Ok(Went { answers_differ: true, checkout, .. }) => {
            wrong("idem-1", format!("placing {} again was answered otherwise", checkout.name))
        }
        Ok(_) => Vec::new(),
    }
}

/// Runs something in a runtime of its own, whose time stands still while anything can be done.
pub(crate) fn in_virtual_time<T, F: Future<Output = T>>(work: impl FnOnce() -> F) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs nothing that could be missing");
    runtime.block_on(async { work().await })
}

/// The verdict, or the panic as one.
pub(crate) fn caught(work: impl FnOnce() -> Verdict) -> Verdict {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let what = format!("a panic: {}", text.unwrap_or_default());
        let broken = vec![Broken { invariant: "bug", what }];
        Verdict { end: None, counts: Counts::default(), broken, story: Vec::new() }
    })
}

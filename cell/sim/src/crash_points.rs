//! Enumerates crash points: every write, message and provider's call of a purchase, each with everything that it may meet.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    time::Instant,
};

use strum::IntoEnumIterator as _;

use crate::{
    chance::Chance,
    crew,
    days::{CallDay, Injection, WireDay, WriteDay},
    fleet::Counts,
    market::Market,
    scenario::{End, Scenario},
    trial::{Trial, Verdict, caught},
};

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which scenarios.
    pub scenarios: Vec<Scenario>,
    /// Of the single bad days, one in so many; 1 for all.
    pub one_in: u64,
    /// How many pairs of bad days, for each scenario.
    pub pairs: u64,
    /// How chance falls.
    pub seed: u64,
}

/// What came of it all.
pub struct Report {
    rows: Vec<Row>,
    kinds: BTreeMap<String, (u64, u64)>,
    broken: Vec<(Trial, Verdict)>,
    trials: usize,
    seconds: f64,
    seed: u64,
}

struct Row {
    scenario: Scenario,
    counts: Counts,
    trials: u64,
    broken: u64,
    ends: BTreeMap<End, u64>,
}

/// Tries everything that is wanted.
pub fn run(market: &Market, wanted: &Wanted) -> Report {
    let began = Instant::now();
    let good: Vec<Trial> = wanted.scenarios.iter().map(|scenario| good_days(*scenario)).collect();
    let good_verdicts = judge(market, wanted.seed, &good);
    let chance = Chance::of(wanted.seed);
    let mut trials = Vec::new();
    for (scenario, verdict) in wanted.scenarios.iter().zip(&good_verdicts) {
        // A purchase that fails on good days is told as it is; bad days would tell no more.
        if verdict.broken.is_empty() {
            trials.extend(trials_of(*scenario, &verdict.counts, wanted, &chance));
        }
    }
    let verdicts = judge(market, wanted.seed, &trials);
    let mut report = Report::of(wanted.seed, &good, &good_verdicts);
    for (trial, verdict) in good.into_iter().zip(good_verdicts) {
        report.note(trial, verdict);
    }
    for (trial, verdict) in trials.into_iter().zip(verdicts) {
        report.note(trial, verdict);
    }
    report.seconds = began.elapsed().as_secs_f64();
    report
}

fn good_days(scenario: Scenario) -> Trial {
    Trial { scenario, days: Vec::new() }
}

fn judge(market: &Market, seed: u64, trials: &[Trial]) -> Vec<Verdict> {
    crew::each(trials, |trial| caught(|| trial.run(market, seed, false)))
}

fn trials_of(scenario: Scenario, counts: &Counts, wanted: &Wanted, chance: &Chance) -> Vec<Trial> {
    let all = single_days(counts);
    let chosen = all.iter().filter(|_| chance.once_in(wanted.one_in));
    let mut trials: Vec<Trial> = chosen.map(|day| Trial { scenario, days: vec![*day] }).collect();
    for _ in 0..wanted.pairs {
        let mut days = vec![*chance.one_of(&all), *chance.one_of(&all)];
        days.sort();
        days.dedup();
        trials.push(Trial { scenario, days });
    }
    trials
}

/// Everything that may be met once.
fn single_days(counts: &Counts) -> Vec<Injection> {
    let mut days = Vec::new();
    for (cell, writes) in counts.writes.iter().enumerate() {
        for step in 0..*writes {
            days.extend(WriteDay::iter().map(|day| Injection::Write { cell, step, day }));
        }
    }
    for number in 1..=counts.messages {
        days.extend(WireDay::iter().map(|day| Injection::Message { number, day }));
    }
    for number in 1..=counts.calls {
        days.extend(CallDay::iter().map(|day| Injection::Call { number, day }));
    }
    days
}

impl Report {
    fn of(seed: u64, good: &[Trial], verdicts: &[Verdict]) -> Self {
        let row = |(trial, verdict): (&Trial, &Verdict)| Row {
            scenario: trial.scenario,
            counts: verdict.counts.clone(),
            trials: 0,
            broken: 0,
            ends: BTreeMap::new(),
        };
        let rows = good.iter().zip(verdicts).map(row).collect();
        Self { rows, kinds: BTreeMap::new(), broken: Vec::new(), trials: 0, seconds: 0.0, seed }
    }

    fn note(&mut self, trial: Trial, verdict: Verdict) {
        let broken = u64::from(!verdict.broken.is_empty());
        self.trials += 1;
        if let Some(row) = self.rows.iter_mut().find(|row| row.scenario == trial.scenario) {
            row.trials += 1;
            row.broken += broken;
            if let Some(end) = verdict.end {
                *row.ends.entry(end).or_default() += 1;
            }
        }
        let kind = match &*trial.days {
            [] => "good days".to_owned(),
            [day] => day.kind(),
            _ => "pair".to_owned(),
        };
        let counted = self.kinds.entry(kind).or_default();
        *counted = (counted.0 + 1, counted.1 + broken);
        if broken > 0 {
            self.broken.push((trial, verdict));
        }
    }

    /// How many trials are broken.
    pub fn broken(&self) -> usize {
        self.broken.len()
    }

    /// How many trials there were.
    pub fn trials(&self) -> usize {
        self.trials
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24}{:>16}{:>10}{:>7}{:>9}{:>8}  ended",
            "scenario", "writes by cell", "messages", "calls", "trials", "broken"
        )?;
        for Row { scenario, counts, trials, broken, ends } in &self.rows {
            let writes: Vec<String> = counts.writes.iter().map(u64::to_string).collect();
            let (name, writes) = (scenario.to_string(), writes.join(" + "));
            let mut ended = String::new();
            for (end, times) in ends {
                write!(ended, "{end} {times}  ")?;
            }
            let Counts { messages, calls, .. } = counts;
            writeln!(
                f,
                "{name:<24}{writes:>16}{messages:>10}{calls:>7}{trials:>9}{broken:>8}  {ended}"
            )?;
        }
        writeln!(f, "\n{:<24}{:>9}{:>8}", "kind", "trials", "broken")?;
        for (kind, (trials, broken)) in &self.kinds {
            writeln!(f, "{kind:<24}{trials:>9}{broken:>8}")?;
        }
        for (trial, verdict) in &self.broken {
            writeln!(f, "\nbroken: {}", trial.command(self.seed))?;
            for broken in &verdict.broken {
                writeln!(f, "  {broken}")?;
            }
        }
        let (trials, broken) = (self.trials, self.broken.len());
        write!(f, "\ncrash points: {trials} trials, {broken} broken, {:.1} s", self.seconds)
    }
}

//! Which points a chain has, and what came of trying them all.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use anyhow::ensure;
use loadtest_kit::say;

use crate::{
    point::{KINDS, Point},
    trial::{Ground, Verdict},
};

/// What a process does for itself and not for a chain.
const ITS_OWN: [&str; 8] = [
    "give a sign of life",
    "note a minute",
    "note a bucket",
    "take marks away",
    "forget a minute",
    "drop a bucket",
    "forget a bucket",
    "free a number",
];
/// Good days before the points are counted.
const GOOD_DAYS: usize = 4;

/// What came of it all.
#[derive(Default)]
pub(crate) struct Report {
    /// By purpose, then by kind: trials, not met, broken.
    rows: BTreeMap<(String, &'static str), [usize; 3]>,
    broken: Vec<(Point, Vec<String>)>,
    deaths: usize,
    took: Duration,
}

/// Tries what is asked for, or one of so many points.
///
/// Errors: a process cannot be started, or a chain does not hold on a good day.
pub(crate) async fn run(
    ground: &mut Ground,
    asked: &[Point],
    one_in: usize,
) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let begun = Instant::now();
    let points = if asked.is_empty() { points(ground).await? } else { asked.to_vec() };
    let chosen: Vec<_> = points.into_iter().step_by(one_in).collect();
    say::step(format!("{} points", chosen.len()));
    let bar = say::progress("points", chosen.len());
    for point in chosen {
        let verdict = ground.chain(Some(&point)).await?;
        if !verdict.broken.is_empty() {
            say::bad(format!("{point}: {}", verdict.broken.join("; ")));
        }
        report.note(point, verdict);
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.took = begun.elapsed();
    Ok(report)
}

/// Every change of a chain on a good day, with everything that it may meet. Of what is sometimes done together there are as many as
/// every time.
async fn points(ground: &mut Ground) -> anyhow::Result<Vec<Point>> {
    let mut least: Option<BTreeMap<&'static str, usize>> = None;
    for _ in 0..GOOD_DAYS {
        let Verdict { broken, changes, .. } = ground.chain(None).await?;
        ensure!(broken.is_empty(), "on a good day: {}", broken.join("; "));
        let before = least.take().unwrap_or_else(|| changes.clone());
        let both =
            |(what, times): (&'static str, usize)| Some((what, times.min(*changes.get(what)?)));
        least = Some(before.into_iter().filter_map(both).collect());
    }
    let changes = least.unwrap_or_default().into_iter();
    let places = changes
        .filter(|(what, _)| !ITS_OWN.contains(what))
        .flat_map(|(what, times)| (0..times).map(move |nth| (what, nth)));
    let points = places.flat_map(|(what, nth)| {
        KINDS.map(|(mishap, _)| Point { what: what.to_owned(), nth, mishap })
    });
    Ok(points.collect())
}

impl Report {
    fn note(&mut self, point: Point, verdict: Verdict) {
        let row = self.rows.entry((point.what.clone(), point.kind())).or_default();
        row[0] += 1;
        row[1] += usize::from(!verdict.met);
        row[2] += usize::from(!verdict.broken.is_empty());
        self.deaths += verdict.deaths;
        if !verdict.broken.is_empty() {
            self.broken.push((point, verdict.broken));
        }
    }

    /// Whether nothing is broken.
    pub(crate) fn holds(&self) -> bool {
        self.broken.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<32}{:<14}{:>8}{:>9}{:>8}",
            "change", "meets", "trials", "not met", "broken"
        )?;
        let mut all = [0; 3];
        for ((what, kind), row) in &self.rows {
            let [trials, unmet, broken] = row;
            writeln!(f, "{what:<32}{kind:<14}{trials:>8}{unmet:>9}{broken:>8}")?;
            for (sum, count) in all.iter_mut().zip(row) {
                *sum += count;
            }
        }
        for (point, broken) in &self.broken {
            writeln!(f, "\nbroken: cargo xtask crash-points --engines real --at \"{point}\"")?;
            for text in broken {
                writeln!(f, "  {text}")?;
            }
        }
        let [trials, unmet, broken] = all;
        write!(
            f,
            "\ncrash points on Cassandra: {trials} trials, {unmet} not met, {} processes died, {broken} broken, {:.0} s",
            self.deaths,
            self.took.as_secs_f64()
        )
    }
}

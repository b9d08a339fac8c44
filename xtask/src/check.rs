//! `check`: formatting, lints, walls and stories.

use crate::{house::House, say, step, tidy};

pub(crate) fn run(house: &House) -> anyhow::Result<bool> {
    let services: Vec<&str> = house
        .crates
        .iter()
        .filter(|each| each.folder.starts_with("cell/services/"))
        .flat_map(|each| ["--package", each.name.as_str()])
        .collect();
    let lints = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    let stories = ["test", "--quiet", "--lib"].into_iter().chain(services);
    let outcomes = [
        step::run("formatting", &mut step::cargo(house, ["fmt", "--all", "--check"]))?,
        step::run("lints", &mut step::cargo(house, lints))?,
        step::run_own("walls", || tidy::run(house)),
        step::run("stories of the services", &mut step::cargo(house, stories))?,
    ];
    say::line("");
    for outcome in &outcomes {
        let verdict = if outcome.holds { "ok    " } else { "FAILED" };
        say::line(&format!(
            "{verdict} {:<30} {:>6.1} s",
            outcome.title,
            outcome.took.as_secs_f64()
        ));
    }
    Ok(outcomes.iter().all(|outcome| outcome.holds))
}

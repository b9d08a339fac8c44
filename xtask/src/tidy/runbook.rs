//! The router's runbook names every metric, every alert and every knob, and none that is not there.

use std::collections::BTreeMap;

use super::{Finding, Source};
use crate::{house::House, settings, source::line_of};

const PAGE: &str = "docs/operations/router.md";
const RULES: &str = "docs/operations/router.rules.yml";
/// Where the router counts: itself, and what it counts as every process does that has an identity.
const CRATES: [&str; 2] = ["cell-router/server/src/", "base/identity/src/"];
/// What stands before every metric of the router.
const PREFIX: &str = "souk_router_";
/// What Prometheus puts behind the name of a metric.
const SUFFIXES: [&str; 4] = ["_total", "_bucket", "_sum", "_count"];

pub(super) fn check(house: &House, sources: &[Source]) -> Vec<Finding> {
    let counts = |source: &&Source| CRATES.iter().any(|folder| source.path.starts_with(folder));
    let ours = sources.iter().filter(counts).filter(|source| !source.is_test());
    let metrics: BTreeMap<String, String> = ours.flat_map(counted).collect();
    let router = settings::PROGRAMS.iter().find(|program| program.name == "souk-router");
    let settings = router.map(|program| (program.page(), house.text(&program.page())));
    let (settings_path, settings) = settings.unwrap_or_default();
    let knobs = configured(&settings);
    let (page, rules) = (house.text(PAGE), house.text(RULES));
    [
        untold_metrics(&metrics, &page),
        strangers(&metrics, PAGE, &page),
        strangers(&metrics, RULES, &rules),
        untold_knobs(&knobs, &settings_path, &page),
        strange_knobs(&knobs, &page),
        untold_alerts(&page, &rules),
        strange_alerts(&page, &rules),
    ]
    .concat()
}

/// The metrics that a file registers or collects, each with where it does.
fn counted(source: &Source) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut prefix = PREFIX.to_owned();
    let collects = source.code.contains("encode_descriptor(");
    for (at, _) in source.code.match_indices('(') {
        let Some((name, behind)) = text_at(source, at + 1) else { continue };
        let before = &source.code[..at];
        if before.ends_with("sub_registry_with_prefix") {
            prefix = format!("{name}_");
        }
        // With a help text behind the name; what a process waits for before it is ready is registered by a name alone. What is
        // collected when it is asked for is a list of names and help texts.
        let registered = before.ends_with(".register") && behind.starts_with(',');
        let collected = collects
            && !before.ends_with(is_word)
            && behind.starts_with(',')
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if registered || collected {
            found.insert(format!("{prefix}{name}"), source.at(at));
        }
    }
    found
}

/// The text in quotes that begins at `at` or behind the blanks there, and what follows it.
fn text_at(source: &Source, at: usize) -> Option<(&str, &str)> {
    source.text.get(at..)?.trim_start().strip_prefix('"')?.split_once('"')
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The knobs on the page of settings, each with its line; what has no default is commented out there.
fn configured(settings: &str) -> BTreeMap<String, usize> {
    let (mut section, mut found) = (String::new(), BTreeMap::new());
    for (line, text) in (1..).zip(settings.lines()) {
        if let Some(path) = text.strip_prefix('[') {
            section = format!("{}.", path.trim_end_matches(']'));
            continue;
        }
        let Some((knob, _)) = text.trim_start_matches('#').split_once(" =") else { continue };
        if !knob.is_empty() && knob.chars().all(is_word) {
            found.insert(format!("{section}{knob}"), line);
        }
    }
    found
}

fn untold_metrics(metrics: &BTreeMap<String, String>, page: &str) -> Vec<Finding> {
    let told: Vec<String> = named(page).into_iter().map(|(name, _)| name).collect();
    let untold = metrics.iter().filter(|(name, _)| !told.contains(name));
    untold
        .map(|(name, place)| {
            let remedy = format!("say in {PAGE} what it counts and what to do about it");
            Finding::new(place, format!("the runbook does not name {name}"), remedy)
        })
        .collect()
}

/// Metrics that a text names and nobody counts.
fn strangers(metrics: &BTreeMap<String, String>, path: &str, text: &str) -> Vec<Finding> {
    let unknown = named(text).into_iter().filter(|(name, _)| !metrics.contains_key(name));
    unknown
        .map(|(name, at)| {
            let place = format!("{path}:{}", line_of(text, at));
            Finding::new(place, format!("nobody counts {name}"), "take it out, or call it as it is")
        })
        .collect()
}

/// Every metric of the router that a text names, without what Prometheus puts behind it.
fn named(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(PREFIX) {
        let name: String = text[at..].chars().take_while(|char| is_word(*char)).collect();
        let bare = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
        found.push((bare.unwrap_or(&name).to_owned(), at));
    }
    found
}

/// The knobs that the runbook tells of: what stands in the first column of their table.
fn told_knobs(page: &str) -> Vec<(&str, usize)> {
    let at = page.find("\n## Knobs").unwrap_or(page.len());
    let rows = (line_of(page, at)..).zip(page[at..].lines());
    let columns = rows.filter_map(|(line, row)| {
        let column = row.strip_prefix("| `")?.split(" | ").next()?;
        Some((line, column.trim_end_matches('`')))
    });
    columns.flat_map(|(line, column)| column.split("`, `").map(move |knob| (knob, line))).collect()
}

/// Whether a row about `told` is about `knob`: it is the knob, or the section that holds it.
fn tells(told: &str, knob: &str) -> bool {
    knob.strip_prefix(told).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn untold_knobs(knobs: &BTreeMap<String, usize>, settings: &str, page: &str) -> Vec<Finding> {
    let told = told_knobs(page);
    let untold = knobs.iter().filter(|(knob, _)| !told.iter().any(|(told, _)| tells(told, knob)));
    untold
        .map(|(knob, line)| {
            let what = format!("the runbook does not name the knob `{knob}`");
            let remedy = format!("say below Knobs in {PAGE} what it does and when to turn it");
            Finding::new(format!("{settings}:{line}"), what, remedy)
        })
        .collect()
}

/// Rows about knobs that are not there. What an optional section such as `tls` holds is known only once it is set.
fn strange_knobs(knobs: &BTreeMap<String, usize>, page: &str) -> Vec<Finding> {
    let known = |told: &str| knobs.keys().any(|knob| tells(told, knob) || tells(knob, told));
    let strange = told_knobs(page).into_iter().filter(|(told, _)| !known(told));
    strange
        .map(|(told, line)| {
            let what = format!("there is no knob `{told}`");
            Finding::new(format!("{PAGE}:{line}"), what, "take it out, or call it as it is")
        })
        .collect()
}

fn untold_alerts(page: &str, rules: &str) -> Vec<Finding> {
    let untold = alerts(rules)
        .filter(|(name, _)| !page.lines().any(|line| line.strip_prefix("### ") == Some(name)));
    untold
        .map(|(name, at)| {
            let place = format!("{RULES}:{}", line_of(rules, at));
            let what = format!("the runbook says nothing about the alert {name}");
            Finding::new(place, what, format!("add `### {name}` to {PAGE}: why, and what to do"))
        })
        .collect()
}

fn strange_alerts(page: &str, rules: &str) -> Vec<Finding> {
    let headings = (1..).zip(page.lines()).filter_map(|(line, text)| {
        let name = text.strip_prefix("### ")?;
        (!alerts(rules).any(|(alert, _)| alert == name)).then_some((line, name))
    });
    headings
        .map(|(line, name)| {
            let what = format!("there is no alert {name}");
            Finding::new(
                format!("{PAGE}:{line}"),
                what,
                format!("add it to {RULES}, or take it out"),
            )
        })
        .collect()
}

/// The alerts, each with where it stands.
fn alerts(rules: &str) -> impl Iterator<Item = (&str, usize)> {
    let found = rules.match_indices("- alert: ");
    found.filter_map(|(at, word)| Some((rules[at + word.len()..].lines().next()?.trim(), at)))
}

#[cfg(test)]
mod tests {
    use super::{
        Source, configured, counted, strange_alerts, strange_knobs, strangers, untold_alerts,
        untold_knobs, untold_metrics,
    };

    const CODE: &str = r#"fn f() {
        let all = all.sub_registry_with_prefix("souk_router");
        all.register(
            "retries",
            "again", x);
        all.register("seconds", "s", y);
        waits.register("table");
        let all = all.sub_registry_with_prefix("souk_router_hold");
        all.register("waiting", text, z);
    }"#;

    fn whats(findings: &[super::Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.what.as_str()).collect()
    }

    #[test]
    fn a_metric_is_told_of_and_what_is_told_of_is_counted() {
        let metrics = counted(&Source::new("cell-router/server/src/count.rs", CODE));
        let names: Vec<_> = metrics.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["souk_router_hold_waiting", "souk_router_retries", "souk_router_seconds"]
        );
        let page =
            "| `souk_router_retries_total`, `souk_router_hold_waiting` |\n| `souk_router_gone` |\n";
        assert_eq!(
            whats(&untold_metrics(&metrics, page)),
            ["the runbook does not name souk_router_seconds"]
        );
        assert_eq!(whats(&strangers(&metrics, "p", page)), ["nobody counts souk_router_gone"]);
        assert!(strangers(&metrics, "p", "souk_router_seconds_bucket").is_empty());
    }

    #[test]
    fn what_is_collected_when_it_is_asked_for_is_a_metric_too() {
        let code = r#"fn encode() {
            let shown = [("cell_requests", "requests now", &out), ("cell_broken", "given up", &open)];
            encoder.encode_descriptor(name, help, None, kind);
            let other = text("Of something", 1);
        }"#;
        let metrics = counted(&Source::new("cell-router/server/src/tally.rs", code));
        let names: Vec<_> = metrics.keys().map(String::as_str).collect();
        assert_eq!(names, ["souk_router_cell_broken", "souk_router_cell_requests"]);
    }

    #[test]
    fn a_knob_is_told_of_and_what_is_told_of_is_a_knob() {
        let settings = "listen = \"x\"\n# A comment = no knob.\n#tls =\n[patience]\nread_ms = 1\n[limits.address]\nburst = 2\n";
        let knobs = configured(settings);
        let names: Vec<_> = knobs.keys().map(String::as_str).collect();
        assert_eq!(names, ["limits.address.burst", "listen", "patience.read_ms", "tls"]);
        let page = "| `read_ms` | elsewhere |\n\n## Knobs\n| `limits.address` | x |\n| `listen` | x |\n| `tls.key`, `gone` | x |\n";
        let untold = untold_knobs(&knobs, "s", page);
        assert_eq!(
            whats(&untold),
            [
                "the runbook does not name the knob `patience.read_ms`",
                "the runbook does not name the knob `tls`"
            ]
        );
        let strange = strange_knobs(&knobs, page);
        assert_eq!((strange[0].place.as_str(), strange.len()), ("docs/operations/router.md:6", 1));
    }

    #[test]
    fn an_alert_has_a_heading_and_a_heading_has_an_alert() {
        let rules = "  - alert: A\n  - alert: B\n";
        let page = "### A\n### C\n";
        assert_eq!(
            whats(&untold_alerts(page, rules)),
            ["the runbook says nothing about the alert B"]
        );
        assert_eq!(whats(&strange_alerts(page, rules)), ["there is no alert C"]);
    }
}

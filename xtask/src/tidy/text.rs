//! How every file begins, and what none may contain.

use std::collections::BTreeSet;

use super::{Finding, Source};

/// What no test may do, with what to do instead.
const NOT_IN_TESTS: [(&str, &str); 5] = [
    ("#[ignore", "a test that does not run proves nothing: make it quick, or a journey"),
    ("#[should_panic", "match the error instead"),
    ("thread::sleep(", "wait for what is to happen: base_testkit::eventually"),
    ("time::sleep(", "wait for what is to happen: base_testkit::eventually"),
    ("fn test_", "name the test after what holds, as a sentence"),
];

/// Allowed all the same where time stands still until every task sleeps: then a sleep waits for nothing.
const ON_PAUSED_TIME: &str = "time::sleep(";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let paused: BTreeSet<&str> = sources
        .iter()
        .filter(|source| source.text.contains("start_paused = true"))
        .map(|source| folder(&source.path))
        .collect();
    sources
        .iter()
        .flat_map(|source| {
            let is_paused = paused.contains(folder(&source.path));
            [beginning(source), modules(source), globs(source), tests(source, is_paused)].concat()
        })
        .collect()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn beginning(source: &Source) -> Vec<Finding> {
    let first = source.text.lines().next().unwrap_or_default();
    if first.strip_prefix("//! ").is_some_and(|sentence| sentence.len() > 10) {
        return Vec::new();
    }
    let remedy = "begin it with `//! ` and one sentence: what is this room for?";
    vec![Finding::new(format!("{}:1", source.path), "the file does not say what it is for", remedy)]
}

fn modules(source: &Source) -> Vec<Finding> {
    // The one main.rs of integration tests, and programs of several files, have folders that do not repeat a name.
    if source.stem() != "mod" {
        return Vec::new();
    }
    vec![Finding::new(
        &source.path,
        "mod.rs says nothing in a list of files",
        "name the file after its module",
    )]
}

fn globs(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, _) in
        source.code.match_indices("pub use ").chain(source.code.match_indices("pub(crate) use "))
    {
        let statement =
            &source.code[at..source.code[at..].find(';').map_or(source.code.len(), |end| at + end)];
        if statement.contains('*') {
            findings.push(Finding::new(
                source.at(at),
                "re-exports everything",
                "name what is re-exported",
            ));
        }
    }
    findings
}

fn tests(source: &Source, is_paused: bool) -> Vec<Finding> {
    let begin = if source.is_test() { Some(0) } else { source.code.find("#[cfg(test)]\nmod ") };
    let Some(begin) = begin else { return Vec::new() };
    let code = &source.code[begin..];
    let forbidden = NOT_IN_TESTS.iter().filter(|(text, _)| !(is_paused && *text == ON_PAUSED_TIME));
    let found = forbidden.flat_map(|(text, remedy)| {
        code.match_indices(text).map(move |(at, _)| {
            Finding::new(source.at(begin + at), format!("`{text}` in a test"), *remedy)
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::{Source, check};

    fn broken(path: &str, text: &str) -> Vec<String> {
        check(&[Source::new(path, text)])
            .into_iter()
            .map(|finding| format!("{}: {}", finding.place, finding.what))
            .collect()
    }

    #[test]
    fn every_file_says_what_it_is_for() {
        assert!(broken("a/src/b.rs", "//! Keeps the beats.\n").is_empty());
        assert_eq!(
            broken("a/src/b.rs", "use x;\n"),
            ["a/src/b.rs:1: the file does not say what it is for"]
        );
        assert_eq!(broken("a/src/mod.rs", "//! Keeps the beats.\n").len(), 1);
    }

    #[test]
    fn nothing_is_exported_wholesale() {
        assert_eq!(
            broken("a.rs", "//! Keeps the beats.\npub use x::{\n  y::*,\n};\n"),
            ["a.rs:2: re-exports everything"]
        );
        assert!(broken("a.rs", "//! Keeps the beats.\nuse x::*;\n// pub use x::*;\n").is_empty());
    }

    #[test]
    fn tests_wait_for_nothing_by_the_clock() {
        let sleeps = "//! Keeps the beats.\nfn f() { tokio::time::sleep(x) }\n";
        assert!(broken("a/src/b.rs", sleeps).is_empty());
        assert_eq!(
            broken("a/tests/it/main.rs", sleeps),
            ["a/tests/it/main.rs:2: `time::sleep(` in a test"]
        );
        assert_eq!(
            broken("a/src/tests.rs", "//! Keeps the beats.\n#[test]\nfn test_it() {}\n").len(),
            1
        );
    }
}

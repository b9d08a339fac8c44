//! What must never be otherwise carries one id, in the code and in `ARCHITECTURE.md`.

use std::collections::BTreeMap;

use super::{Finding, Source};
use crate::{house::House, source::line_of};

const MAP: &str = "ARCHITECTURE.md";
const WORD: &str = "Invariant ";

pub(super) fn check(house: &House, sources: &[Source]) -> Vec<Finding> {
    let map = ids_in(MAP, &house.text(MAP));
    let mut code = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.path.starts_with("xtask/")) {
        for (id, place) in ids_in(&source.path, &source.text) {
            code.entry(id).or_insert(place);
        }
    }
    compare(&code, &map)
}

fn compare(code: &BTreeMap<String, String>, map: &BTreeMap<String, String>) -> Vec<Finding> {
    let unmapped = code.iter().filter(|(id, _)| !map.contains_key(*id)).map(|(id, place)| {
        Finding::new(
            place,
            format!("Invariant {id} is not in {MAP}"),
            format!("add `Invariant {id}:` and what it says"),
        )
    });
    let unkept = map.iter().filter(|(id, _)| !code.contains_key(*id)).map(|(id, place)| {
        Finding::new(
            place,
            format!("no code says that it keeps Invariant {id}"),
            "say it where it is kept",
        )
    });
    unmapped.chain(unkept).collect()
}

/// Each id that follows the word, with where it first stands.
fn ids_in(path: &str, text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (at, _) in text.match_indices(WORD) {
        let behind = &text[at + WORD.len()..];
        let id: String = behind
            .chars()
            .take_while(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || *char == '-')
            .collect();
        let id = id.trim_end_matches('-').to_owned();
        if id.contains('-') {
            found.entry(id).or_insert_with(|| format!("{path}:{}", line_of(text, at)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{compare, ids_in};

    #[test]
    fn an_id_stands_in_both_places() {
        let code = ids_in(
            "a.rs",
            "//! Invariant stock-1: never negative.\n// (Invariant one-owner)\n// An Invariant of ours\n",
        );
        assert_eq!(code.keys().collect::<Vec<_>>(), ["one-owner", "stock-1"]);
        let map = ids_in("ARCHITECTURE.md", "- **Invariant stock-1:** x\n- Invariant gone-1: y\n");
        let findings = compare(&code, &map);
        let shown: Vec<_> = findings.iter().map(|finding| finding.place.as_str()).collect();
        assert_eq!(shown, ["a.rs:2", "ARCHITECTURE.md:2"]);
    }
}

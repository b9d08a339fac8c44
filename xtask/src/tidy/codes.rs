//! Every code that a client can get has a page that says what to do.

use std::collections::BTreeMap;

use super::{Finding, Source};
use crate::{house::House, source};

/// Where the pages are.
pub(crate) const PAGES: &str = "docs/errors";
const FAULTS: &str = "base/fault/src/code.rs";

pub(super) fn check(house: &House, sources: &[Source]) -> Vec<Finding> {
    let codes = all(sources);
    let pages: Vec<String> = house
        .files(PAGES, "md")
        .iter()
        .filter_map(|path| {
            Some(path.strip_prefix(PAGES)?.strip_prefix('/')?.strip_suffix(".md")?.to_owned())
        })
        .filter(|name| name != "README")
        .collect();
    let missing = codes.iter().filter(|(code, _)| !pages.contains(code)).map(|(code, place)| {
        let remedy = format!(
            "write {PAGES}/{code}.md: what it means, what a client does, what a person reads"
        );
        Finding::new(place, format!("the code `{code}` has no page"), remedy)
    });
    let stray = pages
        .iter()
        .filter(|page| !codes.contains_key(*page) && !is_variant(page, sources))
        .map(|page| {
            Finding::new(
                format!("{PAGES}/{page}.md"),
                "nothing has this code",
                "delete the page, or call it as the code",
            )
        });
    missing.chain(stray).collect()
}

/// Whether a page's code is that of a variant, written by `strum` in small letters: `VendorSilent` for `vendor_silent`.
fn is_variant(page: &str, sources: &[Source]) -> bool {
    let mut variant = String::new();
    for word in page.split('_') {
        let (first, rest) = word.split_at(word.len().min(1));
        variant += &first.to_uppercase();
        variant += rest;
    }
    let declared = format!("{variant},");
    sources.iter().any(|source| source.path.starts_with("cell/") && source.code.contains(&declared))
}

/// Every code, with where it stands.
pub(crate) fn all(sources: &[Source]) -> BTreeMap<String, String> {
    let mut codes = BTreeMap::new();
    for source in sources {
        let found = if source.path == FAULTS { faults(source) } else { refusals(source) };
        for (at, code) in found {
            codes.entry(code).or_insert_with(|| source.at(at));
        }
    }
    codes
}

/// The lines `Name => "code", Status, …;` of the list of faults.
fn faults(source: &Source) -> Vec<(usize, String)> {
    let list = source.code.find("codes! {").unwrap_or(source.code.len());
    let arrows = source.code[list..].match_indices("=> ").map(|(at, _)| list + at + 3);
    arrows.filter_map(|at| Some((at, literal(&source.text, at)?))).collect()
}

/// The texts in `fn code(&self) -> &'static str { … }` of the services.
fn refusals(source: &Source) -> Vec<(usize, String)> {
    if !source.path.starts_with("cell/services/") || source.is_test() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, name) in source::named_by(&source.code, "fn") {
        let Some(open) = source.code[at..].find('{').map(|offset| at + offset) else { continue };
        if name != "code" || !source.code[at..open].contains("&'static str") {
            continue;
        }
        // Strings are blanked out in the code, so the text has the quotes that the code has not.
        let body = open..source::closing(&source.code, open);
        let mut from = body.start;
        while let Some(quote) = source.text[from..body.end].find('"').map(|offset| from + offset) {
            let Some(code) = literal(&source.text, quote) else { break };
            from = quote + code.len() + 2;
            found.push((quote, code));
        }
    }
    found
}

/// The text between the quotes that begin at `at`.
fn literal(text: &str, at: usize) -> Option<String> {
    let behind = text.get(at..)?.strip_prefix('"')?;
    Some(behind[..behind.find('"')?].to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Source, all};

    #[test]
    fn a_variant_is_a_code_too() {
        let sources =
            [Source::new("cell/words/src/trouble.rs", "enum Trouble {\n  VendorSilent,\n}\n")];
        assert!(super::is_variant("vendor_silent", &sources));
        assert!(!super::is_variant("vendor_loud", &sources));
    }

    #[test]
    fn codes_are_found_where_they_are_written() {
        let faults = Source::new(
            "base/fault/src/code.rs",
            "macro { $x => $y }\ncodes! {\n  /// Not \"this\".\n  A => \"alpha\", S, \"A title\";\n}\n",
        );
        let text = "fn code(&self) -> &'static str {\n  match self { Self::A => \"beta\", Self::B { .. } => \"gamma\" }\n}\nfn text(&self) -> &'static str { \"no code\" }\n";
        let refusals = Source::new("cell/services/a/b/src/decide.rs", text);
        let codes = all(&[faults, refusals]);
        assert_eq!(codes.keys().collect::<Vec<_>>(), ["alpha", "beta", "gamma"]);
        assert_eq!(codes["gamma"], "cell/services/a/b/src/decide.rs:2");
    }
}

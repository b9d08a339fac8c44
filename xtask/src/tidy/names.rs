//! Names that say nothing: of types, functions and files.

use super::{
    Finding, Source,
    walls::{Names, Walls},
};
use crate::source;

pub(super) fn check(walls: &Walls, sources: &[Source]) -> Vec<Finding> {
    sources.iter().flat_map(|source| in_source(&walls.names, source)).collect()
}

fn in_source(names: &Names, source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if names.files.iter().any(|name| name == source.stem()) {
        findings.push(Finding::new(
            &source.path,
            "the file's name says nothing",
            "name it after the question it answers",
        ));
    }
    let types = ["struct", "enum", "trait", "type"]
        .into_iter()
        .flat_map(|keyword| source::named_by(&source.code, keyword));
    for (at, name) in types.filter(|(_, name)| !names.allowed.contains_key(name)) {
        let words = words_of(&name);
        let empty = |word: &&String| names.type_words.contains(word);
        let last =
            words.last().filter(|word| words.len() > 1 && names.type_last_words.contains(word));
        if let Some(word) = words.iter().find(empty).or(last) {
            let what = format!("`{name}`: `{word}` says nothing");
            findings.push(Finding::new(source.at(at), what, "name the type after what it is"));
        }
    }
    for (at, name) in source::named_by(&source.code, "fn") {
        let first = name.split('_').next().unwrap_or_default();
        let empty = names.function_first_words.iter().any(|word| word == first);
        if empty && !names.allowed.contains_key(&name) {
            let what = format!("`{name}`: `{first}` says nothing");
            findings.push(Finding::new(
                source.at(at),
                what,
                "name the function after what it brings about",
            ));
        }
    }
    findings
}

/// `StockLevel` is `Stock`, `Level`.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for char in name.chars() {
        match words.last_mut() {
            Some(word) if !char.is_uppercase() => word.push(char),
            _ => words.push(char.to_string()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{Source, Walls, check};

    fn broken(path: &str, text: &str) -> Vec<String> {
        let findings = check(&Walls::read().unwrap(), &[Source::new(path, text)]);
        findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        let text = "struct OrderManager;\nenum OrderInfo {}\nfn handle_order() {}\nfn process() {}\nfn do_it() {}\n";
        assert_eq!(broken("a/src/b.rs", text).len(), 5);
        assert_eq!(broken("a/src/utils.rs", "").len(), 1);
    }

    #[test]
    fn names_that_only_contain_them_are_not() {
        let text = "struct Information;\nstruct DataDirectory;\nstruct Implied;\nfn handler() {}\nfn processes() {}\nfn dot() {}\n// struct XManager;\n";
        assert!(broken("a/src/b.rs", text).is_empty());
    }
}

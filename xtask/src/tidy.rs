//! `tidy`: the walls of the house, kept by rules over data; and what is largest, as a trend.

pub(crate) mod codes;
mod contracts;
mod invariants;
mod layers;
mod names;
mod products;
mod rooms;
mod runbook;
mod sizes;
mod text;
mod walls;

use crate::{generate, house::House, say, source};

pub(crate) use walls::Walls;

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// `file:line`, or the file alone.
    place: String,
    /// What is wrong.
    what: String,
    /// What to do.
    remedy: String,
}

impl Finding {
    fn new(place: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), remedy: remedy.into() }
    }
}

/// A source file of ours.
pub(crate) struct Source {
    /// From the root.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments and strings blanked out.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: source::code_only(text) }
    }

    /// The file's name without `.rs`.
    fn stem(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// Whether the whole file is test code.
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    fn at(&self, offset: usize) -> String {
        format!("{}:{}", self.path, source::line_of(&self.code, offset))
    }
}

/// Prints what does not hold and what is largest; true if everything holds.
pub(crate) fn run(house: &House) -> anyhow::Result<bool> {
    let walls = Walls::read()?;
    let sources = sources(house);
    let mut findings = [
        layers::check(&walls, &house.crates),
        products::check(&walls, house)?,
        text::check(&sources),
        names::check(&walls, &sources),
        rooms::check(&walls, house, &sources),
        codes::check(house, &sources),
        runbook::check(house, &sources),
        invariants::check(house, &sources),
        contracts::check(house),
        generated(house, &sources),
    ]
    .concat();
    findings.sort();
    for Finding { place, what, remedy } in &findings {
        say::bad(&format!("{place}: {what}\n        {remedy}"));
    }
    sizes::print(house, &sources);
    match findings.len() {
        0 => say::good(&format!(
            "the walls hold: {} crates, {} files",
            house.crates.len(),
            sources.len()
        )),
        1 => say::bad("one wall is broken"),
        several => say::bad(&format!("{several} walls are broken")),
    }
    Ok(findings.is_empty())
}

/// What is generated is what the source says.
fn generated(house: &House, sources: &[Source]) -> Vec<Finding> {
    let stale = generate::stale(house, sources).into_iter();
    let remedy = "run `cargo xtask gen` and commit what it writes";
    stale.map(|path| Finding::new(path, "is not what the source says", remedy)).collect()
}

/// Every Rust file of ours.
pub(crate) fn sources(house: &House) -> Vec<Source> {
    let files = house.files("", "rs").into_iter();
    files.map(|path| Source::new(&path, &house.text(&path))).collect()
}

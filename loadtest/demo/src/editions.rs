//! Editions: the books that are bought, each with its number, titles and weight.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codes;
use crate::dice::{Dice, Kind};
use crate::scale::Scale;
use crate::spelling::Spelling;
use crate::words::publishers;
use crate::works::{Language, Work};
use crate::{Author, Subject};

/// The year in which the newest books of the catalogue came out.
const THIS_YEAR: u32 = 2026;
/// Three editions in a row are two works; the first or the second of them has two.
const EDITIONS_PER_PAIR: u32 = 3;

/// How a book is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A paper cover.
    Paperback,
    /// A hard cover.
    Hardcover,
    /// A small paper cover.
    Pocket,
}

/// A book that can be offered: one printing of one work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// An ISBN-13 of a sample block, without hyphens; in catalogues above scale 3.333 also EAN-13s
    /// under prefix 2.
    pub isbn13: String,
    /// The work it is an edition of, such as `work-000042`.
    pub work: String,
    /// Titles by language tag: always in its own language, for some also in others, and for some
    /// Arabic ones in Latin letters under `ar-Latn`.
    pub titles: BTreeMap<String, String>,
    /// What it is written in.
    pub language: Language,
    /// How the title in its own language departs from the plain spelling, if it does.
    pub spelling: Spelling,
    /// One author or two.
    pub authors: Vec<Author>,
    /// An invented publisher, in the letters of the language.
    pub publisher: String,
    /// The year of this printing.
    pub year: u32,
    /// How many pages it has.
    pub pages: u32,
    /// What it weighs, in grams.
    pub weight_grams: u32,
    /// How it is bound.
    pub format: Format,
    /// What it is about.
    pub subject: Subject,
}

impl Edition {
    /// The title in the edition's own language.
    pub fn title(&self) -> &str {
        self.titles.get(self.language.tag()).map_or("", String::as_str)
    }

    pub(crate) fn new(seed: u64, scale: Scale, index: u32) -> Self {
        let (work_index, again) = work_of(seed, index);
        let work = Work::new(seed, scale, work_index);
        let mut dice = Dice::new(seed, Kind::Edition, index);
        // A second edition is a translation for one in three, and a new printing otherwise.
        let translated = again && dice.percent(33);
        let language = if translated { Language::any(&mut dice) } else { work.language };
        let (titles, spelling) = titles(&work, language, &mut dice);
        let format = dice.weighted(&[
            (70, Format::Paperback),
            (20, Format::Hardcover),
            (10, Format::Pocket),
        ]);
        let years_later = if again { dice.between(0, THIS_YEAR - work.year) } else { 0 };
        Self {
            isbn13: codes::isbn13(index),
            titles,
            language,
            spelling,
            authors: work.authors.iter().map(|author| Author::new(seed, *author)).collect(),
            publisher: publishers::name(codes::publisher(index), language),
            year: work.year + years_later,
            pages: work.pages,
            weight_grams: weight_grams(format, work.pages),
            format,
            subject: work.subject,
            work: work.handle,
        }
    }
}

/// The work of an edition, and whether another edition came before.
fn work_of(seed: u64, edition: u32) -> (u32, bool) {
    let (pair, place) = (edition / EDITIONS_PER_PAIR, edition % EDITIONS_PER_PAIR);
    let first_has_two = Dice::new(seed, Kind::Edition, u32::MAX - pair).percent(50);
    match (first_has_two, place) {
        (_, 0) => (pair * 2, false),
        (true, 1) => (pair * 2, true),
        (false, 2) => (pair * 2 + 1, true),
        _ => (pair * 2 + 1, false),
    }
}

/// The titles of an edition and how its own is spelled.
fn titles(
    work: &Work,
    language: Language,
    dice: &mut Dice,
) -> (BTreeMap<String, String>, Spelling) {
    let mut titles = BTreeMap::new();
    let (own, spelling) = Spelling::any(language, dice).apply(&work.title.text(language));
    titles.insert(language.tag().to_owned(), own);
    for other in Language::ALL {
        if other != language && dice.percent(30) {
            titles.insert(other.tag().to_owned(), work.title.text(other));
        }
    }
    if language == Language::Arabic && dice.percent(50) {
        titles.insert("ar-Latn".to_owned(), work.title.in_latin_letters());
    }
    (titles, spelling)
}

fn weight_grams(format: Format, pages: u32) -> u32 {
    match format {
        Format::Paperback => 60 + pages * 13 / 10,
        Format::Hardcover => 250 + pages * 16 / 10,
        Format::Pocket => 30 + pages * 8 / 10,
    }
}

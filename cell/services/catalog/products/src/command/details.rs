//! What is known of a product apart from its number, field by field, so that a change can name the fields that it sets.

use base_ids::{Language, Text};
use serde::{Deserialize, Serialize};

use crate::wire;

/// What is known of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// Its title, in at least one language.
    pub title: Title,
    /// Who wrote it: 1 to 20.
    pub authors: Vec<Text<120>>,
    /// What it is written in.
    pub language: Language,
    /// Who published it; may be empty.
    pub publisher: Text<120, 0>,
    /// In which year; 0 if not known.
    pub year: u16,
    /// What it is about, such as `history`.
    pub subject: Word,
    /// How it is bound, such as `paperback`.
    pub format: Word,
    /// How many pages; 0 if not known.
    pub pages: u32,
    /// What it weighs; 0 if not known.
    pub weight_grams: u32,
}

/// A title in the platform's languages; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// In Arabic.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub ar: Text<300, 0>,
    /// In French.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub fr: Text<300, 0>,
    /// In English.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub en: Text<300, 0>,
}

fn is_empty(text: &Text<300, 0>) -> bool {
    text.as_str().is_empty()
}

/// A word for filters: 1 to 40 of `a-z`, `0-9`, `_` and `-`, beginning with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Word(base_ids::ResourceId);

impl Word {
    /// The word.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl std::str::FromStr for Word {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let word = Some(text).filter(|text| text.len() <= 40).and_then(|text| text.parse().ok());
        word.map(Self)
            .ok_or("expected 1 to 40 of a-z, 0-9, _ and -, beginning with a letter or digit")
    }
}

/// One field of the details, set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldChange {
    /// The title, in all languages.
    Title(Title),
    /// The authors.
    Authors(Vec<Text<120>>),
    /// The language.
    Language(Language),
    /// The publisher.
    Publisher(Text<120, 0>),
    /// The year.
    Year(u16),
    /// The subject.
    Subject(Word),
    /// The format.
    Format(Word),
    /// The pages.
    Pages(u32),
    /// The weight.
    WeightGrams(u32),
}

/// A field that holds what it must not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Which.
    pub field: String,
    /// What is wrong and what would be right.
    pub text: String,
}

impl Mistake {
    pub(crate) fn new(field: &str, text: impl std::fmt::Display) -> Self {
        Self { field: field.to_owned(), text: text.to_string() }
    }
}

/// The fields of the details, as the contract names them.
pub(crate) const FIELDS: [&str; 9] = [
    "title",
    "authors",
    "language",
    "publisher",
    "year",
    "subject",
    "format",
    "pages",
    "weight_grams",
];

impl Details {
    /// Reads all fields; every mistake is told.
    pub(crate) fn read(from: &wire::ProductDetails) -> Result<Self, Vec<Mistake>> {
        let (mut changes, mut mistakes) = (Vec::new(), Vec::new());
        for field in FIELDS {
            match FieldChange::read(field, from) {
                Ok(change) => changes.push(change),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let mut details = Self::blank();
        for change in &changes {
            details.set(change);
        }
        Ok(details)
    }

    /// Details of which every field is yet to be set.
    fn blank() -> Self {
        let word = || Word("none".parse().expect("letters are allowed in an id"));
        Self {
            title: Title::default(),
            authors: Vec::new(),
            language: Language::Fr,
            publisher: Text::default(),
            year: 0,
            subject: word(),
            format: word(),
            pages: 0,
            weight_grams: 0,
        }
    }

    /// These fields on the wire; the others empty.
    pub(crate) fn only(fields: &[FieldChange]) -> wire::ProductDetails {
        let mut details = Self::blank();
        for field in fields {
            details.set(field);
        }
        let (whole, mut shown) =
            (wire::ProductDetails::from(&details), wire::ProductDetails::default());
        for field in fields {
            match field {
                FieldChange::Title(_) => shown.title.clone_from(&whole.title),
                FieldChange::Authors(_) => shown.authors.clone_from(&whole.authors),
                FieldChange::Language(_) => shown.language.clone_from(&whole.language),
                FieldChange::Publisher(_) => shown.publisher.clone_from(&whole.publisher),
                FieldChange::Year(_) => shown.year = whole.year,
                FieldChange::Subject(_) => shown.subject.clone_from(&whole.subject),
                FieldChange::Format(_) => shown.format.clone_from(&whole.format),
                FieldChange::Pages(_) => shown.pages = whole.pages,
                FieldChange::WeightGrams(_) => shown.weight_grams = whole.weight_grams,
            }
        }
        shown
    }

    /// Sets one field.
    pub(crate) fn set(&mut self, change: &FieldChange) {
        match change.clone() {
            FieldChange::Title(title) => self.title = title,
            FieldChange::Authors(authors) => self.authors = authors,
            FieldChange::Language(language) => self.language = language,
            FieldChange::Publisher(publisher) => self.publisher = publisher,
            FieldChange::Year(year) => self.year = year,
            FieldChange::Subject(subject) => self.subject = subject,
            FieldChange::Format(format) => self.format = format,
            FieldChange::Pages(pages) => self.pages = pages,
            FieldChange::WeightGrams(grams) => self.weight_grams = grams,
        }
    }
}

impl FieldChange {
    /// Reads the field of this name.
    pub(crate) fn read(field: &str, from: &wire::ProductDetails) -> Result<Self, Mistake> {
        let wrong = |text: &dyn std::fmt::Display| Mistake::new(field, text);
        Ok(match field {
            "title" => Self::Title(title(from.title.as_ref())?),
            "authors" => Self::Authors(authors(&from.authors)?),
            "language" => Self::Language(language(&from.language).ok_or_else(|| {
                Mistake::new(
                    field,
                    format!("`{}` is not a language; expected ar, fr or en", from.language),
                )
            })?),
            "publisher" => Self::Publisher(from.publisher.parse().map_err(|error| wrong(&error))?),
            "year" => Self::Year(number(field, from.year, 2_200)?),
            "subject" => Self::Subject(from.subject.parse().map_err(|error| wrong(&error))?),
            "format" => Self::Format(from.format.parse().map_err(|error| wrong(&error))?),
            "pages" => Self::Pages(number(field, from.pages, 50_000)?),
            "weight_grams" => Self::WeightGrams(number(field, from.weight_grams, 100_000)?),
            other => {
                let text = format!("there is no field `{other}`; expected {}", FIELDS.join(", "));
                return Err(Mistake::new("update_mask", text));
            }
        })
    }

    /// The field's name in the contract.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            Self::Title(_) => "title",
            Self::Authors(_) => "authors",
            Self::Language(_) => "language",
            Self::Publisher(_) => "publisher",
            Self::Year(_) => "year",
            Self::Subject(_) => "subject",
            Self::Format(_) => "format",
            Self::Pages(_) => "pages",
            Self::WeightGrams(_) => "weight_grams",
        }
    }
}

/// The language of this name.
pub(crate) fn language(name: &str) -> Option<Language> {
    [Language::Ar, Language::Fr, Language::En].into_iter().find(|known| known.as_str() == name)
}

fn title(given: Option<&wire::LocalText>) -> Result<Title, Mistake> {
    let given = given.cloned().unwrap_or_default();
    let read = |language: &str, text: &str| {
        text.parse().map_err(|error| Mistake::new(&format!("title.{language}"), error))
    };
    let (ar, fr, en) = (read("ar", &given.ar)?, read("fr", &given.fr)?, read("en", &given.en)?);
    let title = Title { ar, fr, en };
    if title == Title::default() {
        return Err(Mistake::new("title", "is empty in every language; expected at least one"));
    }
    Ok(title)
}

fn authors(given: &[String]) -> Result<Vec<Text<120>>, Mistake> {
    if !(1..=20).contains(&given.len()) {
        return Err(Mistake::new("authors", format!("has {}; expected 1 to 20", given.len())));
    }
    let read = |(at, name): (usize, &String)| {
        name.parse().map_err(|error| Mistake::new(&format!("authors[{at}]"), error))
    };
    given.iter().enumerate().map(read).collect()
}

fn number<T: TryFrom<i32>>(field: &str, given: i32, max: i32) -> Result<T, Mistake> {
    let number = Some(given).filter(|given| (0..=max).contains(given));
    number
        .and_then(|given| T::try_from(given).ok())
        .ok_or_else(|| Mistake::new(field, format!("is {given}; expected 0 to {max}")))
}

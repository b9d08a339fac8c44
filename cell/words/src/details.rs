//! What is known of a product apart from its number, field by field, so that a change can name the fields that it sets.

use base_fault::FieldViolation;
use base_ids::{Language, ResourceId, Text};
use serde::{Deserialize, Serialize};
use souk_proto::souk::{products::v1::ProductDetails, v1::LocalText};
use strum::{IntoStaticStr, VariantNames};

use crate::Title;

/// What is known of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// Its title, in at least one language: at most 300 characters in each.
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

/// A word for filters: 1 to 40 of `a-z`, `0-9`, `_` and `-`, beginning with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Word(ResourceId);

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

/// One field of the details, set. Its name is that of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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

impl Details {
    /// Reads all fields. Errors: every mistake.
    pub fn read(from: &ProductDetails) -> Result<Self, Vec<FieldViolation>> {
        let mut details = Self::blank();
        for change in &FieldChange::read(FieldChange::VARIANTS, from)? {
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

    /// Sets one field.
    pub fn set(&mut self, change: &FieldChange) {
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
    /// Reads the fields of these names. Errors: every mistake.
    pub fn read(
        names: &[impl AsRef<str>],
        from: &ProductDetails,
    ) -> Result<Vec<Self>, Vec<FieldViolation>> {
        let (mut changes, mut mistakes) = (Vec::new(), Vec::new());
        for name in names {
            match Self::read_one(name.as_ref(), from) {
                Ok(change) => changes.push(change),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() { Ok(changes) } else { Err(mistakes) }
    }

    fn read_one(name: &str, from: &ProductDetails) -> Result<Self, FieldViolation> {
        Ok(match name {
            "title" => Self::Title(title(from.title.as_ref())?),
            "authors" => Self::Authors(authors(&from.authors)?),
            "language" => Self::Language(text(name, &from.language)?),
            "publisher" => Self::Publisher(text(name, &from.publisher)?),
            "year" => Self::Year(number(name, from.year, 2_200)?),
            "subject" => Self::Subject(text(name, &from.subject)?),
            "format" => Self::Format(text(name, &from.format)?),
            "pages" => Self::Pages(number(name, from.pages, 50_000)?),
            "weight_grams" => Self::WeightGrams(number(name, from.weight_grams, 100_000)?),
            other => {
                let known = Self::VARIANTS.join(", ");
                let problem = format!("there is no field `{other}`; expected {known}");
                return Err(wrong("update_mask", &problem));
            }
        })
    }

    /// The field's name.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// Writes the field into details on the wire.
    pub fn write(&self, into: &mut ProductDetails) {
        match self {
            Self::Title(title) => into.title = Some(title.into()),
            Self::Authors(authors) => into.authors = names(authors),
            Self::Language(language) => language.as_str().clone_into(&mut into.language),
            Self::Publisher(publisher) => into.publisher = publisher.to_string(),
            Self::Year(year) => into.year = (*year).into(),
            Self::Subject(subject) => subject.as_str().clone_into(&mut into.subject),
            Self::Format(format) => format.as_str().clone_into(&mut into.format),
            Self::Pages(pages) => into.pages = signed(*pages),
            Self::WeightGrams(grams) => into.weight_grams = signed(*grams),
        }
    }
}

impl From<&Details> for ProductDetails {
    fn from(details: &Details) -> Self {
        Self {
            title: Some((&details.title).into()),
            authors: names(&details.authors),
            language: details.language.as_str().to_owned(),
            publisher: details.publisher.to_string(),
            year: details.year.into(),
            subject: details.subject.as_str().to_owned(),
            format: details.format.as_str().to_owned(),
            pages: signed(details.pages),
            weight_grams: signed(details.weight_grams),
        }
    }
}

fn names(authors: &[Text<120>]) -> Vec<String> {
    authors.iter().map(ToString::to_string).collect()
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn wrong(field: &str, problem: &impl ToString) -> FieldViolation {
    FieldViolation { field: field.to_owned(), problem: problem.to_string() }
}

fn text<T>(field: &str, given: &str) -> Result<T, FieldViolation>
where
    T: std::str::FromStr<Err: ToString>,
{
    given.parse().map_err(|error| wrong(field, &error))
}

fn title(given: Option<&LocalText>) -> Result<Title, FieldViolation> {
    let given = Title::read(given);
    let read = |language: &str, title: &str| {
        text::<Text<300, 0>>(&format!("title.{language}"), title).map(|title| title.to_string())
    };
    let (ar, fr, en) = (read("ar", &given.ar)?, read("fr", &given.fr)?, read("en", &given.en)?);
    let title = Title { ar, fr, en };
    if title == Title::default() {
        return Err(wrong("title", &"is empty in every language; expected at least one"));
    }
    Ok(title)
}

fn authors(given: &[String]) -> Result<Vec<Text<120>>, FieldViolation> {
    if !(1..=20).contains(&given.len()) {
        return Err(wrong("authors", &format!("has {}; expected 1 to 20", given.len())));
    }
    let read = |(at, name): (usize, &String)| text(&format!("authors[{at}]"), name);
    given.iter().enumerate().map(read).collect()
}

fn number<T: TryFrom<i32>>(field: &str, given: i32, max: i32) -> Result<T, FieldViolation> {
    let number = Some(given).filter(|given| (0..=max).contains(given));
    number
        .and_then(|given| T::try_from(given).ok())
        .ok_or_else(|| wrong(field, &format!("is {given}; expected 0 to {max}")))
}

#[cfg(test)]
mod tests {
    use base_fault::FieldViolation;
    use souk_proto::souk::{products::v1::ProductDetails, v1::LocalText};
    use strum::VariantNames as _;

    use super::{Details, FieldChange};

    fn given() -> ProductDetails {
        ProductDetails {
            title: Some(LocalText { fr: "Les Mérinides".to_owned(), ..LocalText::default() }),
            authors: vec!["Aya Idrissi".to_owned()],
            language: "fr".to_owned(),
            publisher: "Dar Argan".to_owned(),
            year: 2020,
            subject: "history".to_owned(),
            format: "paperback".to_owned(),
            pages: 210,
            weight_grams: 330,
        }
    }

    fn fields(wrong: Vec<FieldViolation>) -> Vec<String> {
        wrong.into_iter().map(|wrong| wrong.field).collect()
    }

    #[test]
    fn details_keep_their_form_and_read_back() {
        let details = Details::read(&given()).unwrap();
        assert_eq!(ProductDetails::from(&details), given());
        let kept = serde_json::to_string(&details).unwrap();
        assert!(kept.starts_with(r#"{"title":{"fr":"Les Mérinides"},"authors":["Aya Idrissi"],"#));
        assert_eq!(serde_json::from_str::<Details>(&kept).unwrap(), details);
    }

    #[test]
    fn every_mistake_is_told_with_its_field() {
        let wrong = fields(Details::read(&ProductDetails::default()).unwrap_err());
        assert_eq!(wrong, ["title", "authors", "language", "subject", "format"]);
        let odd = ProductDetails {
            title: Some(LocalText { ar: "x".repeat(301), ..LocalText::default() }),
            authors: vec!["Aya".to_owned(), " ".to_owned()],
            language: "de".to_owned(),
            publisher: "x".repeat(121),
            year: -1,
            subject: "Art".to_owned(),
            format: "x".repeat(41),
            pages: 50_001,
            weight_grams: 100_001,
        };
        let all = ["title.ar", "authors[1]", "language", "publisher", "year", "subject", "format"];
        let wrong = fields(Details::read(&odd).unwrap_err());
        assert_eq!(wrong, [&all[..], &["pages", "weight_grams"]].concat());
    }

    #[test]
    fn a_change_names_the_fields_that_it_sets_and_no_others() {
        let changes = FieldChange::read(&["pages", "title"], &given()).unwrap();
        let mut shown = ProductDetails::default();
        for change in &changes {
            change.write(&mut shown);
        }
        let expected = ProductDetails { title: given().title, pages: 210, ..shown.clone() };
        assert_eq!(shown, expected);
        assert_eq!(changes.iter().map(FieldChange::name).collect::<Vec<_>>(), ["pages", "title"]);
        let unknown = FieldChange::read(&["price", "year"], &given()).unwrap_err();
        assert_eq!(fields(unknown), ["update_mask"]);
    }

    #[test]
    fn what_each_field_writes_together_is_the_whole() {
        let mut written = ProductDetails::default();
        for change in FieldChange::read(FieldChange::VARIANTS, &given()).unwrap() {
            change.write(&mut written);
        }
        assert_eq!(written, given());
    }
}

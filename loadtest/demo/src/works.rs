//! Works: what was written, before it was printed in one edition or two.

use serde::{Deserialize, Serialize};

use crate::dice::{Dice, Kind};
use crate::scale::Scale;
use crate::titles::Title;
use crate::words::Subject;

/// The share in a hundred of each language.
const LANGUAGES: [(u32, Language); 3] =
    [(45, Language::Arabic), (40, Language::French), (15, Language::English)];

/// What a book is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    /// Arabic.
    #[serde(rename = "ar")]
    Arabic,
    /// French.
    #[serde(rename = "fr")]
    French,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Arabic, Self::French, Self::English];

    /// The tag of BCP 47: `ar`, `fr` or `en`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Arabic => "ar",
            Self::French => "fr",
            Self::English => "en",
        }
    }

    pub(crate) fn any(dice: &mut Dice) -> Self {
        dice.weighted(&LANGUAGES)
    }
}

/// What an edition is an edition of.
pub(crate) struct Work {
    pub(crate) handle: String,
    pub(crate) subject: Subject,
    pub(crate) language: Language,
    pub(crate) title: Title,
    /// Indexes of one author or two.
    pub(crate) authors: Vec<u32>,
    pub(crate) year: u32,
    pub(crate) pages: u32,
}

impl Work {
    pub(crate) fn new(seed: u64, scale: Scale, index: u32) -> Self {
        let mut dice = Dice::new(seed, Kind::Work, index);
        let subject = *dice.pick(&Subject::ALL);
        let language = Language::any(&mut dice);
        let title = Title::any(subject, &mut dice);
        let first = dice.skewed_below(scale.authors());
        let mut authors = vec![first];
        if dice.percent(15) {
            let second = dice.below(scale.authors());
            if second != first {
                authors.push(second);
            }
        }
        let (pages_min, pages_max) = subject.pages();
        Self {
            handle: format!("work-{index:06}"),
            subject,
            language,
            title,
            authors,
            year: dice.between(1975, 2025),
            pages: dice.between(pages_min, pages_max),
        }
    }
}
